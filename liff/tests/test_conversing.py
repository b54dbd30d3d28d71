"""Chat, pages, or both in turn, through the public door: the same answers are stored (design §7).

What is personal is asked on a page only (R68); own questions by protocol; what a refusal offers.
"""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
from PIL import Image
from sqlalchemy import select

from madoguchi.clock import JST
from madoguchi.tables import audit as audit_log
from madoguchi.tables import draft, media, outgoing, submission
from madoguchi.testing import TestResident, labels_of, text_of
from madoguchi.testing.visitor import read_forms

HERE = Path(__file__).parent
WHOLE = "/liff/form/conversing/whole"
BOOK = "/liff/form/conversing/book"


@pytest.fixture
def gateway(make_town, install_plugin):
    files = {
        "__init__.py": (HERE / "conversing.py").read_text("utf-8"),
        "templates/conversing/seat.html": (HERE / "seat.html").read_text("utf-8"),
    }
    return make_town({install_plugin("conversing", files): {}, "liff": {}})


def photo(colour: str = "green") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(made, "JPEG")
    return made.getvalue()


def rows(town, *columns) -> list[Any]:
    return town.wait(
        town.running.store.read(lambda db: [tuple(row) for row in db.execute(select(*columns))])
    )


def answers_of(town) -> dict[str, Any]:
    """The answers of the one form that was handed in; photos and files by how many."""
    ((answers,),) = rows(town, submission.c.answers)
    return {
        name: len(value) if name in ("photos", "files") else value
        for name, value in answers.items()
    }


def of_plugin(town, name: str) -> Any:
    """A global of the plugin, which a test may change."""
    form = town.running.services.plugins.find_form("conversing/whole")[1]
    return form.on_submit.__globals__[name]


def born(prefix: str, year: str, month: str, day: str) -> dict[str, str]:
    return {f"{prefix}.year": year, f"{prefix}.month": month, f"{prefix}.day": day}


class Told(NamedTuple):
    """One answer: what is done in the chat, what is typed on the page, what is stored."""

    page: dict[str, Any]
    stored: Any
    chat: Any = None
    """`chat(resident)` returns the answers; None: it is personal."""


def soon(town) -> Any:
    return town.clock.now().astimezone(JST).date() + timedelta(9)


