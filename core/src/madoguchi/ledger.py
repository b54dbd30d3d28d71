"""The units behind a courier: take chunks with a lease, write down what LINE said to them.

A chunk that is taken is marked as tried in the same commit, before LINE is called: whoever finds it
after a crash repeats the same bytes with the same key, and LINE sends once (R24, R25).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from madoguchi.answers import Answer, Outcome
from madoguchi.ledger_tables import chunk, delivery, parcel
from madoguchi.line import retry_key

LEASE = 30.0
"""Seconds after which a chunk that was taken may be taken again: longer than any call lasts."""
GIVE_UP = 23 * 3600.0
"""Retry keys are forgotten after 24 h (R25); a person decides before that."""
MANY_BAD, RUNNING = 5, 3
"""More refused ids than the first, in so many chunks running: something is wrong with our list."""
STOPPING = {
    Outcome.UNAUTHORIZED: "unauthorized",
    Outcome.QUOTA: "quota",
    Outcome.REFUSED: "refused",
    Outcome.INVALID_TOKEN: "refused",
}
"""Answers after which no call is right before a person has looked."""
CERTAIN = {*STOPPING, Outcome.SLOW_DOWN, Outcome.SLOW_DOWN_USER, Outcome.BAD_RECIPIENTS}
"""Answers that say that nobody got it."""

OPEN = (
    "SELECT id, kind, state FROM delivery"
    " WHERE channel = $1 AND state IN ('sending', 'cancelled') AND ended IS NULL"
)
DUE = {
    kind: (
        "SELECT count(*) FROM (SELECT 1 FROM delivery d JOIN chunk c ON c.delivery_id = d.id"
        f" WHERE d.channel = $1 AND d.state = 'sending' AND d.ended IS NULL AND d.kind = '{kind}'"
        " AND c.state = 'waiting' AND c.next_try <= $2 LIMIT $3) AS due"
    )
    for kind in ("multicast", "broadcast")
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A chunk that this worker has for a while."""

    id: int
    delivery_id: int
    kind: str
    key: str
    tries: int
    was_fresh: bool
    """Before this try, nobody can have got it."""
    addresses: bytes
    messages: bytes

    @property
    def body(self) -> bytes:
        """The bytes for LINE, the same at every try with the same key."""
        if self.kind == "broadcast":
            return self.messages
        return b'{"to":' + self.addresses + b"," + self.messages[1:]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a chunk; without an answer, it was given back before the call."""

    taken: Taken
    answer: Answer | None
    at: float


def step(
    db: Session, channel: str, now: float, settled: Sequence[Settled], kind: str, most: int
) -> list[Taken]:
    """Write down what was learned, then take up to `most` chunks that are due."""
    if settled:
        settle(db, channel, settled)
    return take(db, channel, kind, now, most) if most else []


def take(db: Session, channel: str, kind: str, now: float, most: int) -> list[Taken]:
    """Chunks that are due, the urgent deliveries' first, with a lease; marked as tried."""
    going = db.execute(
        select(delivery.c.id, delivery.c.messages)
        .where(
            delivery.c.channel == channel,
            delivery.c.state == "sending",
            delivery.c.ended.is_(None),
            delivery.c.kind == kind,
        )
        .order_by(delivery.c.urgent.desc(), delivery.c.started, delivery.c.id)
    ).all()
    taken: list[Taken] = []
    for number, messages in going:
        if len(taken) < most:
            taken += _take_of(db, channel, kind, number, bytes(messages), now, most - len(taken))
    return taken


_DUE_OF = (
    select(chunk.c.id, chunk.c.key, chunk.c.tries, chunk.c.first_try, parcel.c.addresses)
    .join(parcel, parcel.c.chunk_id == chunk.c.id)
    .order_by(chunk.c.next_try, chunk.c.id)
    .with_for_update(skip_locked=True, of=chunk)
)  # fmt: skip
_TAKE = text(
    "UPDATE chunk SET first_try = :first, tries = tries + 1, next_try = :until WHERE id = :id"
)
_GIVE_UP = text("UPDATE chunk SET state = 'unknown', error = :error WHERE id = :id")


def _take_of(
    db: Session, channel: str, kind: str, number: int, messages: bytes, now: float, most: int
) -> list[Taken]:
    due = (chunk.c.delivery_id == number) & (chunk.c.state == "waiting") & (chunk.c.next_try <= now)
    rows = db.execute(_DUE_OF.where(due).limit(most)).all()
    fresh = [row.id for row in rows if row.first_try is None and kind == "multicast"]
    gone = _gone(db, channel, fresh)
    taken, marks, late = [], [], []
    for row in rows:
        if row.first_try is not None and now - row.first_try > GIVE_UP:
            late.append({"id": row.id, "error": "nobody knows, and its key is too old"})
            continue
        addresses: bytes | None = bytes(row.addresses)
        if row.id in gone:
            addresses = _without(db, row.id, gone[row.id], "unfollowed")
        if addresses is None:
            continue  # nobody is left in it
        marks.append({"id": row.id, "first": row.first_try or now, "until": now + LEASE})
        fresh = row.first_try is None
        taken.append(Taken(row.id, number, kind, row.key, row.tries, fresh, addresses, messages))
    if late:
        db.execute(_GIVE_UP, late)
    if marks:
        db.execute(_TAKE, marks)
    return taken


