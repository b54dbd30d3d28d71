"""A restored copy does nothing by itself until a person has looked and says so.

What it would send may have been sent after the copy was made. Held: events are taken and kept,
pages open, erasures made since are repeated; no event is handled, no job runs, nothing is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi.ledger_tables import chunk, delivery
from madoguchi.store import Store, StoreUnavailable
from madoguchi.tables import meta, outgoing

HELD = "held"
"""The key in `meta` that says since when, and of when the copy is."""


@dataclass(frozen=True, slots=True)
class Held:
    """A restored copy that waits for a person, and what would go out."""

    since: datetime
    made: datetime
    """When the copy was made: what happened after that is not in it."""
    letters: int
    """Messages to single residents."""
    deliveries: int
    people: int
    """How many the deliveries that were under way have still to reach."""


def hold(db: Session, made: datetime, now: datetime) -> None:
    """From the next start on, nothing is handled or sent; the copy was `made` then."""
    db.execute(delete(meta).where(meta.c.key == HELD))
    db.execute(insert(meta).values(key=HELD, value=f"{now.isoformat()} {made.isoformat()}"))
    audit(db, Actor("system", "core/restore", "madoguchi"), "gateway.hold", "gateway")


def is_held(db: Session) -> bool:
    """Whether nothing is handled or sent."""
    return db.scalar(select(meta.c.value).where(meta.c.key == HELD)) is not None


def look(db: Session) -> Held | None:
    """What is held; None: everything goes its way."""
    value = db.scalar(select(meta.c.value).where(meta.c.key == HELD))
    if value is None:
        return None
    since, made = map(datetime.fromisoformat, value.split(" "))
    letters = db.scalar(select(func.count()).where(outgoing.c.state == "waiting")) or 0
    deliveries, people = db.execute(
        select(
            func.count(delivery.c.id.distinct()),
            func.coalesce(func.sum(chunk.c.size - chunk.c.left_out), 0),
        )
        .join(chunk, chunk.c.delivery_id == delivery.c.id)
        .where(delivery.c.state == "sending", chunk.c.state == "waiting")
    ).one()
    return Held(since, made, letters, deliveries, int(people))


async def wait(store: Store) -> None:
    """Return when nothing is held any more."""
    while True:
        with suppress(StoreUnavailable):
            if not await store.read(is_held):
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