def all_told(town) -> dict[str, Told]:
    """An answer to every question of the whole form, each in words of its own."""
    day = soon(town)

    def several(*labels):
        return lambda who: [who.taps(label) for label in labels][-1]

    def pets(who):
        who.taps("追加する")
        who.says("ﾀﾏ")
        who.says("三")
        who.taps("追加する")
        who.says("ポチ")
        who.says("12才")
        return who.taps("これで次へ")

    return {
        "kind": Told({"kind": "lamp"}, "lamp", lambda who: who.says("２")),
        "state": Told({"state": "off"}, "off", several("きえている")),
        "nights": Told({"nights": "十二"}, 12, lambda who: who.says("１２日")),
        "some": Told(
            {"some": ["tree", "hole"]}, ["hole", "tree"], several("木", "道路の穴", "これで決める")
        ),
        "slot": Told({"slot": "pm"}, "pm", several("午後")),
        "pole": Told({"pole": "１２ー３４５"}, "12-345", lambda who: who.says("12345")),
        "seat": Told({"seat": "b1"}, "b1", several("うしろ")),
        "line": Told({"line": " 角の　前\n"}, "角の 前", lambda who: who.says("角の 前 ")),
        "long": Told({"long": "一\r\n二"}, "一\n二", lambda who: who.says("一\n二")),
        "people": Told({"people": "ふたり"}, 2, lambda who: who.says("２人")),
        "day": Told(
            born("day", f"令和{day.year - 2018}", str(day.month), str(day.day)),
            day.isoformat(),
            lambda who: who.picks("カレンダーで選ぶ", day.isoformat()),
        ),
        "place": Told(
            {"place.address": "本町1", "place.lat": "35.5", "place.lon": "139.25"},
            {"lat": 35.5, "lon": 139.25, "address": "本町1"},
            lambda who: who.sends_location(35.5, 139.25, "本町1"),
        ),
        "photos": Told(
            {"photos": [(f"{n}.jpg", "image/jpeg", photo()) for n in range(3)]},
            3,
            lambda who: who.sends_photos(photo(), photo("red"), photo("blue")),
        ),
        "pets": Told(
            {"pets.0.nick": "ﾀﾏ", "pets.0.age": "3", "pets.1.nick": "ポチ", "pets.1.age": "１２"},
            [{"nick": "ﾀﾏ", "age": 3}, {"nick": "ポチ", "age": 12}],
            pets,
        ),
        "agree": Told({"agree": "yes"}, True, lambda who: who.says("同意します")),
        "kana": Told({"kana": "かなりあ たろう"}, "カナリア　タロウ"),
        "born": Told(born("born", "昭和62", "11", "23"), "1987-11-23"),
        "phone": Told({"phone": "０９０ー８７６５ー４３２１"}, "09087654321"),
        "email": Told({"email": "canary@Canary.Example"}, "canary@canary.example"),
        "home": Told(
            {
                "home.postcode": "〒987-6543",
                "home.address": "金糸雀町9-8-7",
                "home.building": "金糸雀荘203",
            },
            {"postcode": "9876543", "address": "金糸雀町9-8-7", "building": "金糸雀荘203"},
        ),
        "files": Told({"files": [("金糸雀.pdf", "application/pdf", b"%PDF-1.7 CANARY")]}, 1),
        "children": Told(
            {
                "children.0.nick": "小金糸雀",
                **born("children.0.born", "2024", "12", "24"),
                "children.1.nick": "次金糸雀",
                **born("children.1.born", "令和7", "8", "19"),
            },
            [
                {"nick": "小金糸雀", "born": "2024-12-24"},
                {"nick": "次金糸雀", "born": "2025-08-19"},
            ],
        ),
    }


CANARIES = [
    "カナリア", "かなりあ", "1987-11-23", "1987年", "昭和62", "87654321", "8765-4321",
    "８７６５", "canary@", "anary.", "9876543", "987-6543", "金糸雀", "CANARY", "2024-12-24",
    "12月24日", "2025-08-19", "8月19日",
]  # fmt: skip


def answer_here_or_there(who: TestResident, told: dict[str, Told], ways: str) -> None:
    """Each question in turn in the chat (`c`) or on a page (`p`), as far as it may be."""
    who.opens(WHOLE)
    before = "p"
    for n, (name, one) in enumerate(told.items()):
        way = ways[n % len(ways)]
        if way == "c" and before == "p":
            said = who.says("用紙 whole")
            assert ("ページで入力" in str(said)) == (one.chat is None), name
        if way == "c" and one.chat:
            one.chat(who)
        else:
            way = "p"
            who.opens(WHOLE)
            page = who.submits(one.page)
            assert page.status == 200, f"{name}: {page.html[page.html.index('<main') :][:900]}"
        before = way


@pytest.mark.parametrize("ways", ["p", "c", "cp", "pc", "ccp", "pppc"])
def test_every_question_here_there_or_in_turn_is_stored_alike(gateway, ways):
    """Every field type, and the hand-over of those that are personal (R68)."""
    who = TestResident(gateway)
    told = all_told(gateway)
    answer_here_or_there(who, told, ways)
    check = who.opens(f"{WHOLE}?from=check")
    for words in ("街灯", "うしろ", "12-345", "090-8765-4321", "昭和62年11月23日", "ポチ"):
        assert words in check
    who.submits({}, "送る")
    assert answers_of(gateway) == {name: one.stored for name, one in told.items()}
    assert who.hears() == ["受け付けました。番号は1です。"]
    assert rows(gateway, draft.c.id) == []
    assert {number for (number,) in rows(gateway, media.c.submission_id)} == {1}


