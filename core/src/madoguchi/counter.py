"""The six digits that a resident shows at the counter, so that staff find the right person.

They are good for ten minutes and for one look; a new code ends the one before.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from madoguchi.tables import counter_code

LIFE = 600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class CounterCode:
    """A code, and until when it is good, in seconds since 1970."""

    digits: str
    until: float


def find_code(db: Session, resident_id: int, now: float) -> CounterCode | None:
    """The code of a resident that is good now."""
    mine = select(counter_code).where(
        counter_code.c.resident_id == resident_id, counter_code.c.until > now
    )
    row = db.execute(mine).one_or_none()
    return CounterCode(row.code, row.until) if row else None


def make_code(db: Session, resident_id: int, now: float) -> CounterCode:
    """A new code for a resident; the one before ends."""
    theirs = counter_code.c.resident_id == resident_id
    db.execute(delete(counter_code).where((counter_code.c.until <= now) | theirs))
    taken = set(db.scalars(select(counter_code.c.code)))
    while (digits := f"{secrets.randbelow(1_000_000):06}") in taken:
        pass
    made = CounterCode(digits, now + LIFE)
    db.execute(insert(counter_code).values(resident_id=resident_id, code=digits, until=made.until))
    return made


def take_code(db: Session, digits: str, now: float) -> int | None:
    """The resident who shows this code now, and the code is used up; None if nobody does."""
    shown = (counter_code.c.code == digits) & (counter_code.c.until > now)
    taken = delete(counter_code).where(shown).returning(counter_code.c.resident_id)
    return db.execute(taken).scalar()
