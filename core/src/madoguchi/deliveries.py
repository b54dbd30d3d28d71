"""Deliveries to many, for plugins: freeze recipients, start, pause, resume, cancel, count.

Plain functions for a unit (`await page.write(deliveries.start, key)`). A delivery is named by a
`key` that begins with the plugin's name (`segment/12/1`). Its recipients are frozen into chunks of
at most 500, each with a retry key of its own that is committed before LINE is called; `couriers`
sends them. What becomes of each recipient stands in the ledger:
`sent + waiting + unknown + left_out = frozen`, at every moment.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from madoguchi.answers import Outcome
from madoguchi.freezing import (
    Delivery,
    NotFrozen,
    begin_freeze,
    change_state,
    end_freeze,
    freeze,
    freeze_broadcast,
    freeze_drill,
    freeze_in_slices,
    freeze_slice,
    look,
    now_of,
)
from madoguchi.ledger_tables import chunk, delivery, parcel
from madoguchi.line import retry_key
from madoguchi.rates import MULTICASTS

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
    "is_undecided",
    "left_out",
    "look",
    "pause",
    "received",
    "recipients",
    "resume",
    "start",
]

STAFF = "staff"
"""Why a delivery is paused if a person did it; else one of `answers.Outcome`."""


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery that went to somebody, or may have gone."""

    key: str
    at: float
    """Seconds since 1970."""
    state: str
    """"accepted" or "unknown"."""
    messages: Any


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


# Steering.


def start(db: Session, key: str) -> bool:
    """Let a frozen delivery go out; False if it is not frozen, or was started before."""
    now = now_of(db)
    this = delivery.c.key == key
    if not change_state(db, this, "frozen", state="sending", started=now):
        return False
    _space(db, key, now)
    return True


def pause(db: Session, key: str) -> bool:
    """Stop it; within two seconds no call starts any more."""
    return change_state(db, delivery.c.key == key, "sending", state="paused", reason=STAFF)


def resume(db: Session, key: str) -> bool:
    """Go on with a paused delivery."""
    found = db.execute(select(delivery.c.reason).where(delivery.c.key == key)).first()
    changes = {"state": "sending", "reason": None, "detail": None}
    if found is None or not change_state(db, delivery.c.key == key, "paused", **changes):
        return False
    if found.reason == Outcome.BAD_RECIPIENTS:  # who resumes has seen them
        db.execute(update(chunk).where(_of(key)).values(bad=0))
    _space(db, key, now_of(db))
    return True


def cancel(db: Session, key: str) -> bool:
    """End it: who waits is left out; calls that are under way are still written down."""
    states = ("freezing", "frozen", "sending", "paused")
    if not change_state(db, delivery.c.key == key, *states, state="cancelled", detail=None):
        return False
    never = _of(key) & (chunk.c.state == "waiting") & chunk.c.first_try.is_(None)
    db.execute(update(chunk).where(never).values(state="left out", left_out=chunk.c.size))
    left = select(chunk.c.id).where(_of(key), chunk.c.state == "waiting").exists()
    db.execute(update(delivery).where(delivery.c.key == key, ~left).values(ended=now_of(db)))
    return True


def decide(db: Session, key: str, *, again: bool) -> int:
    """What to do with those of whom nobody knows; how many chunks that concerns.

    `again`: they are sent it once more, and some may get it twice. Else it stays at that.
    """
    found = look(db, key)
    if found is None or (again and found.state == "cancelled"):
        return 0
    rows = db.execute(_undecided(key, found.kind).with_for_update(of=chunk)).all()
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
        change_state(db, delivery.c.key == key, "done", state="sending", ended=None)
    return len(rows)


def is_undecided(db: Session, key: str) -> bool:
    """Whether a person still has to `decide` about some of whom nobody knows."""
    found = look(db, key)
    if found is None or found.state != "done":
        return False
    return db.execute(_undecided(key, found.kind).limit(1)).first() is not None


def _undecided(key: str, kind: str) -> Select[Any, Any, Any]:
    return (
        select(chunk.c.id, chunk.c.n, chunk.c.key)
        .join(parcel, parcel.c.chunk_id == chunk.c.id)
        .where((func.length(parcel.c.addresses) > 0) | (kind == "broadcast"))
        .where(_of(key), chunk.c.state == "unknown", chunk.c.error.is_distinct_from("decided"))
    )


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
    return max(found[0] / MULTICASTS, found[1] - now_of(db))


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


def received(db: Session, resident_id: int) -> list[Received]:
    """What went to a resident, or may have gone: for their copy. Drills and broadcasts go to none.

    Each list of recipients in which the id may stand is read, about one for each delivery.
    """
    rows = db.execute(
        select(delivery, chunk.c.state.label("became"), chunk.c.accepted_at, chunk.c.first_try)
        .add_columns(parcel.c.recipients, parcel.c.left_out.label("gone"))
        .join(chunk, chunk.c.delivery_id == delivery.c.id)
        .join(parcel, parcel.c.chunk_id == chunk.c.id)
        .where(
            delivery.c.channel == "live",
            parcel.c.low <= resident_id,
            parcel.c.high >= resident_id,
            chunk.c.state.in_(("accepted", "unknown")),
        ),
        execution_options={"yield_per": 20},
    )
    return [
        Received(
            row.key,
            row.accepted_at or row.first_try or row.created,
            row.became,
            json.loads(row.messages)["messages"],
        )
        for row in rows
        if resident_id in row.recipients and str(resident_id) not in row.gone
    ]


def _of(key: str) -> Any:
    """The chunks of a delivery."""
    return chunk.c.delivery_id == (
        select(delivery.c.id).where(delivery.c.key == key).scalar_subquery()
    )
