"""Questions without a confident answer, as texts without their askers."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer, Table, Text, insert, text
from sqlalchemy.orm import Session

from madoguchi.store import UTCDateTime
from madoguchi.unanswered import mask
from madoguchi_garbage_bot.schema import metadata

KINDS = ("not_found", "guess", "wrong")
"""No answer at all; one that was called a guess; one that the resident called wrong."""
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
    sqlite_autoincrement=True,
)


def keep(db: Session, *, text: str, kind: str, entry: str = "", at: datetime) -> int:
    """Store a question and return its number. Phone numbers and mail addresses are masked.

    `kind` is one of `KINDS`, `entry` the id of an answer that was wrong.
    """
    if kind not in KINDS:
        raise ValueError(f"a question is kept as {', '.join(KINDS)}, not {kind!r}")
    values = {"text": mask(text), "kind": kind, "entry": entry, "at": at}
    return int(db.execute(insert(question).values(**values)).inserted_primary_key[0])
