"""The address under which a resident gets a copy of their own data: once, within ten minutes.

It works in a browser that knows nobody, because LINE's own cannot keep files (R60); so it is all
that stands between a stranger and the copy. Functions that take `db` belong into a unit.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi.secrets import read_signed, sign
from madoguchi.tables import own_copy, resident

LIFE = 600.0
"""Seconds that an address can be used, and after which there may be another one."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An address that was given out. Times are seconds since 1970."""

    resident_id: int
    nonce: str
    made: float
    taken: float | None

    @property
    def until(self) -> float:
        """When it ends, and another one may be made."""
        return self.made + LIFE

    def is_over(self, now: float) -> bool:
        """Whether its time is over; another question than whether it was used."""
        return now >= self.until

    def is_good(self, now: float) -> bool:
        """Whether it can still be used."""
        return self.taken is None and not self.is_over(now)

    def seal(self, key: bytes) -> str:
        """What stands in the address."""
        return sign(key, self.resident_id, self.nonce)


def give_out(db: Session, who: int, now: float) -> Ticket:
    """A new address; within ten minutes of the last one that one, used or not."""
    db.execute(select(resident.c.id).where(resident.c.id == who).with_for_update())
    known = find(db, who)
    if known is not None and not known.is_over(now):
        return known
    db.execute(delete(own_copy).where(own_copy.c.resident_id == who))
    new = {"resident_id": who, "nonce": secrets.token_hex(16), "made": now, "taken": None}
    db.execute(insert(own_copy).values(new))
    return Ticket(**new)  # type: ignore[arg-type]


def find(db: Session, who: int) -> Ticket | None:
    """The newest address of a resident."""
    row: Any = db.execute(select(own_copy).where(own_copy.c.resident_id == who)).one_or_none()
    return Ticket(row.resident_id, row.nonce, row.made, row.taken) if row else None


def use(db: Session, ticket: Ticket, now: float) -> bool:
    """Use it up; False if somebody was quicker."""
    theirs = (own_copy.c.resident_id == ticket.resident_id) & (own_copy.c.nonce == ticket.nonce)
    free = theirs & own_copy.c.taken.is_(None)
    used = update(own_copy).where(free).values(taken=now)
    return bool(db.scalars(used.returning(own_copy.c.resident_id)).all())


def unseal(text: str, key: bytes) -> tuple[int, str] | None:
    """Whose copy an address is for, and its nonce; None if it is none of ours."""
    parts = read_signed(key, text)
    return (int(parts[0]), parts[1]) if parts and len(parts) == 2 else None
