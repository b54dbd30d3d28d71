"""The lists that staff uploaded: one of them is live, or none, and then it is the city's file."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    delete,
    false,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from madoguchi.store import UTCDateTime
from madoguchi_garbage_bot.schema import metadata

CHANGE = "list"
"""The name under which every process is told that another list is live."""
MOST_BYTES = 10_000_000
MOST_FORMER = 20
UNUSED_FOR = timedelta(days=7)
"""How long a list that was looked at and not taken is kept."""
_Id = BigInteger().with_variant(Integer, "sqlite")

list_ = Table(
    "garbage_bot_list",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    # How the file calls its columns: field → heading.
    Column("columns", JSON, nullable=False),
    Column("entries", Integer, nullable=False),
    # Since when it is live, or when it last was; none if it never was.
    Column("live_at", UTCDateTime),
    Column("live_by", Text),
    Column("live", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)
_ABOUT = [column for column in list_.c if column.name != "data"]


class Overtaken(Exception):
    """Somebody else made another list live meanwhile."""


def put(
    db: Session,
    *,
    name: str,
    data: bytes,
    columns: dict[str, str],
    entries: int,
    by: str,
    at: datetime,
) -> int:
    """Store a list that can be used; it is not live yet. Its number."""
    old = list_.c.live_at.is_(None), list_.c.at < at - UNUSED_FOR
    db.execute(delete(list_).where(*old))
    values = {"name": name, "data": data, "columns": columns, "entries": entries}
    made = db.execute(insert(list_).values(**values, by=by, at=at))
    return int(made.inserted_primary_key[0])


def find(db: Session, number: int) -> Row[Any] | None:
    """A list with its file."""
    return db.execute(select(list_).where(list_.c.id == number)).one_or_none()


def find_live(db: Session) -> Row[Any] | None:
    """The list that is live, with its file; none: the city's file is."""
    return db.execute(select(list_).where(list_.c.live)).one_or_none()


def find_former(db: Session) -> Sequence[Row[Any]]:
    """What was live before, without the files, the newest first."""
    former = select(*_ABOUT).where(~list_.c.live, list_.c.live_at.is_not(None))
    return db.execute(former.order_by(list_.c.live_at.desc()).limit(MOST_FORMER)).all()


def switch(db: Session, number: int, *, instead_of: int, by: str, at: datetime) -> None:
    """Make a list live; 0 is the city's file. Raises `Overtaken` if `instead_of` is not live."""
    rows = db.execute(select(list_.c.id, list_.c.live).order_by(list_.c.id).with_for_update()).all()
    if next((row.id for row in rows if row.live), 0) != instead_of:
        raise Overtaken
    if number and number not in {row.id for row in rows}:
        raise Overtaken
    db.execute(update(list_).where(list_.c.live).values(live=False))
    if number:
        now = {"live": True, "live_at": at, "live_by": by}
        db.execute(update(list_).where(list_.c.id == number).values(**now))
