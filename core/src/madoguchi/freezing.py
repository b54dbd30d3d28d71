"""Freezing: recipients become chunks with a retry key each, committed before LINE is called.

`madoguchi.deliveries` offers these names to plugins.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from madoguchi.errors import MadoguchiError
from madoguchi.ledger_tables import delivery, drill_friend
from madoguchi.line import retry_key
from madoguchi.replies import messages_of
from madoguchi_messages import check, to_bytes

MOST = 500
"""Recipients of one multicast (R23)."""
SLICE = 2_500
"""Recipients that one unit freezes."""


class NotFrozen(MadoguchiError):
    """What was to be frozen is somebody else's by now, or its key is in use."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stands."""

    key: str
    channel: str
    """"live" or "drill"."""
    kind: str
    """"multicast" or "broadcast"."""
    state: str
    """"freezing", "frozen", "sending", "paused", "cancelled" or "done"."""
    reason: str | None
    """Why it is paused: "staff", "unauthorized", "quota", "refused" or "bad recipients"."""
    detail: str | None
    """LINE's words to that."""
    urgent: bool
    spread: float
    frozen: int
    created: float
    started: float | None
    ended: float | None


_COLUMNS = [delivery.c[name] for name in Delivery.__dataclass_fields__]


def freeze(
    db: Session,
    key: str,
    resident_ids: Sequence[int],
    messages: Any,
    *,
    urgent: bool = False,
    spread: float = 0.0,
) -> Delivery:
    """Freeze up to 2,500 residents in one unit; more: `freeze_in_slices`.

    A key that was frozen before stays as it is. `urgent` goes before everything else; `spread`:
    seconds over which it is sent. Raises `InvalidMessages` for what LINE would refuse.
    """
    if len(resident_ids) > SLICE:
        raise ValueError(f"{len(resident_ids)} at once are too many: freeze_in_slices()")
    token = begin_freeze(db, key, messages, urgent=urgent, spread=spread)
    if token is not None:
        freeze_slice(db, key, token, resident_ids, _chunk_size(len(resident_ids), spread))
        end_freeze(db, key, token)
    return found(db, key)


