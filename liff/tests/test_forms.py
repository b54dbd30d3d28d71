"""Forms as pages, through the public door: filled in, refused, kept, sent once."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from madoguchi.clock import JST
from madoguchi.forms import filling
from madoguchi.tables import draft, media, submission
from madoguchi.testing import TestResident
from madoguchi.testing.visitor import Visitor, read_forms

CHATTY = Path(__file__).parent / "chatty.py"
REPORT = "/liff/form/everything/report"
ALL = "/liff/form/everything/all"
SETTINGS = "/liff/form/everything/settings"
CANARY = {"phone": "090-9876-5432", "stored": "09098765432"}


def photo(size=(60, 40), **more) -> tuple[str, str, bytes]:
    made = io.BytesIO()
    Image.new("RGB", size, "green").save(made, "JPEG", **more)
    return ("photo.jpg", "image/jpeg", made.getvalue())


def rows(town, *columns, **where):
    def read(db):
        found = select(*columns)
        return [tuple(row) for row in db.execute(found)]

    return town.wait(town.running.store.read(read))


def count(town, table) -> int:
    return rows(town, func.count(table.c.id))[0][0]


def step_of(resident) -> str:
    return re.search(r"q=(\w+)", resident.browser.url)[1]


def until_phone(resident) -> None:
    """Answer everything of the report but the telephone number."""
    resident.opens(REPORT)
    resident.submits({"kind": "danger"})
    resident.submits({"place.address": "本町1-1"})
    resident.submits({"photos": []}, "答えずに次へ")
    resident.submits({"note": "穴があります"})


def until_check(resident) -> None:
    until_phone(resident)
    resident.submits({"phone": CANARY["phone"]})
    assert "答えを確かめて" in resident.browser.page


def test_a_form_is_filled_in_one_question_a_page_and_sent(gateway, hanako):
    assert "どんな不具合ですか" in hanako.opens(REPORT)
    assert "お預かりする情報" not in hanako.browser.page, "the first question is not personal"
    hanako.submits({"kind": "danger"})
    assert step_of(hanako) == "place"
    hanako.submits({"place.address": "本町1-1", "place.lat": "35.5", "place.lon": "139.5"})
    hanako.submits({"photos": [photo(), photo((40, 60))]})
    hanako.submits({"note": "穴が\r\nあります"})
    purpose = hanako.browser.page
    for words in (
        "お預かりする情報",
        "直すときに、ご連絡するため",
        "直してから1年",
        "土木課の職員",
    ):
        assert words in purpose
    check = hanako.submits({"phone": "０９０ー９８７６ー５４３２"})
    for words in ("あぶない", "本町1-1", "穴が\nあります", "090-9876-5432", "<img src="):
        assert words in check.html
    done = hanako.submits({}, "送る")
    assert "受け付けました" in done
    assert "受付番号：1" in done
    ((answers,),) = rows(gateway, submission.c.answers)
    photos = answers.pop("photos")
    assert len(photos) == 2
    place = {"lat": 35.5, "lon": 139.5, "address": "本町1-1"}
    phone = CANARY["stored"]
    assert answers == {"kind": "danger", "place": place, "note": "穴が\nあります", "phone": phone}
    assert count(gateway, draft) == 0
    assert hanako.hears() == ["受け付けました。番号は1です。"]


def test_every_kind_of_question_is_answered_on_pages(gateway, hanako):
    day = gateway.clock.now().astimezone(JST).date() + timedelta(9)
    hanako.opens(ALL)
    given = [
        {"choice": "lamp"},
        {"choices": ["garbage", "child"]},
        {"text": "　こんにちは　"},
        {"kana": "みほん はなこ"},
        {"long": ""},
        {"number": "３人"},
        {
            "date.year": f"令和{day.year - 2018}",
            "date.month": str(day.month),
            "date.day": str(day.day),
        },
        {"born.year": "昭和64", "born.month": "1", "born.day": "7"},
        {"phone": "+81 3-1234-5678"},
        {"email": "Hanako@example.jp"},
        {"address.postcode": "100-0001", "address.address": "本町1", "address.building": ""},
        {"place.address": "駅前"},
        {"photos": [photo()]},
        {"files": [("a.pdf", "application/pdf", b"%PDF-1.7 x")]},
        {
            "children.0.nick": "太郎",
            "children.0.born.year": "2024",
            "children.0.born.month": "5",
            "children.0.born.day": "3",
        },
        {"consent": "yes"},
    ]
    for one in given:
        page = hanako.submits(one)
        assert page.status == 200, page.html[page.html.index("<main") :][:900]
    assert "ここからは、お子さんのことです。" not in page.html, "notes stand before their question"
    hanako.submits({}, "送る")
    ((answers,),) = rows(gateway, submission.c.answers)
    assert len(answers.pop("photos")) == len(answers.pop("files")) == 1
    assert answers == {
        "choice": "lamp",
        "choices": ["garbage", "child"],
        "text": "こんにちは",
        "kana": "ミホン　ハナコ",
        "long": None,
        "number": 3,
        "date": day.isoformat(),
        "born": "1989-01-07",
        "phone": "0312345678",
        "email": "Hanako@example.jp",
        "address": {"postcode": "1000001", "address": "本町1", "building": ""},
        "place": {"lat": None, "lon": None, "address": "駅前"},
        "children": [{"nick": "太郎", "born": "2024-05-03"}],
        "consent": True,
    }


def test_a_mistake_is_named_where_it_is_and_what_was_typed_stays(gateway, hanako):
    until_phone(hanako)
    page = hanako.submits({"phone": "090-1"})
    assert page.status == 422
    assert "<title>エラー：" in page
    assert 'data-news aria-labelledby="errors"' in page
    link = re.search(r'<a href="#([\w-]+)">(.+?)</a>', page.html)
    assert f'id="{link[1]}"' in page.html
    assert page.html.count(link[2]) == 2, "the same words in the list and at the field"
    assert 'value="090-1"' in page
    assert f'aria-describedby="{link[1]}-error"' in page


def test_a_mistake_inside_of_a_group_leads_to_its_input(gateway, hanako):
    hanako.opens(f"{SETTINGS}?q=children")
    typed = {
        "children.0.born.year": "2024",
        "children.0.born.month": "13",
        "children.0.born.day": "3",
        "children.1.born.year": "",
    }
    hanako.opens(f"{SETTINGS}?q=children")
    form = next(f for f in read_forms(hanako.browser.page.html) if "children" in f.action)
    page = hanako.browser.posts(form.action, list(typed.items()))
    assert page.status == 422
    (target,) = re.findall(r'<a href="#([\w-]+)">', page.html)[:1]
    assert re.search(rf'id="{target}"[^>]*value="(2024|13)?"', page.html)
    assert 'value="13"' in page


def test_ten_thousand_characters_get_a_sentence_and_stay(gateway, hanako):
    hanako.opens(ALL)
    hanako.submits({"choice": "hole"})
    hanako.submits({"choices": []}, "答えずに次へ")
    for length in (21, 10_000, 10_001, 100_000):
        page = hanako.submits({"text": "字" * length})
        assert page.status == 422
        assert "文字" in re.search(r'class="errors".*?</section>', page.html, re.S)[0]
        assert f'value="{"字" * length}"' in page
    far_too_much = hanako.submits({"text": "字" * 800_000})
    assert far_too_much.status == 422
    assert "大きすぎました" in far_too_much
    assert hanako.submits({"text": "短い"}).status == 200


def test_fields_that_the_form_does_not_have_are_passed_over(gateway, hanako):
    hanako.opens(REPORT)
    hanako.submits({"kind": "hole", "admin": "1", "resident_id": "2", "phone": "090-0000-0000"})
    ((answers,),) = rows(gateway, draft.c.answers)
    assert answers == {"kind": "hole"}


def test_an_answer_that_a_condition_hides_is_not_taken(gateway, hanako):
    hanako.opens(REPORT)
    hanako.submits({"kind": "hole"})
    form = next(one for one in read_forms(hanako.browser.page.html) if "q=place" in one.action)
    hidden = form.action.replace("q=place", "q=phone")
    page = hanako.browser.posts(hidden, [*form.inputs, ("phone", CANARY["phone"])])
    assert "場所を教えてください" in page, "it goes on where the form is"
    assert rows(gateway, draft.c.answers) == [({"kind": "hole"},)]


def test_what_became_hidden_is_dropped_when_it_is_sent(gateway, hanako):
    until_check(hanako)
    hanako.opens(f"{REPORT}?q=kind&from=check")
    check = hanako.submits({"kind": "hole"})
    assert "答えを確かめて" in check, "changed, and back"
    assert CANARY["phone"] not in check.html
    hanako.submits({}, "送る")
    ((answers,),) = rows(gateway, submission.c.answers)
    assert "phone" not in answers


def test_change_leads_back_to_the_answers(gateway, hanako):
    until_check(hanako)
    links = re.findall(r'href="([^"]+from=check)"', hanako.browser.page.html)
    assert len(links) == 5
    page = hanako.browser.opens(links[3].replace("&amp;", "&"))
    assert "穴があります</textarea>" in page
    assert "?from=check" in re.search(r'class="back" href="([^"]+)"', page.html)[1]
    assert "別のこと" in hanako.submits({"note": "別のこと"})
    assert "答えを確かめて" in hanako.browser.page


def test_going_back_and_reloading_lose_nothing(gateway, hanako):
    until_phone(hanako)
    back = re.search(r'class="back" href="([^"]+)"', hanako.browser.page.html)[1]
    assert "穴があります</textarea>" in hanako.browser.opens(back)
    first = hanako.opens(f"{REPORT}?q=kind")
    assert 'class="back"' not in first.html
    assert 'value="danger" checked' in first
    assert "連絡先" in hanako.opens(REPORT), "without a question named, it goes on where it was"


def test_a_form_sent_twice_is_one_submission_and_one_message(gateway, hanako):
    until_check(hanako)
    page = hanako.browser.page
    form = next(one for one in read_forms(page.html) if "send" in one.action)
    sent = [*form.inputs, ("send", "1")]
    cookies = hanako.browser.cookies
    browsers = [Visitor(gateway.pages_url, cookies=cookies) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda one: one.posts(form.action, sent), browsers))
    assert [one.status for one in pages] == [200] * 8
    assert all("受付番号：1" in one for one in pages)
    assert count(gateway, submission) == 1
    again = hanako.browser.posts(form.action, sent)
    assert "受付番号：1" in again, "also after reloading"
    assert hanako.hears() == ["受け付けました。番号は1です。"]
    assert len([one for one in hanako.chat() if one["via"] == "push"]) == 1


def test_another_residents_draft_is_nobodys(gateway, hanako):
    until_check(hanako)
    form = next(one for one in read_forms(hanako.browser.page.html) if "send" in one.action)
    taro = TestResident(gateway, "太郎")
    taro.opens(REPORT)
    page = taro.browser.posts(form.action, [*form.inputs, ("send", "1")])
    assert page.status == 422
    assert "もう使えません" in page
    for secret in (CANARY["phone"], CANARY["stored"], "穴があります", "本町1-1"):
        assert secret not in page.html
    assert count(gateway, submission) == 0
    assert "答えを確かめて" in hanako.opens(f"{REPORT}?from=check"), "hers is untouched"


def test_the_last_page_of_somebody_else_is_not_shown(gateway, hanako):
    until_check(hanako)
    hanako.submits({}, "送る")
    done = hanako.browser.url.removeprefix(gateway.pages_url)
    assert "受付番号：1" in hanako.browser.opens(done)
    taro = TestResident(gateway, "太郎")
    assert "受付番号" not in taro.opens(done.removeprefix("/mihon"))


def test_an_answer_to_a_closed_form_is_kept_and_explained(gateway, hanako):
    hanako.opens(REPORT)
    hanako.submits({"kind": "hole"})
    old = hanako.browser.page
    form = next(one for one in read_forms(old.html) if "q=place" in one.action)
    gateway.clock.move(24 * 3600 + 60)
    hanako.opens(REPORT)
    hanako.submits({"kind": "hole"})
    sent = [("_draft", "old"), ("place.address", "本町2-2")]
    page = hanako.browser.posts(form.action, sent)
    assert page.status == 422
    assert "もう使えません" in page
    assert 'value="本町2-2"' in page
    assert hanako.submits({}).status == 200, "pressing once more is enough"


def test_a_post_after_the_session_is_sent_again_when_it_is_back(gateway, hanako):
    hanako.opens(REPORT)
    hanako.submits({"kind": "hole"})
    gateway.clock.move(3700)
    page = hanako.submits({"place.address": "本町3<3"})
    assert page.status == 401
    assert 'data-place="entrance"' in page
    assert 'name="place.address" value="本町3&lt;3"' in page
    hanako.sign_in(hanako.browser)
    again = next(one for one in read_forms(page.html) if ("place.address", "本町3<3") in one.inputs)
    hanako.browser.posts(again.action, again.inputs)
    assert step_of(hanako) == "photos"


def test_a_form_sent_after_the_session_is_sent_when_it_is_back(gateway, hanako):
    until_check(hanako)
    gateway.clock.move(3700)
    page = hanako.submits({}, "送る")
    assert page.status == 401
    hanako.sign_in(hanako.browser)
    again = next(one for one in read_forms(page.html) if "send=1" in one.action)
    assert "受付番号：1" in hanako.browser.posts(again.action, again.inputs)
    assert count(gateway, submission) == 1


def test_a_refusal_leads_to_its_question_with_everything_kept(gateway, hanako):
    until_check(hanako)
    hanako.opens(f"{REPORT}?q=note&from=check")
    hanako.submits({"note": "断る"})
    page = hanako.submits({}, "送る")
    assert page.status == 422
    assert "この内容は受け付けられません。" in page
    assert "断る</textarea>" in page
    assert "答えを確かめて" in hanako.submits({"note": "道に穴"})
    assert "受付番号" in hanako.submits({}, "送る")
    assert count(gateway, submission) == 1


def test_a_broken_plugin_is_not_the_pages_fault(gateway, hanako):
    until_check(hanako)
    hanako.opens(f"{REPORT}?q=note&from=check")
    hanako.submits({"note": "壊れる"})
    page = hanako.submits({}, "送る")
    assert page.status == 500
    assert "答えは残っています" in page
    plugins = gateway.running.services.plugins.all
    assert "ValueError" in plugins["everything"].last_error
    assert "the plugin is broken" not in plugins["everything"].last_error, "it may repeat answers"
    assert plugins["liff"].last_error is None
    assert CANARY["phone"] in hanako.opens(f"{REPORT}?from=check")
    assert count(gateway, submission) == 0


def test_stopping_forgets_the_answers(gateway, hanako):
    until_check(hanako)
    assert "やめました" in hanako.submits({}, "やめる")
    assert count(gateway, draft) == count(gateway, submission) == 0


def test_a_killed_worker_loses_no_answer(gateway, hanako):
    until_phone(hanako)
    gateway.stop_worker()
    gateway.start_worker()
    assert "連絡先" in hanako.opens(REPORT)
    hanako.submits({"phone": CANARY["phone"]})
    assert "穴があります" in hanako.browser.page


def test_begun_in_the_chat_and_finished_here(gateway, hanako, install_plugin, make_city):
    town = make_city({install_plugin("chatty", CHATTY.read_text("utf-8")): {}}, name="kita")
    resident = TestResident(town)
    (asked,) = resident.says("通報")
    assert "どんな不具合ですか" in asked["text"]
    handed = resident.taps("穴")
    url = next(iter(re.findall(r'http[^"]+/form/chatty/report', str(handed))))
    assert url.startswith(f"{town.platform}/2000000002-mihon001/")
    page = resident.opens("/liff/form/chatty/report")
    assert "電話番号は何番ですか" in page
    assert "お預かりする情報" in page
    resident.submits({"phone": CANARY["phone"]})
    resident.submits({}, "送る")
    assert resident.hears() == ["受け付けました。"]
    ((answers,),) = rows(town, submission.c.answers)
    assert answers == {"kind": "hole", "phone": CANARY["stored"]}


# Photos


def at_photos(resident) -> None:
    resident.opens(REPORT)
    resident.submits({"kind": "hole"})
    resident.submits({"place.address": "本町1"})


def test_photos_are_stored_without_their_place_and_shown_to_nobody_else(gateway, hanako):
    at_photos(hanako)
    exif = Image.Exif()
    exif[0x010E] = "canary of the camera"
    hanako.submits({"photos": [photo(exif=exif)]})
    hanako.opens(f"{REPORT}?q=photos")
    src = re.search(r'<img src="([^"]+)"', hanako.browser.page.html)[1]
    ((stored,),) = rows(gateway, media.c.bytes)
    assert b"canary" not in stored
    taro = TestResident(gateway, "太郎")
    path = src.removeprefix("/mihon")
    assert taro.opens(path).status == 404
    assert Visitor(gateway.pages_url).opens(src).status == 200, "a stranger meets the entrance"
    shown = hanako.browser._opener.open(f"{gateway.pages_url}{src}", timeout=30)
    with shown:
        assert shown.read() == stored
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in shown.headers["content-security-policy"]


@pytest.mark.parametrize(
    "file",
    [
        ("photo.jpg", "image/jpeg", b"I am no photo"),
        ("photo.jpg", "image/jpeg", b"<svg onload=alert(1)>"),
        ("page.html", "text/html", b"<script>alert(1)</script>"),
        ("photo.jpg", "image/jpeg", b""),
    ],
)
def test_a_photo_that_is_none_gets_a_sentence_and_the_others_stay(gateway, hanako, file):
    at_photos(hanako)
    page = hanako.submits({"photos": [photo(), file]})
    assert page.status == 422
    assert "写真として読めませんでした" in page
    assert page.html.count("<img src=") == 1, "the good one is there"
    assert hanako.submits({}).status == 200
    assert step_of(hanako) == "note"


def test_too_many_photos(gateway, hanako):
    at_photos(hanako)
    page = hanako.submits({"photos": [photo()] * 3})
    assert page.status == 200
    hanako.opens(f"{REPORT}?q=photos")
    form = next(one for one in read_forms(hanako.browser.page.html) if "photos" in one.action)
    kept = [value for name, value in form.inputs if name == "photos"]
    page = hanako.submits({"photos": [*kept, photo()]}, "次へ")
    assert page.status == 422
    assert "3枚まで" in page
    assert hanako.submits({"photos": kept[:1]}, "次へ").status == 200
    ((answers,),) = rows(gateway, draft.c.answers)
    assert answers["photos"] == [int(kept[0])]


def test_photos_of_others_cannot_be_claimed(gateway, hanako):
    at_photos(hanako)
    hanako.submits({"photos": [photo()]})
    ((number,),) = rows(gateway, media.c.id)
    taro = TestResident(gateway, "太郎")
    at_photos(taro)
    taro.submits({"photos": str(number)}, "次へ")
    drafts = rows(gateway, draft.c.answers)
    assert [one.get("photos") for (one,) in drafts] == [[number], None]


def test_more_than_is_read_is_refused_before_it_is_read(gateway, hanako):
    at_photos(hanako)
    huge = ("photo.jpg", "image/jpeg", bytes(66_000_000))
    page = hanako.submits({"photos": [huge]})
    assert page.status == 422
    assert "大きすぎました" in page


# Settings


def test_each_row_is_saved_at_once(gateway, hanako):
    page = hanako.opens(SETTINGS)
    assert page.html.count("まだ答えていません") == 4
    page = hanako.browser.posts(
        f"/mihon{SETTINGS}?q=topics", [("topics", "garbage"), ("topics", "child")]
    )
    assert "保存しました：受け取りたいお知らせ" in page
    assert "ごみ、子育て" in page
    page = hanako.browser.posts(f"/mihon{SETTINGS}?q=topics", [("topics", "events")])
    assert '<span class="now">イベント</span>' in page
    page = hanako.browser.posts(f"/mihon{SETTINGS}?q=topics", [("_skip", "1")])
    assert page.html.count("まだ答えていません") == 4


def test_a_personal_row_says_why_and_the_chat_says_how_many(gateway, hanako):
    page = hanako.opens(f"{SETTINGS}?q=children")
    assert page.html.count("お預かりする情報") == 1
    born = {
        f"children.0.born.{part}": value
        for part, value in (("year", "2024"), ("month", "5"), ("day", "3"))
    }
    page = hanako.browser.posts(f"/mihon{SETTINGS}?q=children", list(born.items()))
    assert "2024年5月3日" in page
    assert hanako.hears() == ["お子さん1人を登録しました。"]


def test_a_setting_with_a_mistake_stays_open_with_what_was_typed(gateway, hanako):
    hanako.opens(SETTINGS)
    page = hanako.browser.posts(f"/mihon{SETTINGS}?q=nick", [("nick", "とても長い呼び名")])
    assert page.status == 422
    assert 'value="とても長い呼び名"' in page
    assert re.search(r'<li id="row-nick"><details open>', page.html)
    assert page.html.count("<details open>") == 1


def test_a_row_that_is_not_there_shows_the_list(gateway, hanako):
    hanako.opens(SETTINGS)
    page = hanako.browser.posts(f"/mihon{SETTINGS}?q=nothing", [("nothing", "x")])
    assert (page.status, "お知らせの受け取り設定" in page) == (200, True)
    assert hanako.opens("/liff/form/everything/nothing").status == 404


def test_r68_personal_answers_leave_no_trace_outside_of_the_database(
    gateway, hanako, caplog, tmp_path
):
    caplog.set_level("DEBUG")
    until_phone(hanako)
    hanako.submits({"phone": "090-9876"})
    hanako.submits({"phone": CANARY["phone"]})
    hanako.submits({}, "送る")
    hanako.hears()
    told = [record.getMessage() for record in caplog.records]
    told += [str(hanako.chat()), str(gateway.call(lambda: list(gateway.simulator.book.sends())))]
    assert told
    for text in told:
        for canary in (CANARY["phone"], CANARY["stored"], "090-9876"):
            assert canary not in text
    assert filling.DRAFT_LIFE == 24 * 3600
