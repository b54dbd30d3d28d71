"""Sessions are rows: they can be seen, ended by whoever they belong to, and by administrators.

Half an hour without a page, or twelve hours in all, ends one.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session as Unit

from madoguchi_console.models import session, staff
from madoguchi_console.people import Staff, complete, day_of, may_enter

IDLE = timedelta(minutes=30)
MOST = timedelta(hours=12)
ENTERING = timedelta(minutes=15)
"""How long the second step of a login may take."""
RENEW = timedelta(minutes=1)
KEPT = timedelta(hours=24)
"""An ended session is known for so long: what was written in it is kept for its owner."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of a member of staff."""

    hash: str
    staff: Staff
    stage: str
    """`in`, or on the way there: `code`, `enrol`."""
    begun: datetime
    seen: datetime
    is_over: bool
    pending: Any = None


def hash_of(token: str) -> str:
    """What is stored of a cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(db: Unit, staff_id: int, stage: str, now: datetime, address: str, browser: str) -> str:
    """A new session; what the browser's cookie holds."""
    token = secrets.token_urlsafe(32)
    known = {"hash": hash_of(token), "staff_id": staff_id, "stage": stage}
    shown = {"address": address[:60], "browser": browser[:200]}
    db.execute(insert(session).values(**known, **shown, begun=now, seen=now))
    if stage == "in":
        db.execute(update(staff).where(staff.c.id == staff_id).values(seen=now))
    return token


def find(db: Unit, token: str, now: datetime) -> Session | None:
    """The session of a cookie, ended ones included; None if it is none of ours, or closed."""
    row = db.execute(
        select(session, staff.c.id.label("number"))
        .join_from(session, staff)
        .where(session.c.hash == hash_of(token))
    ).one_or_none()
    if row is None:
        return None
    person = db.execute(select(staff).where(staff.c.id == row.number)).one()
    if not may_enter(person, day_of(now)):
        return None
    idle, most = (IDLE, MOST) if row.stage == "in" else (ENTERING, ENTERING)
    over = now > row.seen + idle or now > row.begun + most
    whose = complete(db, person)
    return Session(row.hash, whose, row.stage, row.begun, row.seen, over, row.pending)


def touch(db: Unit, known: Session, now: datetime) -> None:
    """Write down that the session was seen now."""
    db.execute(update(session).where(session.c.hash == known.hash).values(seen=now))


def set_pending(db: Unit, known: Session, pending: Any) -> None:
    """What is to be proven by this session."""
    db.execute(update(session).where(session.c.hash == known.hash).values(pending=pending))


def set_stage(db: Unit, known: Session, stage: str) -> None:
    """How far this login has come."""
    db.execute(update(session).where(session.c.hash == known.hash).values(stage=stage))


def open_sessions(db: Unit, staff_id: int, now: datetime) -> Sequence[Any]:
    """The sessions of a person that are not over, the newest first."""
    mine = select(session).where(session.c.staff_id == staff_id, session.c.stage == "in")
    alive = mine.where(session.c.seen > now - IDLE, session.c.begun > now - MOST)
    return db.execute(alive.order_by(session.c.seen.desc())).all()


def end(db: Unit, staff_id: int, *, only: str = "", but: str = "") -> int:
    """End a person's sessions: all, only the one with this hash, or all but one. How many."""
    these = session.c.staff_id == staff_id
    if only:
        these &= session.c.hash == only
    if but:
        these &= session.c.hash != but
    return db.execute(delete(session).where(these)).rowcount  # type: ignore[attr-defined]


def forget(db: Unit, now: datetime) -> None:
    """Delete what nobody comes back to."""
    db.execute(delete(session).where(session.c.seen < now - KEPT))
