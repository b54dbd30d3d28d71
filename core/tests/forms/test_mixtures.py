"""Chat, page, or a mixture of both: the same answers are stored."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from madoguchi import tables
from madoguchi.forms import (
    Choice,
    Choices,
    Consent,
    Date,
    Form,
    Given,
    Location,
    LongText,
    Mistake,
    Note,
    Number,
    Photos,
    Place,
    Refuse,
    Repeat,
    Text,
    filling,
    media,
    read_given,
    steps,
    submitting,
)
from madoguchi.forms.filling import Desk
from madoguchi.forms.steps import Move
from madoguchi.languages import Languages
from madoguchi.sqlite import connect, open_engine
from madoguchi.types import City, Resident

KINDS = {"hole": "道路の穴", "lamp": "街灯", "tree": "木"}
NOW = datetime(2026, 4, 1, 3, tzinfo=UTC)
PHOTO = media.Upload("photo", "image/jpeg", b"jpeg")
FORM = Form(
    "all",
    "すべて",
    [
        Choice("kind", "どれ", options=KINDS),
        Note("hint", "つづきです", when={"kind": ["lamp"]}),
        Number("height", "高さ", most=50, when={"kind": ["lamp", "tree"]}),
        Choices("some", "どれとどれ", options=KINDS, optional=True),
        Text("line", "一行", most=50),
        LongText("long", "くわしく", optional=True),
        Date("day", "いつ"),
        Location("place", "どこ"),
        Photos("photos", "写真", most=3, optional=True),
        Consent("agree", "よいですか"),
        Repeat(
            "children",
            "お子さん",
            fields=[Text("nick", "呼び名"), Number("age", "とし", most=20)],
            most=3,
        ),
    ],
    lambda db, submission: None,
)
WORDS = st.text("あいう abc１２", min_size=1, max_size=20).map(lambda text: f"x{text}x")
CHILD = st.fixed_dictionaries({"nick": WORDS, "age": st.integers(0, 20)})
ANSWERS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(KINDS)),
        "height": st.integers(0, 50),
        "some": st.none() | st.lists(st.sampled_from(sorted(KINDS)), min_size=1, unique=True),
        "line": WORDS,
        "long": st.none() | st.lists(WORDS, min_size=1, max_size=3).map("\n".join),
        "day": st.dates(date(1873, 1, 1)).map(str),
        "place": st.builds(
            lambda lat, lon, address: {"lat": lat, "lon": lon, "address": address},
            st.floats(-90, 90).map(lambda degrees: round(degrees, 6)),
            st.floats(-180, 180).map(lambda degrees: round(degrees, 6)),
            WORDS,
        )
        | WORDS.map(lambda address: {"lat": None, "lon": None, "address": address}),
        "photos": st.none() | st.integers(1, 3),
        "agree": st.just(True),
        "children": st.lists(CHILD, max_size=3),
    }
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("mixtures") / "main.sqlite"
    engine = open_engine("BEGIN IMMEDIATE", 1, lambda: connect(path))
    with engine.begin() as connection:
        tables.metadata.create_all(connection, tables.tables_for("sqlite"))
    yield engine
    engine.dispose()


LANGUAGES = Languages()
NUMBERS = itertools.count()


class Filling:
    """A resident with the form, who answers each question here or there."""

    def __init__(self, db: Session, form: Form = FORM) -> None:
        self.db, self.said = db, []
        row = {"line_id": f"U{next(NUMBERS)}", "follows": True, "first_seen": NOW}
        number = db.execute(insert(tables.resident).values(row).returning(tables.resident.c.id))
        self.page = Desk(
            gateway=City("mihon", "見本市", "0100-00-0000", "平日"),
            plugin=SimpleNamespace(name="toy"),  # type: ignore[arg-type]
            form=form,
            resident=Resident(number.scalar_one(), True),
            now=NOW,
            say=lambda text, **values: LANGUAGES.say(text, "ja", **values),
            send=lambda *given, **named: 0,
        )
        self.chat = filling.replace(self.page, in_chat=True)

    def draft(self) -> filling.Draft:
        found = filling.find_draft(self.db, self.page)
        assert found is not None
        return found

    # In the chat.

    def says(self, text: str) -> None:
        self._take(Move(Given([text]), self.draft().id, steps.steer(text)))

    def taps(self, value: str, step: str) -> None:
        field, _, rest = step.partition(".")
        given = Given([value], tapped=True, step=rest)
        self._take(Move(given, self.draft().id, step=field))

    def does(self, action: str) -> None:
        self._take(Move(Given(), self.draft().id, action))

    def _take(self, move: Move) -> None:
        steps.take(self.db, self.chat, move)

    def answer_in_chat(self, name: str, value: Any) -> None:
        steps.begin(self.db, self.chat, None)
        match name:
            case _ if value is None:
                self.does("skip")
            case "kind":
                self.taps(value, name)
            case "some":
                for one in value:
                    self.taps(one, name)
                if len(value) < len(KINDS):
                    self.taps("*done", name)
            case "place" if value["lat"] is None:
                self.says(value["address"])
            case "place":
                place = Place(value["lat"], value["lon"], value["address"])
                self._take(Move(Given(place=place), self.draft().id))
            case "photos":
                for _ in range(value):
                    self._take(Move(Given(), self.draft().id, upload=PHOTO))
                if value < 3:
                    self.taps("*done", name)
            case "agree":
                self.says("はい")
            case "children":
                for n, child in enumerate(value):
                    self.taps("*another", f"{name}.{n}")
                    self.says(child["nick"])
                    self.says(str(child["age"]))
                if len(value) < 3:
                    self.taps("*done", f"{name}.{len(value)}")
            case _:
                self.says(str(value))

    # On a page.

    def answer_on_page(self, name: str, value: Any) -> None:
        draft = filling.open_draft(self.db, self.page)
        field = self.page.form.field(name)
        assert field is not None
        inputs, files = [(f"{name}.nothing", "x")] if value else [], []
        match name:
            case _ if value is None:
                inputs = [(name, "")]
            case "some":
                inputs = [(name, one) for one in value]
            case "day":
                year, month, day = value.split("-")
                inputs = [("day.year", year), ("day.month", month), ("day.day", day)]
            case "place":
                inputs = [
                    (f"place.{part}", "" if text is None else str(text))
                    for part, text in value.items()
                ]
            case "photos":
                who = self.page.resident.id
                files = [media.store(self.db, draft.id, who, PHOTO, NOW) for _ in range(value)]
                inputs = []
            case "agree":
                inputs = [(name, "yes")]
            case "children":
                inputs = [
                    (f"children.{n}.{part}", str(text))
                    for n, child in enumerate(value)
                    for part, text in child.items()
                ]
            case _:
                inputs = [(name, str(value))]
        filling.answer(self.db, self.page, draft, field, read_given(name, inputs, files))

    def fill_in(self, answers: dict[str, Any], ways: list[bool]) -> dict[str, Any]:
        """What is stored when each question in turn is answered in the chat (True) or not."""
        filling.open_draft(self.db, self.page)
        for in_chat in ways:
            field = filling.next_field(FORM, self.draft().answers)
            if field is None:
                break
            (self.answer_in_chat if in_chat else self.answer_on_page)(
                field.name, answers[field.name]
            )
        done = submitting.submit(self.db, self.page, self.draft())
        assert isinstance(done, submitting.Submitted), done
        row = tables.submission.c
        stored = self.db.execute(select(row.answers).where(row.id == done.id)).scalar_one()
        return stored | {"photos": stored["photos"] and len(stored["photos"])}


@given(answers=ANSWERS, ways=st.lists(st.booleans(), min_size=10, max_size=10))
@settings(max_examples=60, deadline=None)
def test_chat_page_and_mixtures_store_the_same(engine, answers, ways):
    with Session(engine) as db:
        in_chat = Filling(db).fill_in(answers, [True] * 10)
        on_page = Filling(db).fill_in(answers, [False] * 10)
        mixed = Filling(db).fill_in(answers, ways)
        db.rollback()
    assert in_chat == on_page == mixed
    expected = answers if answers["kind"] != "hole" else answers.keys() - {"height"}
    assert in_chat.keys() == set(expected)


@pytest.fixture
def db(engine) -> Iterator[Session]:
    with Session(engine) as db:
        yield db
        db.rollback()


ALL = {
    "kind": "tree", "height": 3, "some": ["hole"], "line": "あ", "long": None, "day": "2026-04-01",
    "place": {"lat": None, "lon": None, "address": "角"}, "photos": 1, "agree": True,
    "children": [],
}  # fmt: skip


def answer_all(db: Session, **changes: Any) -> Filling:
    someone = Filling(db)
    filling.open_draft(db, someone.page)
    for name, value in (ALL | changes).items():
        someone.answer_on_page(name, value)
    return someone


def count(db: Session, table: Any) -> int:
    return len(db.execute(select(table.c.id)).all())


def test_an_answer_that_a_condition_hides_is_dropped(db):
    someone = answer_all(db)
    someone.answer_on_page("kind", "hole")
    assert someone.draft().answers["height"] == 3, "kept while it may be wanted again"
    with pytest.raises(Mistake) as caught:
        someone.answer_on_page("height", 4)
    assert "答える必要がありません" in str(caught.value.text)
    done = submitting.submit(db, someone.page, someone.draft())
    assert isinstance(done, submitting.Submitted)
    answers = db.execute(select(tables.submission.c.answers)).scalar_one()
    assert "height" not in answers


def test_a_form_posted_twice_is_one_submission(db):
    someone = answer_all(db)
    key = someone.draft().key
    first = submitting.submit(db, someone.page, someone.draft())
    assert filling.find_draft(db, someone.page) is None
    again = submitting.find_submission(db, someone.page, key)
    assert isinstance(first, submitting.Submitted)
    assert again == submitting.Submitted(first.id, [], again=True)
    assert count(db, tables.submission) == 1
    assert submitting.find_submission(db, Filling(db).page, key) is None, "another's is nobody's"


def test_a_form_that_is_not_complete_goes_to_what_is_missing(db):
    someone = Filling(db)
    filling.open_draft(db, someone.page)
    someone.answer_on_page("kind", "hole")
    found = submitting.submit(db, someone.page, someone.draft())
    assert isinstance(found, Refuse)
    assert found.field == "line", "what is optional may be missing"
    assert someone.draft().at_field == "line"


def test_photos_of_another_draft_are_nobodys(db):
    other = answer_all(db)
    theirs = other.draft().answers["photos"]
    someone = Filling(db)
    draft = filling.open_draft(db, someone.page)
    field = FORM.field("photos")
    assert field is not None
    later = filling.answer(db, someone.page, draft, field, Given(files=[*theirs, 10**6]))
    assert later.answers["photos"] is None


def test_inputs_that_the_form_does_not_have_are_not_read():
    inputs = [("kind", "hole"), ("kin", "x"), ("kindle.x", "y"), ("kind.more", "z"), ("", "q")]
    assert read_given("kind", inputs) == Given(["hole"], {"more": ["z"]})


def test_a_draft_is_opened_with_answers_that_are_neither_personal_nor_unknown(db):
    someone = Filling(db)
    for name in ("nothing", "hint.x"):
        with pytest.raises(ValueError, match="is no question of it"):
            filling.open_draft(db, someone.page, {name: 1})


def test_opening_the_page_ends_the_form_in_the_chat(db):
    someone = Filling(db)
    steps.begin(db, someone.chat, None)
    assert someone.draft().place == "chat"
    assert filling.open_draft(db, someone.page).place == "page"


def test_submit_gives_back_what_the_plugin_wrote_before_it_refused(db):
    def refuse(db: Session, submission: Any) -> Refuse:
        row = {"key": f"kept {submission.id}", "value": ""}
        db.execute(insert(tables.meta).values(row))
        return Refuse("word", "だめです")

    someone = Filling(db, Form("no", "だめ", [Text("word", "言葉")], refuse))
    filling.open_draft(db, someone.page)
    someone.answer_on_page("word", "x")
    assert isinstance(submitting.submit(db, someone.page, someone.draft()), Refuse)
    assert db.execute(select(tables.meta)).all() == []
    assert count(db, tables.submission) == 0


def test_refusing_a_question_that_was_not_asked_is_the_plugins_mistake(db):
    someone = Filling(db, Form("no", "?", [Text("word", "?")], lambda db, _: Refuse("other", "?")))
    filling.open_draft(db, someone.page)
    someone.answer_on_page("word", "x")
    with pytest.raises(ValueError, match="refused 'other', which was not asked"):
        submitting.submit(db, someone.page, someone.draft())