_GONE = {
    channel: text(
        f"SELECT p.chunk_id, who.id FROM parcel p JOIN {people} who ON who.id BETWEEN p.low AND"
        " p.high WHERE p.chunk_id IN :chunks AND NOT who.follows"
    ).bindparams(bindparam("chunks", expanding=True))
    for channel, people in (("live", "resident"), ("drill", "drill_friend"))
}


def _gone(db: Session, channel: str, chunks: Sequence[int]) -> dict[int, set[int]]:
    """By chunk, who between its lowest and its highest id is no friend any more."""
    found: dict[int, set[int]] = {}
    for number, who in db.execute(_GONE[channel], {"chunks": chunks}) if chunks else ():
        found.setdefault(number, set()).add(who)
    return found


def _without(db: Session, number: int, gone: set[int], reason: str) -> bytes | None:
    """Leave people out of a chunk; its addresses then. None: nobody is left, it is closed."""
    row = db.execute(
        select(parcel.c.recipients, parcel.c.left_out, parcel.c.addresses)
        .where(parcel.c.chunk_id == number)
        .with_for_update()
    ).one()
    if not row.addresses:
        return None  # they were forgotten
    inside = [one for one in row.recipients if str(one) not in row.left_out]
    pairs = list(zip(inside, json.loads(row.addresses), strict=True))
    if gone.isdisjoint(inside):
        return bytes(row.addresses)
    out = row.left_out | {str(one): reason for one in inside if one in gone}
    kept = [line_id for one, line_id in pairs if one not in gone]
    addresses = json.dumps(kept, separators=(",", ":")).encode()
    db.execute(
        update(parcel)
        .where(parcel.c.chunk_id == number)
        .values(left_out=out, addresses=addresses if kept else b"")
    )
    state = {} if kept else {"state": "left out"}
    db.execute(update(chunk).where(chunk.c.id == number).values(left_out=len(out), **state))
    return addresses if kept else None


# What LINE said.

_ACCEPTED = text(
    "UPDATE chunk SET state = 'accepted', accepted_at = :at, request_id = :request_id, error = NULL"
    " WHERE id = :id AND key = :key AND state IN ('waiting', 'unknown')"
)
_EMPTY = text("UPDATE parcel SET addresses = :nothing WHERE chunk_id = :id")
_LATER = (
    "UPDATE chunk SET next_try = :at, error = :error, request_id = :request_id{fresh}"
    " WHERE id = :id AND key = :key AND state = 'waiting'"
)
_IN_DOUBT = text(_LATER.format(fresh=""))
_FRESH = text(_LATER.format(fresh=", first_try = NULL"))
_LEAVE_OUT = text(
    "UPDATE chunk SET state = 'left out', left_out = size WHERE state = 'waiting'"
    " AND first_try IS NULL AND delivery_id IN (SELECT id FROM delivery WHERE state = 'cancelled'"
    " AND ended IS NULL AND channel = :channel)"
)


def settle(db: Session, channel: str, settled: Sequence[Settled]) -> None:
    """Write down answers. Of two workers that had the same chunk, both may: the key decides."""
    accepted: list[dict[str, Any]] = []
    fresh: list[dict[str, Any]] = []
    doubted: list[dict[str, Any]] = []
    stops: dict[int, Answer] = {}
    for one in settled:
        taken, answer = one.taken, one.answer
        row: dict[str, Any] = {"id": taken.id, "key": taken.key, "at": one.at}
        row["request_id"] = answer.request_id if answer else None
        if answer is not None and answer.outcome is Outcome.ACCEPTED:
            accepted.append(row)
            continue
        row["error"] = answer.message[:500] if answer else None
        if answer is not None:
            row["at"] += pause_after(answer, taken.tries)
        is_certain = answer is None or answer.outcome in CERTAIN
        (fresh if taken.was_fresh and is_certain else doubted).append(row)
        if answer is not None and answer.outcome in STOPPING:
            stops.setdefault(taken.delivery_id, answer)
    for sql, rows in ((_ACCEPTED, accepted), (_FRESH, fresh), (_IN_DOUBT, doubted)):
        if rows:
            db.execute(sql, rows)
    if accepted:
        db.execute(_EMPTY, [{"id": row["id"], "nothing": b""} for row in accepted])
    for one in settled:
        if one.answer is not None and one.answer.outcome is Outcome.BAD_RECIPIENTS:
            _take_out_bad(db, one)
    for number, answer in stops.items():
        stop(db, channel, number, answer)
    if fresh:
        db.execute(_LEAVE_OUT, {"channel": channel})


def pause_after(answer: Answer, tries: int) -> float:
    """Seconds until the same may be tried again: doubling, five minutes at most (R25, R26)."""
    if answer.outcome is Outcome.BAD_RECIPIENTS or answer.outcome in STOPPING:
        return 0.0
    first = 0.25 if answer.outcome is Outcome.SLOW_DOWN else 1.0
    return min(first * 2.0 ** min(tries, 11), 300.0)


