"""What the worker finds in the inbox about a resident, and what it has forgotten there.

On PostgreSQL the inbox is a table like any other. Embedded, it is a file that the door alone
writes: the worker writes orders (`inbox_order`), and the door carries them out (`forgetting`).
Functions that take `db` belong into a unit.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, TypeVar

from sqlalchemy import Double, bindparam, delete, insert, text, update
from sqlalchemy.orm import Session

from madoguchi import forgetting
from madoguchi.inbox import read
from madoguchi.store import Store
from madoguchi.tables import inbox, inbox_order
from madoguchi.types import Event

T = TypeVar("T")

_NAMING = "SELECT event_id, at, raw FROM inbox WHERE raw IS NOT NULL AND {} ORDER BY seq"
_DONE = "(done OR EXISTS (SELECT 1 FROM handled h WHERE h.event_id = inbox.event_id))"
# The bytes of an event may be no JSON at all, so they are only looked through.
_PLACE = r"raw IS NOT NULL AND encode(raw, 'escape') ~ '\"type\"\s*:\s*\"location\"'"
_BEFORE = bindparam("before", type_=Double)


async def find_naming(store: Store, line_id: str) -> list[Event]:
    """The events whose bytes name this LINE id, oldest first; those of groups as well."""
    if store.dialect == "sqlite":
        sql = _NAMING.format("instr(raw, ?)")
        rows = await _look(store, lambda db: db.execute(sql, (line_id.encode(),)).fetchall()) or []
    else:
        rows = await store.fetch(_NAMING.format("position($1 IN raw) > 0"), line_id.encode())
    return [Event.from_raw(event_id, read(bytes(raw)), at) for event_id, at, raw in rows]


async def count_old(store: Store, before: float) -> int:
    """How many events are older."""
    if store.dialect == "sqlite":
        return await _look(store, lambda db: forgetting.count_old(db, before)) or 0
    return int((await store.fetch("SELECT count(*) FROM inbox WHERE at < $1", before))[0][0])


async def count_places(store: Store, before: float) -> int:
    """How many events are older and still hold a location."""
    if store.dialect == "sqlite":
        return await _look(store, lambda db: forgetting.count_places(db, before)) or 0
    sql = f"SELECT count(*) FROM inbox WHERE at < $1 AND {_PLACE}"
    return int((await store.fetch(sql, before))[0][0])


async def find_carried_out(store: Store) -> list[str]:
    """The keys of the orders that the door has carried out."""
    if store.dialect != "sqlite":
        return []
    rows = await _look(store, lambda db: db.execute("SELECT key FROM carried_out").fetchall())
    return [key for (key,) in rows or []]


def drop_orders(db: Session, keys: Sequence[str]) -> None:
    """Take away orders that were carried out."""
    db.execute(delete(inbox_order).where(inbox_order.c.key.in_(keys)))


def forget_events(db: Session, event_ids: Iterable[str]) -> None:
    """Forget what these events hold; that they were there stays known."""
    wanted = list(event_ids)
    if _is_embedded(db):
        orders = [{"key": _key(), "what": "event", "event_id": one} for one in wanted]
        if orders:
            db.execute(insert(inbox_order), orders)
    else:
        db.execute(update(inbox).where(inbox.c.event_id.in_(wanted)).values(raw=None))


def forget_old(db: Session, before: float, most: int) -> int:
    """Delete handled events that are older, at most so many; 0 if the door is to do it."""
    if _is_embedded(db):
        return _order(db, "before", before)
    sql = text(
        "DELETE FROM inbox WHERE seq IN (SELECT seq FROM inbox WHERE at < :before"
        f" AND {_DONE} ORDER BY seq LIMIT :most)"
    ).bindparams(_BEFORE)
    gone = _run(db, sql, before, most)
    if gone < most:
        db.execute(
            text(
                "DELETE FROM unsent u WHERE NOT EXISTS"
                " (SELECT 1 FROM inbox i WHERE i.message_id = u.message_id)"
            )
        )
    return gone


def forget_places(db: Session, before: float, most: int) -> int:
    """Forget locations in handled events that are older; 0 if the door is to do it."""
    if _is_embedded(db):
        return _order(db, "places", before)
    sql = text(
        "UPDATE inbox SET raw = NULL WHERE seq IN (SELECT seq FROM inbox WHERE at < :before"
        f" AND {_DONE} AND {_PLACE} ORDER BY seq LIMIT :most)"
    ).bindparams(_BEFORE)
    return _run(db, sql, before, most)


def order_scrub(db: Session) -> None:
    """Have the door write its file anew, without what was deleted; nothing on PostgreSQL."""
    if _is_embedded(db):
        _order(db, "scrub", None)


def _order(db: Session, what: str, before: float | None) -> int:
    """One order of a kind is enough: the later one says more."""
    db.execute(delete(inbox_order).where(inbox_order.c.what == what))
    db.execute(insert(inbox_order).values(key=_key(), what=what, before=before))
    return 0


def _run(db: Session, sql: Any, before: float, most: int) -> int:
    return db.execute(sql, {"before": before, "most": most}).rowcount  # type: ignore[attr-defined]


def _key() -> str:
    return secrets.token_hex(8)


def _is_embedded(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


async def _look(store: Store, find: Callable[[sqlite3.Connection], T]) -> T | None:
    """What is found in the door's file; None if there is none yet."""

    def look() -> T | None:
        path = store.place.with_name("inbox.sqlite")
        if not path.exists():
            return None
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return find(db)

    return await asyncio.to_thread(look)
