"""Deliveries to many, for plugins: freeze recipients, start, pause, resume, cancel, count.

Plain functions for a unit (`await page.write(deliveries.start, key)`). A delivery is named by a
`key` that begins with the plugin's name (`segment/12/1`). Its recipients are frozen into chunks of
at most 500, each with a retry key of its own that is committed before LINE is called; `couriers`
sends them. What becomes of each recipient stands in the ledger:
`sent + waiting + unknown + left_out = frozen`, at every moment.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from madoguchi.answers import Outcome
from madoguchi.errors import MadoguchiError
from madoguchi.ledger_tables import chunk, delivery, drill_friend, parcel
from madoguchi.line import retry_key
from madoguchi.replies import messages_of
from madoguchi_messages import check, to_bytes

__all__ = [
    "Delivery",
    "Ledger",
    "NotFrozen",
    "begin_freeze",
    "cancel",
    "count",
    "decide",
    "end_freeze",
    "estimate",
    "freeze",
    "freeze_broadcast",
    "freeze_drill",
    "freeze_in_slices",
    "freeze_slice",
    "left_out",
    "look",
    "pause",
    "recipients",
    "resume",
    "start",
]

MOST = 500
"""Recipients of one multicast (R23)."""
SLICE = 2_500
"""Recipients that one unit freezes."""
PACE = 198.0
"""Multicasts a second (R27), for the estimate."""
STAFF = "staff"
"""Why a delivery is paused if a person did it; else one of `answers.Outcome`."""


class NotFrozen(MadoguchiError):
    """What was to be frozen is somebody else's by now, or its key is in use."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the recipients of a delivery are; the four add up to `frozen`."""

    frozen: int
    sent: int
    """LINE has accepted it for them. Not: they have seen it (R30)."""
    waiting: int
    unknown: int
    """Nobody knows whether LINE took it, and it is too late to ask: a person decides."""
    left_out: int

    @property
    def adds_up(self) -> bool:
        """Always true."""
        return self.sent + self.waiting + self.unknown + self.left_out == self.frozen


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


# Freezing.


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
    return _found(db, key)


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
    return await write(_found, key)


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
    found = db.execute(
        select(delivery.c.id, delivery.c.state).where(delivery.c.key == key).with_for_update()
    ).first()
    if found is not None and found.state != "freezing":
        return None
    token = uuid4().hex
    if found is not None:
        db.execute(delete(delivery).where(delivery.c.id == found.id))
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
            created=_now(db),
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
    if not _changed(db, this, "freezing", state="frozen", detail=None):
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
    return _found(db, key)


def freeze_drill(db: Session, key: str, messages: Any) -> Delivery:
    """Freeze a drill: all friends of the channel for drills, and nobody else can be named."""
    token = begin_freeze(db, key, messages, channel="drill")
    if token is not None:
        friends = select(drill_friend.c.id, drill_friend.c.line_id).where(drill_friend.c.follows)
        known = {row.id: row.line_id for row in db.execute(friends.order_by(drill_friend.c.id))}
        _freeze_rows(db, key, token, list(known), known, MOST)
        end_freeze(db, key, token)
    return _found(db, key)


