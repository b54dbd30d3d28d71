# nosay: what is said here, staff read
"""What became of a delivery. 送信済み: LINE has accepted it, not: it was seen (R30)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from madoguchi import deliveries
from madoguchi.tables import resident
from madoguchi_segment.deliveries import links, runs
from madoguchi_segment.deliveries.runs import Run
from madoguchi_segment.deliveries.tables import run

WITHIN = timedelta(hours=24)
REASONS = {
    "unfollowed": "ブロックした人",
    "refused by LINE": "LINEにいない人",
    "erased": "消去を申し出た人",
    "cancelled": "取消の前に送らなかった人",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a delivery, all its runs together."""

    frozen: int
    sent: int
    waiting: int
    unknown: int
    left_out: dict[str, int]
    """Reason → how many. `REASONS` has the words."""
    taps: dict[str, int | None]
    """Button → taps; None: fewer than 20."""
    blocks: int | None
    """Who blocked the account within 24 hours; None: that is not over yet."""
    seconds_left: float | None
    """Until it has gone out; None: it is not going."""


def figures(db: Session, delivery_id: int) -> Figures:
    """Count."""
    keys = runs.keys_of(db, delivery_id)
    ledgers = [deliveries.count(db, key) for key in keys]
    reasons: dict[str, int] = {}
    for key in keys:
        for reason, count in deliveries.left_out(db, key).items():
            reasons[reason] = reasons.get(reason, 0) + count
    estimates = [deliveries.estimate(db, key) for key in keys]
    going = [seconds for seconds in estimates if seconds is not None]
    blocks = [one.blocks for one in runs.runs_of(db, delivery_id) if one.blocks is not None]
    return Figures(
        frozen=sum(one.frozen for one in ledgers),
        sent=sum(one.sent for one in ledgers),
        waiting=sum(one.waiting for one in ledgers),
        unknown=sum(one.unknown for one in ledgers),
        left_out=reasons,
        taps=links.taps(db, delivery_id),
        blocks=sum(blocks) if blocks else None,
        seconds_left=sum(going) if going else None,
    )


def count_blocks(db: Session, now: datetime) -> None:
    """Count who blocked the account within 24 hours of a run, once that is over. For a job."""
    rows = db.execute(
        select(run.c.id, run.c.started)
        .where(run.c.blocks.is_(None), run.c.ended.is_not(None), run.c.started <= now - WITHIN)
        .limit(20)
    ).all()
    for number, started in rows:
        counted = _blocks(db, runs.find(db, number), started)
        db.execute(update(run).where(run.c.id == number).values(blocks=counted))


def _blocks(db: Session, this: Run, started: datetime) -> int:
    gone = set(
        db.scalars(
            select(resident.c.id).where(
                ~resident.c.follows,
                resident.c.unfollowed_at.between(started, started + WITHIN),
            )
        )
    )
    if not gone:
        return 0
    ids = (each for key in this.keys.values() for each in deliveries.recipients(db, key))
    return len({who for slice_ in ids for who in slice_ if who in gone})
