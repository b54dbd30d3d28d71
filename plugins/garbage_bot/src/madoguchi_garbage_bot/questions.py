"""Questions without a confident answer, as texts without their askers; and how many had one.

Who asks to be told is kept beside the question, by their number, until they were told.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Integer,
    Row,
    Table,
    Text,
    case,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from madoguchi import JST
from madoguchi.store import UTCDateTime
from madoguchi.tables import resident, unanswered
from madoguchi.unanswered import mask
from madoguchi_garbage_bot.schema import metadata

KINDS = ("not_found", "guess", "wrong")
"""No answer at all; one that was called a guess; one that the resident called wrong."""
MOST = 10_000
"""Questions that staff look at together, the newest."""
KEY_FOR = timedelta(days=1)
"""How long a question knows its message: so long it can be taken back (R13)."""
_Id = BigInteger().with_variant(Integer, "sqlite")

question = Table(
    "garbage_bot_question",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # The entry that was given and called wrong.
    Column("entry", Text, nullable=False, server_default=text("''")),
    # Once staff decided: "answered" or "ignored".
    Column("settled", Text, index=True),
    # A keyed hash of LINE's message id, for as long as an unsend may still come.
    Column("message_key", Text, index=True),
    sqlite_autoincrement=True,
)

teller = Table(
    "garbage_bot_teller",
    metadata,
    Column(
        "resident_id",
        _Id,
        ForeignKey(resident.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "question_id",
        _Id,
        ForeignKey(question.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
)

week = Table(
    "garbage_bot_week",
    metadata,
    Column("monday", Date, primary_key=True),
    Column("answered", Integer, nullable=False),
    Column("unanswered", Integer, nullable=False),
)


def keep(
    db: Session,
    *,
    text: str,
    kind: str,
    entry: str = "",
    at: datetime,
    message_key: str | None = None,
) -> int:
    """Store a question and return its number. Phone numbers and mail addresses are masked.

    `kind` is one of `KINDS`, `entry` the id of an answer that was wrong; with `message_key`
    (`ctx.message_key()`) the question goes when its message is taken back. It counts as
    unanswered; one that was wrong was counted as answered before.
    """
    if kind not in KINDS:
        raise ValueError(f"a question is kept as {', '.join(KINDS)}, not {kind!r}")
    _count(db, at, answered=-1 if kind == "wrong" else 0, unanswered=1)
    values = {"text": mask(text), "kind": kind, "entry": entry, "at": at}
    made = db.execute(insert(question).values(**values, message_key=message_key))
    return int(made.inserted_primary_key[0])


def count(db: Session, *, answered: bool = True, at: datetime) -> None:
    """Count a question of its week that was answered for sure. `keep` counts the others."""
    _count(db, at, answered=int(answered), unanswered=int(not answered))


def _count(db: Session, at: datetime, *, answered: int, unanswered: int) -> None:
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    first = {"answered": max(answered, 0), "unanswered": unanswered}
    less = case((week.c.answered + answered < 0, 0), else_=week.c.answered + answered)
    more = {"answered": less, "unanswered": week.c.unanswered + unanswered}
    put = dialect.insert(week).values(monday=monday_of(at), **first)
    db.execute(put.on_conflict_do_update(index_elements=["monday"], set_=more))


def count_weeks(db: Session) -> list[tuple[date, int, int]]:
    """Every week with its Monday: answered, not answered; the oldest first."""
    return [tuple(row) for row in db.execute(select(week).order_by(week.c.monday))]


def monday_of(at: datetime) -> date:
    """The Monday of a moment's week in Japan."""
    day = at.astimezone(JST).date()
    return day - timedelta(day.weekday())


def find_open(db: Session) -> Sequence[Row[Any]]:
    """What staff have not decided yet: `id`, `at`, `text`, `kind`, `entry`; the newest first."""
    columns = (question.c.id, question.c.at, question.c.text, question.c.kind, question.c.entry)
    still = select(*columns).where(question.c.settled.is_(None))
    return db.execute(still.order_by(question.c.id.desc()).limit(MOST)).all()


