# nosay: what is said here, staff read
"""Runs: which delivery is due, what holds it, and where it stands. Each occasion is one row, ever.

A run that is late, in quiet hours, changed too much, over its ceiling or without recipients is
held, and a person lets it go (`release`) or drops it (`drop`). Several schedulers and a clock that
jumps do no harm: the row of an occasion is unique.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, bindparam, delete, func, select, text, update
from sqlalchemy.orm import Session

from madoguchi import JST, deliveries
from madoguchi.audit import Actor, audit
from madoguchi.store import UTCDateTime
from madoguchi_segment.deliveries import schedules, states
from madoguchi_segment.deliveries.approving import APPROVE
from madoguchi_segment.deliveries.drafts import WRITE
from madoguchi_segment.deliveries.questions import drifted
from madoguchi_segment.deliveries.schedules import LATE, Closed, weekend
from madoguchi_segment.deliveries.states import Delivery, Officer, Refused, State
from madoguchi_segment.deliveries.tables import delivery, run

SYSTEM = Actor("system", "segment/deliveries", "madoguchi")
WENT_OUT = (State.SENT, State.CORRECTED, State.SCHEDULED)
"""After a run; what is sent again and again waits for its next one."""
REASONS: Mapping[str, str] = {
    "late": "予定の時刻を15分以上過ぎました。いま送ってよいですか。",
    "quiet": "夜9時から朝7時までの間です。いま送ってよいですか。",
    "drift": "承認のときから、人数が大きく変わりました。送ってよいですか。",
    "ceiling": "1回に送る人数の上限を超えています。送ってよいですか。",
    "empty": "送る相手が0人です。条件を確かめてください。",
    "condition": "送る相手の条件が、いまは使えません。直すか、あとでもう一度ためしてください。",
}
"""Why a run is held, as a question to the person."""


@dataclass(frozen=True, slots=True)
class Run:
    """One time a delivery goes out."""

    id: int
    delivery_id: int
    occasion: str
    version: int
    planned: datetime
    state: str
    """"planned", "held", "freezing", "going", "done" or "cancelled"."""
    reason: str | None
    released: bool
    expected: int | None
    found: int | None
    keys: Mapping[str, str]
    """Group of language → key in the ledger (`madoguchi.deliveries`)."""
    started: datetime | None
    ended: datetime | None
    blocks: int | None

    @property
    def question(self) -> str | None:
        """Why it is held, in words."""
        return REASONS[self.reason] if self.state == "held" and self.reason else None


_COLUMNS = [run.c[name] for name in Run.__dataclass_fields__]
_PLAN = text(
    "INSERT INTO segment_run (delivery_id, occasion, version, planned, state, expected, keys)"
    " VALUES (:delivery_id, :occasion, :version, :planned, 'planned', :expected, :keys)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("planned", type_=UTCDateTime), bindparam("keys", type_=JSON))


def runs_of(db: Session, number: int) -> list[Run]:
    """A delivery's runs, the last first."""
    rows = db.execute(
        select(*_COLUMNS).where(run.c.delivery_id == number).order_by(run.c.id.desc())
    )
    return [Run(*row) for row in rows]


def open_runs(db: Session, *states_: str) -> list[Run]:
    """Runs that have not ended, in these states, the oldest first."""
    rows = db.execute(
        select(*_COLUMNS)
        .where(run.c.ended.is_(None), run.c.state.in_(states_))
        .order_by(run.c.planned, run.c.id)
    )
    return [Run(*row) for row in rows]


def find(db: Session, number: int) -> Run:
    """The run with this id; `Refused` if there is none."""
    row = db.execute(select(*_COLUMNS).where(run.c.id == number)).first()
    if row is None:
        raise Refused("absent", "この送信は、ありません。")
    return Run(*row)


# What is due.


def plan(db: Session, now: datetime, is_closed: Closed = weekend) -> int:
    """Make the runs that are due; how many. What was edited since loses its runs."""
    _forget_edited(db)
    made = 0
    for one in states.find_all(db, states=[State.SCHEDULED, State.SENDING], most=10_000):
        if one.state is State.SENDING and one.kind != "rule":
            continue
        if one.until is not None and now.astimezone(JST).date() > date.fromisoformat(one.until):
            _end_rule(db, one, now)
            continue
        for when in _due(db, one, now, is_closed):
            row = {
                "delivery_id": one.id,
                "occasion": when.astimezone(JST).strftime("%Y-%m-%dT%H:%M"),
                "version": one.version,
                "planned": when,
                "expected": one.count_then,
                "keys": {},
            }
            made += db.execute(_PLAN, row).rowcount  # type: ignore[attr-defined]
    return made