# Personal questions, each by itself: begun in the chat, handed over, finished on the page.

PERSONAL = ["kana", "born", "phone", "email", "home", "files", "children"]


@pytest.mark.parametrize("name", PERSONAL)
def test_r68_each_personal_type_is_handed_over_and_finished_on_the_page(gateway, name):
    who, told = TestResident(gateway), all_told(gateway)[name]
    form = f"/liff/form/conversing/one_{name}"
    who.says(f"用紙 one_{name}")
    handed = who.taps("街灯")
    assert "トークには書かないでください" in text_of(handed[0])
    assert f"{form.removeprefix('/liff')}'" in str(handed[1]["template"]["actions"])
    assert labels_of(handed) == ["もどる", "やめる"]
    for typed in ("そのほかの言葉", "090-0000-0000", "1990年4月1日", "a@example.jp"):
        assert "トークには書かないでください" in text_of(who.says(typed)[0])
    who.sends_photo(photo())
    assert rows(gateway, draft.c.answers, draft.c.partial) == [({"kind": "lamp"}, None)]
    assert rows(gateway, media.c.id) == []
    assert "お預かりする情報" in who.opens(form)
    who.submits(told.page)
    assert "さいごに一言" in who.browser.page, "the rest is asked on the page as well"
    again = who.says("つづき")
    assert "ページ" not in text_of(again[0]), "the chat has let go of it"
    who.submits({"last": "以上です"})
    who.submits({}, "送る")
    expected = {"kind": "lamp", name: told.stored, "last": "以上です"}
    assert answers_of(gateway) == expected
    assert who.hears() == ["受け付けました。番号は1です。"]
    assert [one for one in CANARIES if one in str(who.chat())] == []


def test_r68_what_the_page_began_goes_on_in_the_chat_but_is_sent_on_the_page(gateway):
    """The reverse: a personal answer first, on the page; then the chat, as far as it may."""
    who = TestResident(gateway)
    who.opens("/liff/form/conversing/back")
    who.submits({"phone": "090-8765-4321"})
    asked = who.says("用紙 back")
    assert [text_of(one).splitlines()[0] for one in asked][-1] == "一言"
    said = who.says("夜です")
    assert text_of(said[-1]) == "ご確認と送信は、ページでお願いします。"
    said += who.says("送信") + who.says("直す") + who.says("送る")
    assert rows(gateway, submission.c.id) == []
    assert "8765" not in str(who.chat())
    check = who.opens("/liff/form/conversing/back")
    assert "090-8765-4321" in check
    assert "夜です" in check
    who.submits({}, "送る")
    assert answers_of(gateway) == {"phone": "09087654321", "line": "夜です"}


def test_several_children_are_added_changed_and_taken_away(gateway):
    who, form = TestResident(gateway), "/liff/form/conversing/one_children"
    who.opens(form)
    who.submits({"kind": "hole"})
    for n in range(3):
        assert f"children.{n}.nick" in who.browser.page
        day = born(f"children.{n}.born", "2024", "5", str(n + 1))
        who.submits({f"children.{n}.nick": f"子{n}", **day}, "もう1つ追加する" if n < 2 else "次へ")
    assert "さいごに一言" in who.browser.page
    who.opens(f"{form}?q=children")
    assert "children.3.nick" not in who.browser.page, "three at most"
    page = who.submits(
        {"children.3.nick": "四", **born("children.3.born", "2024", "5", "9")}, "次へ"
    )
    assert page.status == 422
    assert "3つまで" in page
    assert 'value="四"' in page
    who.opens(f"{form}?q=children")
    who.submits({"children.0.nick": "", **born("children.0.born", "", "", "")}, "次へ")
    who.submits({"last": "x"})
    who.submits({}, "送る")
    assert [one["nick"] for one in answers_of(gateway)["children"]] == ["子1", "子2"]


