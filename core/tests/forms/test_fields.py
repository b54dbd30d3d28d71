"""Every field type by itself: what it reads, draws, shows, and what a declaration may not be."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madoguchi.forms import (
    Asking,
    Birthdate,
    Choice,
    Choices,
    Consent,
    Date,
    Email,
    Field,
    Files,
    Form,
    Given,
    Location,
    LongText,
    Mistake,
    Note,
    Number,
    Partial,
    Phone,
    Photos,
    Place,
    PostalAddress,
    Purpose,
    Repeat,
    Text,
    read_given,
)
from madoguchi.forms.asking import given_again
from madoguchi.types import City

CITY = City("mihon", "見本市", "0100-00-0000", "平日 8:30〜17:15")
KINDS = {"hole": "道路の穴", "lamp": "街灯", "other": "そのほか"}
PURPOSE = Purpose("電話番号", "ご連絡のため", "1年", "土木課の職員")


def say(text: Any, **values: Any) -> str:
    said = text if isinstance(text, str) else text["ja"]
    return said.format(**values)


def asking(**changes: Any) -> Asking:
    now = datetime(2026, 4, 1, 3, tzinfo=UTC)
    return Asking(gateway=CITY, resident=None, language="ja", now=now, say=say, **changes)


CHILDREN = Repeat(
    "children",
    "お子さんはいますか",
    fields=[Text("nick", "呼び名"), Birthdate("born", "生まれた日")],
    each="{n}人目のお子さん",
    counted="お子さん{count}人",
)
# Field, what is typed into one input or several, and what is stored.
TYPED: list[tuple[Any, Given, Any]] = [
    (Choice("kind", "?", options=KINDS), Given(["街灯"]), "lamp"),
    (Choice("kind", "?", options=KINDS), Given(["２"]), "lamp"),
    (Choice("kind", "?", options=KINDS), Given(["other"]), "other"),
    (Choice("kind", "?", options=lambda db, asking: list(KINDS.items())), Given(["1"]), "hole"),
    (Choices("kinds", "?", options=KINDS), Given(["other", "hole"]), ["hole", "other"]),
    (Text("line", "?"), Given(["  北 １丁目\n角 "]), "北 １丁目 角"),
    (Text("kana", "?", kana=True), Given(["やまだ ﾀﾛｳ"]), "ヤマダ　タロウ"),
    (LongText("note", "?"), Given(["一行目\r\n二行目"]), "一行目\n二行目"),
    (Number("people", "?", most=20, unit="人"), Given(["十二人"]), 12),
    (Number("people", "?", most=20), Given(["３"]), 3),
    (Date("day", "?"), Given(["令和8年4月1日"]), "2026-04-01"),
    (
        Date("day", "?"),
        Given(parts={"year": ["令和８"], "month": ["４"], "day": ["1"]}),
        "2026-04-01",
    ),
    (Date("day", "?", earliest=0), Given(["3月31日"]), "2027-03-31"),
    (
        Birthdate("born", "?"),
        Given(parts={"year": ["S64"], "month": ["1"], "day": ["7"]}),
        "1989-01-07",
    ),
    (Phone("phone", "?"), Given(["+81 90-1234-5678"]), "09012345678"),
    (Email("mail", "?"), Given(["Taro＠Example.JP"]), "Taro@example.jp"),
    (
        PostalAddress("home", "?"),
        Given(
            parts={"postcode": ["〒１００-０００１"], "address": ["千代田1-1"], "building": [""]}
        ),
        {"postcode": "1000001", "address": "千代田1-1", "building": ""},
    ),
    (
        Location("place", "?"),
        Given(place=Place(35.12345678, 139.5, "本町1")),
        {"lat": 35.123457, "lon": 139.5, "address": "本町1"},
    ),
    (
        Location("place", "?"),
        Given(["市役所の前"]),
        {"lat": None, "lon": None, "address": "市役所の前"},
    ),
    (Photos("photos", "?"), Given(files=[3, 1, 3]), [3, 1]),
    (Files("files", "?"), Given(files=[2]), [2]),
    (Consent("yes", "?"), Given(["yes"]), True),
    (
        CHILDREN,
        read_given(
            "children",
            [
                ("children.0.nick", "はな"),
                ("children.0.born.year", "令和6"),
                ("children.0.born.month", "5"),
                ("children.0.born.day", "3"),
                ("children.1.nick", ""),
            ],
        ),
        [{"nick": "はな", "born": "2024-05-03"}],
    ),
]


def named(case: Any) -> str:
    return type(case).__name__ if isinstance(case, Field) else ""


@pytest.mark.parametrize(("field", "typed", "stored"), TYPED, ids=named)
def test_what_is_read_is_stored_in_one_form(field, typed, stored):
    assert isinstance(field, Field)
    assert field.parse(typed, asking()) == stored


@pytest.mark.parametrize(("field", "typed", "stored"), TYPED, ids=named)
def test_what_a_page_draws_of_an_answer_is_read_back_to_the_same(field, typed, stored):
    again = given_again(field.page(asking(value=stored)))
    assert field.parse(again, asking()) == stored


ON_PAGES = [case for case in TYPED if case[1].parts or not isinstance(case[0], Date | Location)]


@pytest.mark.parametrize(("field", "typed", "stored"), ON_PAGES, ids=named)
def test_what_was_typed_wrongly_is_drawn_again(field, typed, stored):
    again = given_again(field.page(asking(given=typed)))
    assert field.parse(again, asking()) == stored


@pytest.mark.parametrize(("field", "typed", "stored"), TYPED, ids=named)
def test_people_and_tables_can_read_every_answer(field, typed, stored):
    assert field.show(stored, asking())
    assert all(isinstance(one, str) for one in field.columns(stored, asking()).values())
    assert list(field.columns(None, asking())) == list(field.columns(stored, asking()))


ASKED = [case[0] for case in TYPED]


@pytest.mark.parametrize("field", ASKED, ids=named)
def test_nothing_is_no_answer_where_one_is_needed(field):
    if isinstance(field, Repeat):
        assert field.parse(Given(), asking()) == []
    else:
        with pytest.raises(Mistake):
            field.parse(Given(), asking())


@pytest.mark.parametrize("field", ASKED, ids=named)
@given(
    text=st.text(max_size=40) | st.just("あ" * 10_001) | st.just("\0\ud800"),
    part=st.sampled_from(["year", "postcode", "lat", "lon", "address", "0.born", "0.nick", "9.x"]),
)
@settings(max_examples=40, deadline=None)
def test_whatever_is_typed_is_read_or_is_a_mistake(field, text, part):
    for typed in (Given([text]), Given(parts={part: [text]}), Given([text], tapped=True)):
        for in_chat in (False, True):
            with suppress(Mistake):
                value = field.parse(typed, asking(in_chat=in_chat))
                assert isinstance(value, Partial) or field.show(value, asking()) is not None


def test_a_mistake_names_the_part_of_the_page_that_is_wrong():
    born = Given(parts={"0.nick": ["はな"], "0.born.year": ["2020"], "0.born.month": ["1"]})
    with pytest.raises(Mistake) as caught:
        CHILDREN.parse(born, asking())
    assert caught.value.part == "0.born.day"
    with pytest.raises(Mistake) as caught:
        PostalAddress("home", "?").parse(Given(parts={"postcode": ["1000001"]}), asking())
    assert caught.value.part == "address"


def test_a_known_postcode_fills_the_address_in():
    field = PostalAddress("home", "?", lookup={"1000001": "東京都千代田区千代田"}.get)
    control = field.page(asking(given=Given(parts={"postcode": ["100-0001"]})))
    assert control.parts[1].value == "東京都千代田区千代田"


def test_dates_have_bounds():
    field = Date("day", "?", earliest=1, latest=date(2026, 4, 30))
    assert field.parse(Given(["4月2日"]), asking()) == "2026-04-02"
    for late_or_early in ("2026-04-01", "2026-05-01"):
        with pytest.raises(Mistake):
            field.parse(Given([late_or_early]), asking())


def test_options_are_asked_again_when_they_are_parsed():
    free = {"a": "10時"}
    field = Choice("slot", "?", options=lambda db, asking: free)
    assert field.parse(Given(["a"]), asking()) == "a"
    free = {"b": "11時"}
    with pytest.raises(Mistake):
        field.parse(Given(["a"]), asking())
    assert field.show("a", asking()) == "a"


def test_a_group_with_a_personal_question_is_personal_and_the_chat_hears_how_many():
    assert CHILDREN.personal
    value = [{"nick": "はな", "born": "2024-05-03"}] * 2
    assert CHILDREN.mention(value, asking()) == "お子さん2人"


def done(db: Any, submission: Any) -> None:
    """Nothing."""


def test_a_declaration_changes_its_version():
    def make(question: str) -> Form:
        return Form("report", "通報", [Choice("kind", question, options=KINDS)], done)

    assert make("どれ").version == make("どれ").version != make("どれですか").version


KIND = Choice("kind", "?", options=KINDS)
PHONE = Phone("phone", "?")
REFUSED: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "two of one name": ([KIND, KIND], {}, "two questions are called 'kind'"),
    "personal without a purpose": ([PHONE], {}, "say what, why, how long and who"),
    "a phone that is not personal": (
        [Phone("phone", "?", personal=False)],
        {"purpose": PURPOSE},
        "always personal",
    ),
    "a condition on a later question": (
        [Text("note", "?", when={"kind": ["hole"]}), KIND],
        {},
        "depends on ['kind']",
    ),
    "no field": (["kind"], {}, "is no field"),
    "a name that does not fit": ([Text("種類", "?")], {}, "a-z, 0-9 and _"),
    "nothing to ask": ([Note("hello", "こんにちは")], {}, "asks nothing"),
    "a list without answers": ([KIND], {"layout": "list"}, "current="),
    "photos in a list": (
        [Photos("photos", "?")],
        {"layout": "list", "current": done},
        "cannot stand in a list",
    ),
    "a layout that is none": ([KIND], {"layout": "page"}, "layout"),
}


@pytest.mark.parametrize(("fields", "more", "says"), REFUSED.values(), ids=REFUSED)
def test_declarations_that_are_refused(fields, more, says):
    with pytest.raises(ValueError, match="form 'report'") as caught:
        Form("report", "通報", fields, done, **more)
    assert says in str(caught.value)


def test_a_group_takes_plain_questions_only():
    with pytest.raises(ValueError, match="cannot stand inside"):
        Repeat("all", "?", fields=[Photos("photos", "?")])