def _chunk_size(total: int, spread: float) -> int:
    """Smaller chunks where few people are spread over a long time, one each five seconds."""
    steps = int(spread / 5)
    return MOST if steps < 1 else max(1, min(MOST, -(-total // steps)))


# Steering.


def start(db: Session, key: str) -> bool:
    """Let a frozen delivery go out; False if it is not frozen, or was started before."""
    now = _now(db)
    this = delivery.c.key == key
    if not _changed(db, this, "frozen", state="sending", started=now):
        return False
    _space(db, key, now)
    return True


def pause(db: Session, key: str) -> bool:
    """Stop it; within two seconds no call starts any more."""
    return _changed(db, delivery.c.key == key, "sending", state="paused", reason=STAFF)


def resume(db: Session, key: str) -> bool:
    """Go on with a paused delivery."""
    found = db.execute(select(delivery.c.reason).where(delivery.c.key == key)).first()
    changes = {"state": "sending", "reason": None, "detail": None}
    if found is None or not _changed(db, delivery.c.key == key, "paused", **changes):
        return False
    if found.reason == Outcome.BAD_RECIPIENTS:  # who resumes has seen them
        db.execute(update(chunk).where(_of(key)).values(bad=0))
    _space(db, key, _now(db))
    return True


def cancel(db: Session, key: str) -> bool:
    """End it: who waits is left out; calls that are under way are still written down."""
    states = ("freezing", "frozen", "sending", "paused")
    if not _changed(db, delivery.c.key == key, *states, state="cancelled", detail=None):
        return False
    never = _of(key) & (chunk.c.state == "waiting") & chunk.c.first_try.is_(None)
    db.execute(update(chunk).where(never).values(state="left out", left_out=chunk.c.size))
    left = select(chunk.c.id).where(_of(key), chunk.c.state == "waiting").exists()
    db.execute(update(delivery).where(delivery.c.key == key, ~left).values(ended=_now(db)))
    return True


def decide(db: Session, key: str, *, again: bool) -> int:
    """What to do with those of whom nobody knows; how many chunks that concerns.

    `again`: they are sent it once more, and some may get it twice. Else it stays at that.
    """
    found = look(db, key)
    if found is None or (again and found.state == "cancelled"):
        return 0
    rows = db.execute(
        select(chunk.c.id, chunk.c.n, chunk.c.key)
        .where(_of(key), chunk.c.state == "unknown", chunk.c.error.is_distinct_from("decided"))
        .with_for_update()
    ).all()
    for row in rows:
        if again:
            values = {
                "state": "waiting",
                "key": retry_key("delivery", key, row.n, "again", row.key),
                "first_try": None,
                "tries": 0,
                "next_try": 0.0,
            }
        else:
            values = {"error": "decided"}
        db.execute(update(chunk).where(chunk.c.id == row.id).values(**values))
    if rows and again:
        _changed(db, delivery.c.key == key, "done", state="sending", ended=None)
    return len(rows)


def _space(db: Session, key: str, now: float) -> None:
    """Give the chunks that were not tried yet their times, where it is to be spread."""
    found = db.execute(
        select(delivery.c.spread, delivery.c.chunks).where(delivery.c.key == key)
    ).one()
    if not found.spread:
        return
    untried = _of(key) & (chunk.c.state == "waiting") & chunk.c.first_try.is_(None)
    first = db.scalar(select(func.min(chunk.c.n)).where(untried))
    if first is not None:
        gap = found.spread / max(1, found.chunks)
        at = now + (chunk.c.n - first) * gap
        db.execute(update(chunk).where(untried).values(next_try=at))


# Looking.


def look(db: Session, key: str) -> Delivery | None:
    """The delivery of this key."""
    row = db.execute(select(*_COLUMNS).where(delivery.c.key == key)).first()
    return Delivery(*row) if row else None


def count(db: Session, key: str) -> Ledger:
    """Where the recipients are; all zero for a key that is not known."""
    frozen = db.scalar(select(delivery.c.frozen).where(delivery.c.key == key)) or 0
    rows = db.execute(
        select(
            chunk.c.state,
            func.sum(chunk.c.size - chunk.c.left_out),
            func.sum(chunk.c.left_out),
        )
        .where(_of(key))
        .group_by(chunk.c.state)
    ).all()
    by_state = {state: int(inside) for state, inside, _ in rows}
    return Ledger(
        frozen=frozen,
        sent=by_state.get("accepted", 0),
        waiting=by_state.get("waiting", 0),
        unknown=by_state.get("unknown", 0),
        left_out=sum(int(outside) for _, _, outside in rows),
    )


def estimate(db: Session, key: str) -> float | None:
    """In how many seconds it will have gone out, if nothing comes between; None: it is not going.

    Other deliveries that go before it are not counted in.
    """
    found = db.execute(
        select(func.count(chunk.c.id), func.max(chunk.c.next_try))
        .join(delivery, delivery.c.id == chunk.c.delivery_id)
        .where(delivery.c.key == key, delivery.c.state == "sending", chunk.c.state == "waiting")
    ).one()
    if not found[0]:
        return None
    return max(found[0] / PACE, found[1] - _now(db))


def left_out(db: Session, key: str) -> dict[str, int]:
    """How many were left out, by reason: "unfollowed", "refused by LINE", "erased", "cancelled"."""
    reasons: dict[str, int] = {}
    rows = db.execute(
        select(chunk.c.left_out, parcel.c.left_out)
        .join(parcel, parcel.c.chunk_id == chunk.c.id)
        .where(_of(key), chunk.c.left_out > 0)
    )
    for whole, named in rows:
        for reason in named.values():
            reasons[reason] = reasons.get(reason, 0) + 1
        if whole > len(named):
            reasons["cancelled"] = reasons.get("cancelled", 0) + whole - len(named)
    return reasons


def recipients(db: Session, key: str) -> Iterator[list[int]]:
    """To whom it went, or may have gone: ids chunk by chunk, ascending in each.

    A correction takes these. Nobody for a broadcast: its correction is a broadcast.
    """
    rows = db.execute(
        select(parcel.c.recipients, parcel.c.left_out)
        .join(chunk, chunk.c.id == parcel.c.chunk_id)
        .where(_of(key), chunk.c.state.in_(("accepted", "unknown")))
        .order_by(chunk.c.n),
        execution_options={"yield_per": 20},
    )
    for ids, gone in rows:
        yield [one for one in ids if str(one) not in gone]


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


def _of(key: str) -> Any:
    """The chunks of a delivery."""
    return chunk.c.delivery_id == (
        select(delivery.c.id).where(delivery.c.key == key).scalar_subquery()
    )


def _changed(db: Session, this: Any, *states: str, **values: Any) -> bool:
    change = update(delivery).where(this, delivery.c.state.in_(states)).values(**values)
    return db.execute(change).rowcount == 1  # type: ignore[attr-defined]


def _found(db: Session, key: str) -> Delivery:
    found = look(db, key)
    if found is None:
        raise NotFrozen(f"there is no delivery {key}")
    return found


def _now(db: Session) -> float:
    return db.info["clock"].time()


def _dialect(db: Session) -> str:
    return db.get_bind().dialect.name