# Own questions, conditions, options that come and go, refusals.


def until(who: TestResident, told: dict[str, Told], name: str) -> None:
    """On pages, everything before this question."""
    who.opens(WHOLE)
    for before, one in told.items():
        if before == name:
            return
        who.submits(one.page)


def test_a_question_of_a_plugins_own_says_what_is_wrong_here_and_there(gateway):
    who, told = TestResident(gateway), all_told(gateway)
    until(who, told, "pole")
    page = who.submits({"pole": "1<2"})
    assert page.status == 422
    assert 'value="1&lt;2"' in page
    assert "街灯の番号を5けたで入れてください。" in page
    who.says("用紙 whole")
    assert "街灯の番号を5けた" in text_of(who.says("みっつ")[0])
    assert labels_of(who.says("12345"))[:2] == ["まえ", "うしろ"]
    assert text_of(who.says("よこ")[0]) == "席を選んでください。"
    page = who.opens(WHOLE)
    assert "青い席があいています。" in page, "its own template"
    page = who.submits({"seat": "z9"})
    assert page.status == 422
    assert "席を選んでください。" in page
    assert who.submits({"seat": "a1"}).status == 200
    ((answers,),) = rows(gateway, draft.c.answers)
    assert (answers["pole"], answers["seat"]) == ("12-345", "a1")


@pytest.mark.parametrize("in_chat", [True, False])
def test_conditions_that_hang_on_conditions(gateway, in_chat):
    """`nights` hangs on `state`, which hangs on `kind`: what hides one hides both."""
    who = TestResident(gateway)
    who.opens(WHOLE)
    for name, value in (("kind", "lamp"), ("state", "off"), ("nights", "3")):
        who.submits({name: value})
    if in_chat:
        who.says("用紙 whole")
        while "どんな不具合" not in str(said := who.taps("もどる")):
            assert said
        said = who.taps("木")
        assert "どれとどれですか" in text_of(said[-1])
    else:
        who.opens(f"{WHOLE}?q=kind")
        assert "どれとどれですか" in who.submits({"kind": "tree"})
    page = who.opens(f"{WHOLE}?q=nights")
    assert "何日きえていますか" not in page
    who.opens(f"{WHOLE}?q=kind")
    who.submits({"kind": "lamp"})
    assert 'value="3"' in who.opens(f"{WHOLE}?q=nights"), "kept while it may be wanted again"


def test_options_depend_on_what_was_answered_and_are_asked_for_again(gateway):
    who, told = TestResident(gateway), all_told(gateway)
    until(who, told, "slot")
    assert 'value="am"' in who.browser.page
    of_plugin(gateway, "FREE").pop("pm")
    page = who.submits({"slot": "pm"})
    assert page.status == 422
    assert "次の中から1つ選んでください" in page
    assert 'value="pm"' not in page
    who.submits({"slot": "am"})
    who.opens(f"{WHOLE}?q=kind")
    who.submits({"kind": "hole"})
    page = who.opens(f"{WHOLE}?q=slot")
    assert 'value="night"' in page
    assert 'value="am"' not in page


def test_an_option_that_goes_before_it_is_sent_leads_back_to_its_question(gateway):
    who = TestResident(gateway)
    who.opens(BOOK)
    for typed in ({"word": "よろしく"}, {"slot": "am"}, {"seat": "a1"}):
        who.submits(typed)
    of_plugin(gateway, "FREE").pop("am")
    page = who.submits({}, "送る")
    assert page.status == 422
    assert "次の中から1つ選んでください" in page
    assert 'value="pm"' in page
    assert rows(gateway, submission.c.id) == []
    assert rows(gateway, draft.c.answers)[0][0]["word"] == "よろしく"