def find_elsewhere(db: Session) -> Sequence[Row[Any]]:
    """`at` and `text` of what no plugin could answer, things of ours among it; the newest first."""
    words = select(unanswered.c.at, unanswered.c.text).order_by(unanswered.c.id.desc())
    return db.execute(words.limit(MOST)).all()


def find_all(db: Session) -> Sequence[Row[Any]]:
    """Every question that is kept: `text`, `kind`, `settled`."""
    return db.execute(
        select(question.c.text, question.c.kind, question.c.settled).order_by(question.c.id)
    ).all()


def settle(db: Session, numbers: Collection[int], how: str) -> None:
    """Say that staff decided: "answered" or "ignored"."""
    for some in _slices(numbers):
        db.execute(update(question).where(question.c.id.in_(some)).values(settled=how))


def ask_to_be_told(db: Session, resident_id: int, number: int) -> bool:
    """Remember who wants to know; False if the question is gone or decided."""
    open_ = select(question.c.id).where(question.c.id == number, question.c.settled.is_(None))
    if db.scalar(open_) is None:
        return False
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    put = dialect.insert(teller).values(resident_id=resident_id, question_id=number)
    db.execute(put.on_conflict_do_nothing())
    return True


def find_tellers(db: Session) -> dict[int, set[int]]:
    """Who wants to be told, by question."""
    found: dict[int, set[int]] = {}
    for who, number in db.execute(select(teller.c.resident_id, teller.c.question_id)):
        found.setdefault(number, set()).add(who)
    return found


def find_waiting(db: Session) -> list[tuple[int, str]]:
    """Open questions, none called wrong, of which somebody wants to be told: number and text."""
    asked = select(question.c.id, question.c.text).join_from(teller, question).distinct()
    still = question.c.settled.is_(None), question.c.kind != "wrong"
    return [tuple(row) for row in db.execute(asked.where(*still).order_by(question.c.id))]


def take_tellers(db: Session, numbers: Collection[int]) -> list[tuple[int, str | None, int]]:
    """Who is to be told, once each: resident, language and the first of their questions.

    Their rows are gone.
    """
    found: dict[int, tuple[str | None, int]] = {}
    for some in _slices(numbers):
        rows = db.execute(
            select(teller.c.resident_id, resident.c.language, teller.c.question_id)
            .join_from(teller, resident)
            .where(teller.c.question_id.in_(some))
            .order_by(teller.c.question_id)
        )
        for who, language, number in rows:
            found.setdefault(who, (language, number))
        db.execute(delete(teller).where(teller.c.question_id.in_(some)))
    return [(who, language, number) for who, (language, number) in found.items()]


def take_back(db: Session, message_key: str) -> None:
    """Forget the question of a message that was taken back (R13)."""
    db.execute(delete(question).where(question.c.message_key == message_key))


def forget_keys(db: Session, before: datetime) -> None:
    """Forget which messages old questions were."""
    old = question.c.message_key.is_not(None), question.c.at < before
    db.execute(update(question).where(*old).values(message_key=None))


def texts_of(db: Session, resident_id: int) -> list[tuple[datetime, str]]:
    """The questions of which somebody wants to be told."""
    mine = select(question.c.at, question.c.text).join_from(teller, question)
    return [tuple(row) for row in db.execute(mine.where(teller.c.resident_id == resident_id))]


def forget_teller(db: Session, resident_id: int) -> int:
    """Tell somebody nothing any more; of how many questions."""
    mine = delete(teller).where(teller.c.resident_id == resident_id)
    return len(db.scalars(mine.returning(teller.c.question_id)).all())


def _slices(numbers: Collection[int]) -> list[list[int]]:
    """Few enough for one statement."""
    ordered = sorted(numbers)
    return [ordered[start : start + 500] for start in range(0, len(ordered), 500)]
