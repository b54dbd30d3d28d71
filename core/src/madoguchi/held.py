"""A restored copy does nothing by itself until a person has looked and says so.

What it would send may have been sent after the copy was made. Held: events are taken and kept,
pages open, erasures made since are repeated; no event is handled, no job runs, nothing is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi.store import Store, StoreUnavailable
from madoguchi.tables import meta

HELD = "held"
"""The key in `meta` that says since when, and why."""


def hold(db: Session, why: str, now: datetime) -> None:
    """From the next start on, nothing is handled or sent."""
    db.execute(delete(meta).where(meta.c.key == HELD))
    db.execute(insert(meta).values(key=HELD, value=f"{now:%Y-%m-%d %H:%M} {why}"))
    audit(db, Actor("system", "core/restore", "madoguchi"), "gateway.hold", "gateway")


def why_held(db: Session) -> str | None:
    """Since when and why nothing is sent; None: everything goes its way."""
    return db.scalar(select(meta.c.value).where(meta.c.key == HELD))


async def wait(store: Store) -> None:
    """Return when nothing is held any more."""
    while True:
        with suppress(StoreUnavailable):
            if await store.read(why_held) is None:
                return
        await asyncio.sleep(1)


def let_go(db: Session, actor: Actor) -> bool:
    """Let everything go its way again; False if nothing was held."""
    held = db.execute(delete(meta).where(meta.c.key == HELD)).rowcount  # type: ignore[attr-defined]
    if held:
        audit(db, actor, "gateway.resume", "gateway")
    return bool(held)


def deeds(store: Store) -> dict[str, Callable[..., Awaitable[Any]]]:
    """What a command asks the worker to do (`asking`)."""

    async def resume(actor: Mapping[str, Any]) -> bool:
        return await store.write(let_go, Actor(**actor))

    return {"gateway.resume": resume}
