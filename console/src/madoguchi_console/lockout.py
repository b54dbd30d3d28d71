"""Five wrong tries within a quarter of an hour close a name for a quarter of an hour.

Names that nobody has are counted alike, so the answer tells nothing about who exists. What was
typed is stored as a keyed hash.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from madoguchi_console.models import attempt

TRIES = 5
FROM_ONE_PLACE = 30
"""So many from one address, whatever the names: a whole office may share one."""
WITHIN = timedelta(minutes=15)


def key_of(key: bytes, kind: str, text: str) -> str:
    """What stands in the row."""
    return hmac.digest(key, f"{kind} {text}".encode(), hashlib.sha256).hex()


def is_locked(db: Session, who: str, place: str, now: datetime) -> bool:
    """Whether nobody may try under this name, or from this place, just now."""
    return _count(db, who, now) >= TRIES or _count(db, place, now) >= FROM_ONE_PLACE


def note_failure(db: Session, who: str, place: str, now: datetime) -> bool:
    """Count a failure; True if this one closed the name."""
    db.execute(insert(attempt), [{"who": who, "at": now}, {"who": place, "at": now}])
    return _count(db, who, now) == TRIES


def forgive(db: Session, who: str) -> None:
    """Forget the failures under a name: somebody came in."""
    db.execute(delete(attempt).where(attempt.c.who == who))


def forget(db: Session, now: datetime) -> None:
    """Delete failures that count no more."""
    db.execute(delete(attempt).where(attempt.c.at < now - WITHIN))


def _count(db: Session, who: str, now: datetime) -> int:
    recent = (attempt.c.who == who) & (attempt.c.at > now - WITHIN)
    return db.scalar(select(func.count()).select_from(attempt).where(recent)) or 0