def stop(db: Session, channel: str, number: int, answer: Answer) -> None:
    """Pause a delivery for what LINE said; where nothing can be sent at all, all of the channel."""
    this = delivery.c.state == "sending"
    if answer.outcome in (Outcome.UNAUTHORIZED, Outcome.QUOTA):
        this &= delivery.c.channel == channel
    else:
        this &= delivery.c.id == number
    why = {"reason": STOPPING[answer.outcome], "detail": answer.message[:500]}
    db.execute(update(delivery).where(this).values(state="paused", **why))


def _take_out_bad(db: Session, one: Settled) -> None:
    """All ids that LINE named go, the rest gets a new key: nobody has got it (R29)."""
    taken, places = one.taken, one.answer.bad_recipients if one.answer else ()
    row = db.execute(
        select(chunk.c.n, chunk.c.bad, delivery.c.key)
        .join(delivery, delivery.c.id == chunk.c.delivery_id)
        .where(chunk.c.id == taken.id, chunk.c.key == taken.key, chunk.c.state == "waiting")
        .with_for_update(of=chunk)
    ).first()
    if row is None:
        return  # another worker was told the same, and was quicker
    before = db.execute(
        select(parcel.c.recipients, parcel.c.left_out).where(parcel.c.chunk_id == taken.id)
    ).one()
    inside = [who for who in before.recipients if str(who) not in before.left_out]
    bad = {inside[place] for place in places if place < len(inside)}
    _without(db, taken.id, bad, "refused by LINE")
    ever = sorted(
        {str(who) for who, why in before.left_out.items() if why == "refused by LINE"}
        | {str(who) for who in bad}
    )
    many = row.bad + len(bad)  # since a person has last looked
    db.execute(
        update(chunk)
        .where(chunk.c.id == taken.id)
        .values(key=retry_key("delivery", row.key, row.n, *ever), bad=many, first_try=None)
    )
    if many > MANY_BAD and _are_running(db, taken.delivery_id, row.n):
        values = {
            "state": "paused",
            "reason": Outcome.BAD_RECIPIENTS.value,
            "detail": one.answer.message[:500] if one.answer else None,
        }
        this = (delivery.c.id == taken.delivery_id) & (delivery.c.state == "sending")
        db.execute(update(delivery).where(this).values(**values))


def _are_running(db: Session, number: int, n: int) -> bool:
    """Whether there are `RUNNING` chunks in a row, this among them, with many ids refused."""
    near = chunk.c.n.between(n - RUNNING + 1, n + RUNNING - 1)
    rows = db.scalars(
        select(chunk.c.n).where(chunk.c.delivery_id == number, near, chunk.c.bad > MANY_BAD)
    )
    many = set(rows)
    return any(
        all(first + i in many for i in range(RUNNING)) for first in range(n - RUNNING + 1, n + 1)
    )


# The end.


def finish(db: Session, channel: str, now: float) -> None:
    """End what has nothing waiting any more; what was cancelled and under way is unknown then."""
    theirs = "SELECT id FROM delivery WHERE state = 'cancelled' AND ended IS NULL AND channel = :ch"
    db.execute(_LEAVE_OUT, {"channel": channel})
    db.execute(
        text(
            "UPDATE chunk SET state = 'unknown' WHERE state = 'waiting' AND next_try <= :now"
            f" AND delivery_id IN ({theirs})"
        ),
        {"ch": channel, "now": now},
    )
    left = select(chunk.c.id).where(
        chunk.c.delivery_id == delivery.c.id, chunk.c.state == "waiting"
    )
    over = (delivery.c.channel == channel) & delivery.c.ended.is_(None) & ~left.exists()
    for state, then in (("sending", "done"), ("cancelled", "cancelled")):
        this = update(delivery).where(over, delivery.c.state == state)
        db.execute(this.values(state=then, ended=now))


def forget_recipient(db: Session, who: int) -> None:
    """Take somebody who is erased out of what has not gone out. In a drill nobody is a resident.

    A chunk of which LINE may have taken a try keeps its bytes until LINE has said so (R25); they
    go with its acceptance, or when a person has decided.
    """
    rows = db.execute(
        select(chunk.c.id)
        .join(parcel, parcel.c.chunk_id == chunk.c.id)
        .join(delivery, delivery.c.id == chunk.c.delivery_id)
        .where(
            parcel.c.low <= who,
            parcel.c.high >= who,
            delivery.c.channel == "live",
            ((chunk.c.state == "waiting") & chunk.c.first_try.is_(None))
            | (chunk.c.state == "unknown"),
        )
    ).all()
    for row in rows:
        _without(db, row.id, {who}, "erased")


def forget_leases(db: Session, channel: str) -> None:
    """Chunks that a worker had which cannot live any more are due at once."""
    mine = select(delivery.c.id).where(delivery.c.channel == channel, delivery.c.ended.is_(None))
    this = (chunk.c.state == "waiting") & chunk.c.first_try.is_not(None)
    db.execute(update(chunk).where(this, chunk.c.delivery_id.in_(mine)).values(next_try=0.0))
