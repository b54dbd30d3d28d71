"""Who gets a delivery: the ids of one snapshot, in order, in slices.

The ids are read in one transaction, so that all of them were chosen at the same moment, and none of
it writes: nobody waits. Whoever stores them writes one slice after another.
"""

from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from madoguchi import Criteria
from madoguchi_segment.audiences.compiling import open_compiler
from madoguchi_segment.audiences.condition import Condition
from madoguchi_segment.audiences.tables import index

SLICE = 500
"""What LINE takes in one multicast."""
BLOCK = 100_000
"""Ids that are read by one statement: on PostgreSQL the event loop goes on in between."""

Read = Callable[..., Awaitable[Any]]
"""`await read(fn, *args)`, as `JobContext.read`, `PageContext.read` and the store have it."""


async def freeze(
    read: Read, condition: Condition, criteria: Criteria, now: datetime
) -> "array[int]":
    """The ids of those who get it, as of one moment, in rising order; 8 bytes each.

    `AudienceUnavailable` if they cannot be picked now.
    """
    return await read(read_ids, condition, criteria, now)


async def stream_ids(
    read: Read, condition: Condition, criteria: Criteria, now: datetime, size: int = SLICE
) -> AsyncIterator[list[int]]:
    """The same, a slice at a time."""
    ids = await freeze(read, condition, criteria, now)
    for start in range(0, len(ids), size):
        yield ids[start : start + size].tolist()


def read_ids(db: Session, condition: Condition, criteria: Criteria, now: datetime) -> "array[int]":
    """The ids, read inside of one reading unit, which is one snapshot on both databases."""
    chosen = open_compiler(db, criteria, now).selects(condition)
    who = index.c.resident_id
    ids, last = array("q"), -1
    while True:
        block = select(who).where(who > last, chosen).order_by(who).limit(BLOCK)
        found = _fetch(db, block)
        ids.extend(found)
        if len(found) < BLOCK:
            return ids
        last = found[-1]


def _fetch(db: Session, block: Any) -> list[int]:
    if db.get_bind().dialect.name != "postgresql":
        return list(db.execute(block).scalars())
    # One array is a row to the driver, and a tenth of the work of as many rows.
    who = block.subquery().c.resident_id
    return list(db.execute(select(func.array_agg(who))).scalar() or ())
