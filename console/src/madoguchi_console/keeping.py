"""What somebody had written when their session ended: kept for a day, for them alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from starlette.requests import Request

from madoguchi_console.models import kept

MOST = 500_000
"""Bytes of a post that is kept."""
LIFE = timedelta(hours=24)


async def read_typed(request: Request) -> list[list[str]]:
    """The texts of a post, passwords and files left out; nothing if it is too large."""
    length = request.headers.get("content-length", "")
    kind = request.headers.get("content-type", "")
    is_form = "urlencoded" in kind or "form-data" in kind
    if not is_form or not length.isdecimal() or int(length) > MOST:
        return []
    async with request.form() as form:
        return [
            [name, value]
            for name, value in form.multi_items()
            if isinstance(value, str) and "password" not in name
        ]


def keep(
    db: Session, staff_id: int, path: str, typed: Sequence[Sequence[str]], now: datetime
) -> None:
    """Keep it instead of what was kept before."""
    drop(db, staff_id)
    db.execute(insert(kept).values(staff_id=staff_id, path=path, typed=typed, at=now))


def find_kept(db: Session, staff_id: int, now: datetime) -> Any:
    """What waits for this person: a row with `path` and `typed`, or None."""
    theirs = select(kept).where(kept.c.staff_id == staff_id, kept.c.at > now - LIFE)
    return db.execute(theirs).one_or_none()


def drop(db: Session, staff_id: int) -> None:
    """Forget it."""
    db.execute(delete(kept).where(kept.c.staff_id == staff_id))


def forget(db: Session, now: datetime) -> None:
    """Forget what nobody came back for."""
    db.execute(delete(kept).where(kept.c.at < now - LIFE))
