"""Who writes to the city: one row a LINE user, and whether they are friends of the account.

LINE does not promise order, so follow and unfollow carry the time of the event and an older one
never overwrites a newer state (R9). An unfollow may come from somebody never seen (R12).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session

from madoguchi.menu import linking
from madoguchi.store import UTCDateTime
from madoguchi.tables import meta, resident
from madoguchi.types import Resident

LOAD = (
    "SELECT r.id, r.follows, r.language, d.id, d.form, d.at_field, d.updated"
    " FROM resident r LEFT JOIN draft d ON d.resident_id = r.id AND d.place = 'chat'"
    " WHERE r.line_id = $1"
)
"""The resident and the form that is open in their chat, in one.

Driver-level: an ORM read for each turn would cost half of its budget.
"""

ERASED = "erased-"
"""Stands where the LINE id was, while an erasure waits for somebody's part."""

# Another worker may meet them at the same moment, when a lane changes hands.
_MEET = text(
    "INSERT INTO resident (line_id, follows, state_at, first_seen)"
    " VALUES (:line_id, :follows, 0, :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UTCDateTime))

_TAKE_IN = text(
    "INSERT INTO resident (line_id, follows, state_at, first_seen)"
    " VALUES (:line_id, true, :stamp, :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UTCDateTime))

VISITOR = "visitor"
_VISIT = text(
    "INSERT INTO meta (key, value) VALUES (:key, :who)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


def meet(db: Session, line_id: str, at: datetime) -> Resident:
    """Find or make the resident of a LINE user id. Who writes to us is taken for a friend."""
    found = _find(db, line_id)
    if found is None:
        db.execute(_MEET, {"line_id": line_id, "follows": True, "at": at})
        found = _find(db, line_id)
    if found is None:
        raise LookupError("the resident that was just stored cannot be read")
    return Resident(found.id, bool(found.follows), found.language)


def come_in(db: Session, line_id: str, at: datetime) -> Resident:
    """Meet who has opened a page, and remember them as the last visitor (`connecting.provider`)."""
    who = meet(db, line_id, at)
    db.execute(_VISIT, {"key": VISITOR, "who": str(who.id)})
    return who


def last_visitor(db: Session) -> str | None:
    """The LINE user id of who has opened a page last, as the Login channel knows it."""
    number = db.scalar(select(meta.c.value).where(meta.c.key == VISITOR))
    if number is None:
        return None
    return db.scalar(select(resident.c.line_id).where(resident.c.id == int(number)))


def set_following(db: Session, line_id: str, follows: bool, at: datetime) -> bool:
    """Record a follow or unfollow; False if a newer state is known already."""
    meet(db, line_id, at)
    stamp = int(at.timestamp() * 1000)
    column = "followed_at" if follows else "unfollowed_at"
    changed = db.execute(
        update(resident)
        .where(resident.c.line_id == line_id)
        .where(resident.c.state_at <= stamp)
        .values(follows=follows, state_at=stamp, **{column: at})
        .returning(resident.c.id, resident.c.language)
    ).first()
    if changed is not None and follows and changed.language:
        linking.mark(db, changed.id)  # LINE may have forgotten their own menu meanwhile
    return changed is not None


def known(db: Session, line_ids: Collection[str]) -> set[str]:
    """Those of these LINE user ids that have a row."""
    theirs = select(resident.c.line_id).where(resident.c.line_id.in_(line_ids))
    return set(db.scalars(theirs))


def take_in(db: Session, line_ids: Collection[str], at: datetime) -> None:
    """Friends of whom no event told us, as of this time: rows, and nothing about them (R49)."""
    stamp = int(at.timestamp() * 1000)
    if line_ids:
        db.execute(_TAKE_IN, [{"line_id": one, "at": at, "stamp": stamp} for one in line_ids])


def bring_back(db: Session, line_ids: Collection[str], at: datetime) -> int:
    """Who is a friend although we take them for gone, by an event before this time; how many."""
    stamp = int(at.timestamp() * 1000)
    gone = resident.c.line_id.in_(line_ids) & ~resident.c.follows & (resident.c.state_at < stamp)
    changed = db.execute(update(resident).where(gone).values(follows=True, state_at=stamp))
    return int(changed.rowcount)  # type: ignore[attr-defined]


def count_friends(db: Session) -> int:
    """How many friends we count ourselves."""
    return db.execute(select(func.count()).where(resident.c.follows)).scalar_one()


def find(db: Session, number: int) -> Resident | None:
    """The resident with this id of ours; who is being erased is nobody any more."""
    theirs = (resident.c.id == number) & ~resident.c.line_id.startswith(ERASED, autoescape=True)
    found = db.execute(_SELECT.where(theirs)).one_or_none()
    return Resident(found.id, bool(found.follows), found.language) if found else None


def set_language(db: Session, number: int, language: str) -> None:
    """Remember which language a resident reads; their rich menu follows (`menu.linking`)."""
    db.execute(update(resident).where(resident.c.id == number).values(language=language))
    linking.mark(db, number)


_SELECT = select(resident.c.id, resident.c.follows, resident.c.language)


def _find(db: Session, line_id: str) -> Any:
    return db.execute(_SELECT.where(resident.c.line_id == line_id)).one_or_none()
