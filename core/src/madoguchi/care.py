"""How the gateway is looked after: when it was last copied, and whether its audit log is whole."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from madoguchi.store import Store
from madoguchi.tables import meta, settings

COPIED = "copied"
"""The key in `meta` under which the time of the last copy stands."""
BROKEN = "audit_broken"
"""The key in `meta` under which the first line that does not fit stands, while there is one."""


def note_copy(db: Session, at: datetime) -> None:
    """A copy was made, of the data as of this time."""
    _keep(db, COPIED, at.isoformat())


def last_copy(db: Session) -> datetime | None:
    """When the last copy was made; None: never, by `madoguchi backup`."""
    found = _stored(db, COPIED)
    return datetime.fromisoformat(found) if found else None


def opened(db: Session) -> datetime | None:
    """When the city was first opened: its settings were taken from its file."""
    return db.scalar(select(func.min(settings.c.at)))


def note_audit(db: Session, broken: int | None) -> None:
    """The chain of the audit log was followed; `broken`: the first line that does not fit."""
    _keep(db, BROKEN, None if broken is None else str(broken))


def audit_is_broken(db: Session) -> bool:
    """Whether the chain did not fit when it was last followed."""
    return _stored(db, BROKEN) is not None


def deeds(store: Store) -> dict[str, Callable[..., Awaitable[Any]]]:
    """What a command asks the worker to do (`asking`)."""

    async def note(at: str) -> None:
        await store.write(note_copy, datetime.fromisoformat(at))

    return {"backup.note": note}


def _stored(db: Session, key: str) -> str | None:
    return db.scalar(select(meta.c.value).where(meta.c.key == key))


def _keep(db: Session, key: str, value: str | None) -> None:
    db.execute(delete(meta).where(meta.c.key == key))
    if value is not None:
        db.execute(insert(meta).values(key=key, value=value))