def test_what_a_refusal_offers_is_drawn_in_place_of_the_options(gateway):
    """`Refuse(field, text, options)` on a page: a choice, a question of a plugin's own, a text."""
    who = TestResident(gateway)
    who.opens(BOOK)
    for typed in ({"word": "断る"}, {"slot": "pm"}, {"seat": "b1"}):
        who.submits(typed)
    page = who.submits({}, "送る")
    assert page.status == 422
    assert "別の言葉にしてください。" in page
    assert 'value="断る"' in page, "it may be typed again as well"
    who.submits({}, "桜")
    page = who.submits({}, "送る")
    assert "午後はうまりました。" in page
    assert re.findall(r'name="slot" value="(\w+)"', page.html) == ["am"]
    assert "午前のはじめ" in page
    who.submits({"slot": "am"})
    page = who.submits({}, "送る")
    assert "うしろはうまりました。" in page
    assert re.findall(r'name="seat" value="(\w+)"', page.html) == ["a1"]
    assert "まえの席" in page
    who.submits({"seat": "a1"})
    assert "受け付けました" in who.submits({}, "送る")
    assert answers_of(gateway) == {"word": "さくら", "slot": "am", "seat": "a1"}


# A form that changed, and what a look costs.


def change_the_form(town) -> None:
    """As if the plugin had been upgraded: what is there was written for another version."""

    def write(db):
        db.execute(draft.update().values(version="old"))

    town.wait(town.running.store.write(write))


def test_who_answers_after_the_form_changed_is_told_and_loses_nothing(gateway):
    who, told = TestResident(gateway), all_told(gateway)
    until(who, told, "people")
    change_the_form(gateway)
    page = who.submits({"people": "3"})
    assert "質問が新しくなりました。" in page
    assert "いつですか" in page
    assert rows(gateway, draft.c.answers)[0][0]["people"] == 3
    change_the_form(gateway)
    page = who.submits(born("day", "2026", "13", "1"))
    assert page.status == 422
    assert "質問が新しくなりました。" in page
    assert 'value="13"' in page
    assert "質問が新しくなりました。" not in who.opens(WHOLE), "once is enough"


def test_who_sends_after_the_form_changed_sees_the_answers_again_first(gateway):
    who = TestResident(gateway)
    who.opens(BOOK)
    for typed in ({"word": "よろしく"}, {"slot": "am"}, {"seat": "a1"}):
        who.submits(typed)
    change_the_form(gateway)
    page = who.submits({}, "送る")
    assert rows(gateway, submission.c.id) == []
    assert "質問が新しくなりました。" in page
    assert "よろしく" in page
    assert "受け付けました" in who.submits({}, "送る")


def test_an_answer_to_a_question_that_a_condition_hides_is_explained(gateway):
    who = TestResident(gateway)
    who.opens(WHOLE)
    who.submits({"kind": "tree"})
    form = next(one for one in read_forms(who.browser.page.html) if "q=some" in one.action)
    for name in ("nights", "nothing"):
        hidden = form.action.replace("q=some", f"q={name}")
        page = who.browser.posts(hidden, [*form.inputs, (name, "3")])
        assert "この質問には、いまは答える必要がありません。" in page
        assert "どれとどれですか" in page
    assert rows(gateway, draft.c.answers) == [({"kind": "tree"},)]


def test_a_look_at_a_form_writes_nothing_until_an_hour_has_gone(gateway):
    who, told = TestResident(gateway), all_told(gateway)
    until(who, told, "slot")
    (begun,) = rows(gateway, *draft.c)
    for path in (WHOLE, f"{WHOLE}?q=kind", f"{WHOLE}?q=slot&from=check", f"{WHOLE}?q=nothing"):
        gateway.clock.move(600)
        assert who.opens(path).status == 200
    assert rows(gateway, *draft.c) == [begun]
    for _ in range(30):  # who looks in once an hour is not forgotten after a day
        gateway.clock.move(3590)
        assert "いつがよいですか" in who.opens(WHOLE)
    assert rows(gateway, draft.c.answers) == [(begun[draft.c.keys().index("answers")],)]