def _due(db: Session, one: Delivery, now: datetime, is_closed: Closed) -> list[datetime]:
    planned = one.planned
    if planned is None:
        return []
    timing = schedules.parse(one.timing or {"every": "once"})
    last = db.scalar(select(func.max(run.c.planned)).where(run.c.delivery_id == one.id))
    if timing.is_at_once or one.emergency:
        return [] if last is not None else [planned]
    after = last or planned - timedelta(seconds=1)
    found = list(schedules.occasions(timing, after, now, is_closed))
    # Of times that were missed only the last is made up for, but each day has its own reminders.
    return found if timing.remind is not None else found[-1:]


def _forget_edited(db: Session) -> None:
    edited = (
        select(delivery.c.id)
        .where(delivery.c.id == run.c.delivery_id, delivery.c.version != run.c.version)
        .exists()
    )
    db.execute(delete(run).where(run.c.state.in_(("planned", "held")), edited))


def _end_rule(db: Session, one: Delivery, now: datetime) -> None:
    if one.state is State.SCHEDULED:
        states.move(db, one, State.SENT, SYSTEM, "end", now)


def hold_early(one: Delivery, this: Run, now: datetime) -> str | None:
    """What holds a run before its recipients are known."""
    if this.released:
        return None
    if now - this.planned > LATE:
        return "late"
    local = now.astimezone(JST).time()
    if schedules.is_quiet(local) and not (one.emergency or one.chosen_time):
        return "quiet"
    return None


def hold_for_count(one: Delivery, this: Run, count: int) -> str | None:
    """What holds a run because of how many there are."""
    if count == 0 and one.kind != "rule":
        return "empty"
    if this.released or one.emergency or one.channel == "drill":
        return None
    if one.kind == "rule":
        return "ceiling" if one.ceiling is not None and count > one.ceiling else None
    if one.corrects is None and one.count_then is not None and drifted(one.count_then, count):
        return "drift"
    return None


def change(db: Session, this: Run, state: str, **values: Any) -> bool:
    """Bring a run from the state it was seen in to another; False if somebody was quicker."""
    same = (run.c.id == this.id) & (run.c.state == this.state)
    done = db.execute(update(run).where(same).values(state=state, **values))
    return done.rowcount == 1  # type: ignore[attr-defined]


def hold(db: Session, this: Run, reason: str, found: int | None) -> None:
    """Hold a run, and say why."""
    if change(db, this, "held", reason=reason, found=found):
        detail = {"run": this.id, "reason": reason, "found": found}
        audit(db, SYSTEM, "delivery.hold", f"delivery:{this.delivery_id}", detail)


def release(db: Session, who: Officer, number: int, now: datetime) -> Run:
    """Let a held run go all the same."""
    this = find(db, number)
    one = states.get(db, this.delivery_id)
    states.require(who, APPROVE, one.section)
    if this.reason == "empty":
        raise Refused("empty", REASONS["empty"])
    if this.version != one.version or not change(
        db, this if this.state == "held" else _none(), "planned", released=True
    ):
        raise states.stale()
    detail = {"run": number, "reason": this.reason, "found": this.found}
    audit(db, states.actor_of(who), "delivery.release", f"delivery:{one.id}", detail)
    return find(db, number)


def drop(db: Session, who: Officer, number: int, now: datetime) -> Run:
    """Let a held run fall; a delivery that was to go out once is cancelled with it."""
    this = find(db, number)
    one = states.get(db, this.delivery_id)
    states.require(who, WRITE, one.section)
    if this.state != "held" or not change(db, this, "cancelled", ended=now):
        raise states.stale()
    if one.kind != "rule" and one.state is State.SCHEDULED:
        states.move(db, one, State.CANCELLED, states.actor_of(who), "drop", now)
    else:
        audit(db, states.actor_of(who), "delivery.drop", f"delivery:{one.id}", {"run": number})
    return find(db, number)


def _none() -> Run:
    raise Refused("state", "確認を待っている送信ではありません。")


# Under way.


