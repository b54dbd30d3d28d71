"""Forgetting what is over: sessions, failed tries, slips, what was kept, looks."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from madoguchi_console import keeping, lockout, sessions
from madoguchi_console.models import invitation, look


async def forget_old(job: Any) -> None:
    """Each hour."""
    await job.write(_forget, job.now)


def _forget(db: Session, now: datetime) -> None:
    sessions.forget(db, now)
    lockout.forget(db, now)
    keeping.forget(db, now)
    db.execute(delete(invitation).where(invitation.c.until < now))
    db.execute(delete(look).where(look.c.until < now))