async def freeze_in_slices(
    write: Callable[..., Awaitable[Any]],
    key: str,
    resident_ids: Sequence[int],
    messages: Any,
    *,
    urgent: bool = False,
    spread: float = 0.0,
) -> Delivery:
    """Freeze any number of residents, read beforehand in one snapshot; `write` runs a unit.

    Ids ascending, each once. After a crash in the middle it begins again; what was frozen to its
    end stays. Raises `NotFrozen` if somebody else has begun to freeze the same meanwhile.
    """
    token = await write(begin_freeze, key, messages, urgent=urgent, spread=spread)
    if token is not None:
        size = _chunk_size(len(resident_ids), spread)
        step = max(1, SLICE // size) * size
        for at in range(0, len(resident_ids), step):
            part = resident_ids[at : at + step]
            await write(freeze_slice, key, token, part, size)
        await write(end_freeze, key, token)
    return await write(found, key)


def begin_freeze(
    db: Session,
    key: str,
    messages: Any,
    *,
    urgent: bool = False,
    spread: float = 0.0,
    channel: str = "live",
) -> str | None:
    """Begin to freeze, or begin again; what `freeze_slice` takes. None: it is frozen already."""
    ready = messages_of(messages)
    if not ready:
        raise ValueError("a delivery needs at least one message")
    check(ready)
    there = db.execute(
        select(delivery.c.id, delivery.c.state).where(delivery.c.key == key).with_for_update()
    ).first()
    if there is not None and there.state != "freezing":
        return None
    token = uuid4().hex
    if there is not None:
        db.execute(delete(delivery).where(delivery.c.id == there.id))
    db.execute(
        insert(delivery).values(
            key=key,
            channel=channel,
            kind="multicast",
            state="freezing",
            detail=token,
            urgent=urgent,
            spread=spread,
            messages=to_bytes({"messages": ready}),
            created=now_of(db),
        )
    )
    return token


def freeze_slice(
    db: Session, key: str, token: str, resident_ids: Sequence[int], size: int = MOST
) -> int:
    """Freeze some more residents into chunks of `size`; how many.

    Who has gone since the audience was read is frozen, too, and left out at once.
    """
    ids = list(resident_ids)
    rows = db.execute(_ADDRESSES[_dialect(db)], {"ids": json.dumps(ids)}).all()
    return _freeze_rows(db, key, token, ids, {row[0]: row[1] for row in rows}, size)


def _freeze_rows(
    db: Session, key: str, token: str, ids: Sequence[int], known: Mapping[int, str], size: int
) -> int:
    pieces = [ids[at : at + size] for at in range(0, len(ids), size)]
    this = (delivery.c.key == key) & (delivery.c.state == "freezing") & (delivery.c.detail == token)
    begun = db.execute(
        update(delivery)
        .where(this)
        .values(chunks=delivery.c.chunks + len(pieces), frozen=delivery.c.frozen + len(ids))
        .returning(delivery.c.id, delivery.c.chunks)
    ).first()
    if begun is None:
        raise NotFrozen(f"the delivery {key} was begun anew by somebody else")
    for n, piece in enumerate(pieces, begun.chunks - len(pieces)):
        present = [known[one] for one in piece if one in known]
        gone = {str(one): "unfollowed" for one in piece if one not in known}
        row = {
            "delivery_id": begun.id,
            "n": n,
            "key": retry_key("delivery", key, n),
            "state": "waiting" if present else "left out",
            "size": len(piece),
            "left_out": len(gone),
        }
        number = db.execute(_CHUNK, row).scalar_one()
        what = {
            "chunk_id": number,
            "low": min(piece),
            "high": max(piece),
            "recipients": json.dumps(list(piece), separators=(",", ":")),
            "left_out": json.dumps(gone),
            "addresses": json.dumps(present, separators=(",", ":")).encode(),
        }
        db.execute(_PARCEL[_dialect(db)], what)
    return len(ids)


def end_freeze(db: Session, key: str, token: str) -> None:
    """All are frozen."""
    this = (delivery.c.key == key) & (delivery.c.detail == token)
    if not change_state(db, this, "freezing", state="frozen", detail=None):
        raise NotFrozen(f"the delivery {key} was begun anew by somebody else")


def freeze_broadcast(
    db: Session, key: str, messages: Any, friends: int, *, urgent: bool = False
) -> Delivery:
    """Freeze LINE's own broadcast to all friends as one row; `friends` is what LINE counts.

    For where our own list is known to lack people. Its correction is a broadcast, too.
    """
    token = begin_freeze(db, key, messages, urgent=urgent)
    if token is not None:
        row = db.execute(
            update(delivery)
            .where(delivery.c.key == key)
            .values(kind="broadcast", chunks=1, frozen=friends)
            .returning(delivery.c.id)
        ).one()
        number = db.execute(
            _CHUNK,
            {
                "delivery_id": row.id,
                "n": 0,
                "key": retry_key("delivery", key, 0),
                "state": "waiting",
                "size": friends,
                "left_out": 0,
            },
        ).scalar_one()
        nobody = {"chunk_id": number, "low": 0, "high": 0, "recipients": "[]", "left_out": "{}"}
        db.execute(_PARCEL[_dialect(db)], {**nobody, "addresses": b""})
        end_freeze(db, key, token)
    return found(db, key)


def freeze_drill(db: Session, key: str, messages: Any) -> Delivery:
    """Freeze a drill: all friends of the channel for drills, and nobody else can be named."""
    token = begin_freeze(db, key, messages, channel="drill")
    if token is not None:
        friends = select(drill_friend.c.id, drill_friend.c.line_id).where(drill_friend.c.follows)
        known = {row.id: row.line_id for row in db.execute(friends.order_by(drill_friend.c.id))}
        _freeze_rows(db, key, token, list(known), known, MOST)
        end_freeze(db, key, token)
    return found(db, key)


def _chunk_size(total: int, spread: float) -> int:
    """Smaller chunks where few people are spread over a long time, one each five seconds."""
    steps = int(spread / 5)
    return MOST if steps < 1 else max(1, min(MOST, -(-total // steps)))


def look(db: Session, key: str) -> Delivery | None:
    """The delivery of this key."""
    row = db.execute(select(*_COLUMNS).where(delivery.c.key == key)).first()
    return Delivery(*row) if row else None


# Within.


_ADDRESSES = {
    "sqlite": text(
        "SELECT id, line_id FROM resident"
        " WHERE id IN (SELECT value FROM json_each(:ids)) AND follows"
    ),
    "postgresql": text(
        "SELECT id, line_id FROM resident WHERE id IN"
        " (SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json))) AND follows"
    ),
}
_CHUNK = text(
    "INSERT INTO chunk (delivery_id, n, key, state, size, left_out)"
    " VALUES (:delivery_id, :n, :key, :state, :size, :left_out) RETURNING id"
)
_INTO_PARCEL = "INSERT INTO parcel (chunk_id, low, high, recipients, left_out, addresses) VALUES"
_PARCEL = {
    "sqlite": text(f"{_INTO_PARCEL} (:chunk_id, :low, :high, :recipients, :left_out, :addresses)"),
    "postgresql": text(
        f"{_INTO_PARCEL} (:chunk_id, :low, :high, CAST(:recipients AS json),"
        " CAST(:left_out AS json), :addresses)"
    ),
}


def change_state(db: Session, this: Any, *states: str, **values: Any) -> bool:
    """Change a delivery if it is in one of these states; whether it was."""
    change = update(delivery).where(this, delivery.c.state.in_(states)).values(**values)
    return db.execute(change).rowcount == 1  # type: ignore[attr-defined]


def found(db: Session, key: str) -> Delivery:
    """The delivery of this key, which has to be there."""
    there = look(db, key)
    if there is None:
        raise NotFrozen(f"there is no delivery {key}")
    return there


def now_of(db: Session) -> float:
    """The time, by the store's clock."""
    return db.info["clock"].time()


def _dialect(db: Session) -> str:
    return db.get_bind().dialect.name