def go(db: Session, this: Run, keys: Mapping[str, str], found: int, now: datetime) -> bool:
    """Let the frozen ledgers of a run go out, unless the delivery is another by now."""
    one = states.get(db, this.delivery_id)
    is_same = one.version == this.version and one.state in (State.SCHEDULED, State.SENDING)
    ended = {} if is_same and keys else {"ended": now}
    state = "going" if is_same and keys else "done" if is_same else "cancelled"
    if not change(db, this, state, keys=dict(keys), found=found, started=now, **ended):
        return False
    for key in keys.values():
        (deliveries.start if is_same else deliveries.cancel)(db, key)
    if state == "going" and one.state is State.SCHEDULED:
        detail = {"run": this.id, "found": found}
        states.move(db, one, State.SENDING, SYSTEM, "start", now, detail=detail)
    return is_same


def follow(db: Session, now: datetime) -> None:
    """Look how far the runs are: what has gone out is sent, what LINE stopped is paused."""
    for this in open_runs(db, "going"):
        looked = [deliveries.look(db, key) for key in this.keys.values()]
        present = [each for each in looked if each is not None]
        one = states.get(db, this.delivery_id)
        if all(each.state in ("done", "cancelled") for each in present):
            _end(db, one, this, now)
        elif one.state is State.SENDING and any(each.state == "paused" for each in present):
            stopped = next(each for each in present if each.state == "paused")
            detail = {"run": this.id, "reason": stopped.reason}
            states.move(db, one, State.PAUSED, SYSTEM, "stop", now, detail=detail)


def _end(db: Session, one: Delivery, this: Run, now: datetime) -> None:
    change(db, this, "done", ended=now)
    if one.state is not State.SENDING:
        return
    if one.kind == "rule":
        if not open_runs_of(db, one.id, "going"):
            states.move(db, one, State.SCHEDULED, SYSTEM, "ready", now)
        return
    states.move(db, one, State.SENT, SYSTEM, "sent", now)
    if one.corrects is not None:
        first = states.get(db, one.corrects)
        if first.state is State.SENT:
            detail = {"by": one.id}
            states.move(db, first, State.CORRECTED, SYSTEM, "corrected", now, detail=detail)


def open_runs_of(db: Session, number: int, *states_: str) -> list[Run]:
    """A delivery's runs in these states."""
    return [one for one in runs_of(db, number) if one.state in states_]


def pause(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """Stop what goes out; within two seconds no call starts any more."""
    return _steer(db, who, number, State.PAUSED, "pause", now)


def resume(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """Go on with what was paused, by a person or by what LINE said."""
    return _steer(db, who, number, State.SENDING, "resume", now)


def cancel(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """End it: whoever has not got it will not."""
    return _steer(db, who, number, State.CANCELLED, "cancel", now)


def is_undecided(db: Session, number: int) -> bool:
    """Whether LINE never answered for some, and a person has to say what becomes of them."""
    return any(deliveries.is_undecided(db, key) for key in keys_of(db, number))


def repeat(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """Send it once more to those of whom nobody knows; some may get it twice."""
    return _decide(db, who, number, again=True)


def leave(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """Leave it at that: nobody will know whether they got it."""
    return _decide(db, who, number, again=False)


def _decide(db: Session, who: Officer, number: int, *, again: bool) -> Delivery:
    one = states.get(db, number)
    if not {WRITE, APPROVE} & set(who.permissions(one.section)):
        states.require(who, WRITE, one.section)
    if not sum(deliveries.decide(db, key, again=again) for key in keys_of(db, number)):
        raise Refused("state", "送ったかどうかわからない人は、もういません。")
    action = "delivery.repeat" if again else "delivery.leave"
    audit(db, states.actor_of(who), action, f"delivery:{number}")
    return one


def _steer(
    db: Session, who: Officer, number: int, to: State, action: str, now: datetime
) -> Delivery:
    one = states.get(db, number)
    if not {WRITE, APPROVE} & set(who.permissions(one.section)):
        states.require(who, WRITE, one.section)
    moved = states.move(db, one, to, states.actor_of(who), action, now)
    steer = {
        State.PAUSED: deliveries.pause,
        State.SENDING: deliveries.resume,
        State.CANCELLED: deliveries.cancel,
    }[to]
    for this in runs_of(db, number):
        if this.state == "going":
            for key in this.keys.values():
                steer(db, key)
        elif this.state in ("planned", "held", "freezing") and to is State.CANCELLED:
            change(db, this, "cancelled", ended=now)
    return moved


def keys_of(db: Session, number: int) -> list[str]:
    """All ledger keys of a delivery."""
    found: Sequence[Run] = runs_of(db, number)
    return [key for one in found for key in one.keys.values()]