def test_a_look_takes_a_form_over_from_the_chat(gateway):
    who = TestResident(gateway)
    who.opens(BOOK)
    who.says("用紙 book")
    assert rows(gateway, draft.c.place) == [("chat",)]
    who.opens(BOOK)
    assert rows(gateway, draft.c.place) == [("page",)]


def test_names_that_a_page_uses_itself_do_for_questions_too(make_town, install_plugin):
    """`more`, `skip`, `draft` … are names that a question may have."""
    names = ["draft", "skip", "more", "look", "send", "cancel", "instead", "q"]
    source = f"""
from madoguchi import hookimpl
from madoguchi.forms import Form, Text

@hookimpl
def register_forms():
    fields = [Text(name, name) for name in {names}]
    return [Form("names", "名前", fields, lambda db, submission: "どうも")]
"""
    town = make_town({install_plugin("namer", source): {}, "liff": {}})
    who = TestResident(town)
    who.opens("/liff/form/namer/names")
    for name in names:
        assert who.submits({name: f"my {name}"}).status == 200
    who.submits({}, "送る")
    assert rows(town, submission.c.answers) == [({name: f"my {name}" for name in names},)]


# R68: canaries in every personal field.


@pytest.fixture
def outside(gateway, caplog, redis_url):
    """Everything that leaves the city's database."""

    def collect(*more: str) -> str:
        book = gateway.call(lambda: list(gateway.simulator.book.sends()))
        webhooks = gateway.call(gateway.simulator.webhooks.recent, 1000)
        bodies = [body.decode() for (body,) in rows(gateway, outgoing.c.body)]
        with redis.Redis.from_url(redis_url) as server:
            keys = [
                (key, server.hgetall(key) if server.type(key) == b"hash" else server.dump(key))
                for key in server.scan_iter(f"{gateway.name}*")
            ]
        plugins = gateway.running.services.plugins.all.values()
        errors = [(one.last_error, one.trouble) for one in plugins]
        return repr([book, webhooks, bodies, keys, errors, rows(gateway, *audit_log.c), more])

    return lambda *more: collect(*more) + caplog.text


def test_r68_canaries_in_every_personal_field_are_nowhere_outside(gateway, outside, caplog):
    """No outgoing body, log line, postback, Redis key or error page holds one."""
    caplog.set_level("DEBUG")
    who, told = TestResident(gateway), all_told(gateway)
    until(who, told, "kana")
    for name in PERSONAL:
        who.says("用紙 whole")
        who.opens(WHOLE)
        wrong = {part: f"?{text}?" for part, text in told[name].page.items() if name != "files"}
        assert who.submits(wrong).status == 422
        who.opens(WHOLE)
        who.submits(told[name].page)
    form = next(one for one in read_forms(who.browser.page.html) if "send" in one.action)
    foreign = who.browser.posts(form.action, form.inputs, headers={"sec-fetch-site": "none"})
    assert foreign.status == 403
    missing = who.browser.posts(f"{form.action}x".replace("whole", "nothing"), form.inputs)
    assert missing.status == 404
    of_plugin(gateway, "FALLS")["on"] = True
    who.opens(WHOLE)
    failed = who.submits({}, "送る")
    assert failed.status == 500
    errors = [foreign.html, missing.html, failed.html]
    said = outside(*errors)
    assert "ValueError" in said, "that it failed is known"
    assert [one for one in CANARIES if one in said] == []
    of_plugin(gateway, "FALLS")["on"] = False
    who.opens(WHOLE)
    who.submits({}, "送る")
    who.hears()
    said = outside(str(who.chat()))
    assert [one for one in CANARIES if one in said] == []
    kept = repr([answers_of(gateway), rows(gateway, media.c.name, media.c.bytes)])
    for canary in ("カナリア", "1987-11-23", "87654321", "canary@", "9876543", "金糸雀", "CANARY"):
        assert canary in kept
