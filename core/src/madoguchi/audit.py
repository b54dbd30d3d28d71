"""Who did what to what, in a log that shows it when a row is changed or taken out.

Rows are inserted plainly, inside the caller's own unit. A job calls `seal` each second: it gives
each new row its place in a chain, in which every seal covers the row and the seal before it.
Rows hold references only; a name, a text or an address of a resident has no place here.
"""

import asyncio
import hashlib
import itertools
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.orm import Session

from .store import Store, StoreUnavailable, clean_json
from .tables import audit as log
from .tables import meta

HEAD = "audit_head"
"""The key in `meta` under which the end of the chain stands, as `<position>:<seal>`."""

TAIL = "audit_tail"
"""The same of the last line that was forgotten because of its age; absent before that."""

SEAL_AT_ONCE = 1000
UNSEALED = "SELECT 1 FROM audit WHERE position IS NULL LIMIT 1"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `id` is a reference (a staff id, a plugin's name); `label` is what staff see."""

    kind: Literal["staff", "resident", "plugin", "system"]
    id: str
    label: str


def audit(
    db: Session, actor: Actor, action: str, object: str, detail: dict[str, Any] | None = None
) -> None:
    """Write down that `actor` did `action` (`delivery.approve`) to `object` (`delivery:12`).

    It commits or rolls back with what it tells of. `detail` takes JSON values, references only.
    """
    db.execute(
        insert(log).values(
            at=_now(db),
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label,
            action=action,
            object=object,
            detail=detail,
        )
    )


def seal(db: Session) -> int:
    """Seal the rows that have none yet, at most `SEAL_AT_ONCE`; answers how many.

    Any number of workers may do this at once: they take turns at the end of the chain.
    """
    end = db.execute(select(meta.c.value).where(meta.c.key == HEAD).with_for_update()).scalar_one()
    position, previous = _parse(end)
    rows = db.execute(
        select(log).where(log.c.position.is_(None)).order_by(log.c.id).limit(SEAL_AT_ONCE)
    ).all()
    now = _now(db)
    for row in rows:
        position += 1
        previous = _seal(position, previous, row)
        db.execute(
            update(log)
            .where(log.c.id == row.id)
            .values(position=position, seal=previous, sealed_at=now)
        )
    if rows:
        db.execute(update(meta).where(meta.c.key == HEAD).values(value=f"{position}:{previous}"))
    return len(rows)


async def keep_sealed(store: Store) -> None:
    """Seal new lines each second, for ever."""
    while True:
        await asyncio.sleep(1)
        with suppress(StoreUnavailable):
            if await store.fetch(UNSEALED):
                await store.write(seal)


def verify(db: Session) -> int | None:
    """The id of the first row that does not fit the chain, or None if all do.

    Where a row was taken out it is the one that followed; where the end was, the last that is left
    (0 if nothing is).
    """
    expected, previous = _parse(_stored(db, TAIL))
    last = 0
    rows = db.execute(
        select(log).where(log.c.position.is_not(None)).order_by(log.c.position),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        expected += 1
        if row.position != expected or row.seal != _seal(expected, previous, row):
            return row.id
        previous, last = row.seal, row.id
    return None if _parse(_stored(db, HEAD)) == (expected, previous) else last


def forget_old(db: Session, before: datetime, most: int) -> int:
    """Delete the first lines of the chain if they are older; how many. The rest can be verified."""
    db.execute(select(meta.c.value).where(meta.c.key == HEAD).with_for_update())
    rows = db.execute(
        select(log.c.id, log.c.at, log.c.position, log.c.seal)
        .where(log.c.position.is_not(None))
        .order_by(log.c.position)
        .limit(most)
    ).all()
    old = list(itertools.takewhile(lambda row: row.at < before, rows))
    if old:
        db.execute(delete(log).where(log.c.id.in_([row.id for row in old])))
        db.execute(delete(meta).where(meta.c.key == TAIL))
        db.execute(insert(meta).values(key=TAIL, value=f"{old[-1].position}:{old[-1].seal}"))
    return len(old)


def _stored(db: Session, key: str) -> str:
    return db.execute(select(meta.c.value).where(meta.c.key == key)).scalar() or "0:"


def _now(db: Session) -> datetime:
    return db.info["clock"].now()


def _parse(end: str) -> tuple[int, str]:
    position, _, seal = end.partition(":")
    return int(position), seal


def _seal(position: int, previous: str, row: Row[Any]) -> str:
    content = [
        *(position, previous, row.id, row.at.astimezone(UTC).isoformat(timespec="microseconds")),
        *(row.actor_kind, row.actor_id, row.actor_label, row.action, row.object, row.detail),
    ]
    return hashlib.sha256(clean_json(content).encode()).hexdigest()
