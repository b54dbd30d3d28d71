"""Lanes and leases: which worker handles which residents, as rows in the database.

A worker starts an event only under a valid lease, so an event that the door received after a dead
worker's lease had ended cannot have been answered by it. Several workers share the lanes evenly.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from madoguchi.clock import Clock
from madoguchi.inbox import LANES
from madoguchi.store import Store, StoreUnavailable

log = logging.getLogger("madoguchi.lanes")

LEASE = 5.0
RENEW = 1.0
_NOW = {
    "postgresql": "SELECT extract(epoch from clock_timestamp())",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}


class LaneLost(StoreUnavailable):
    """Another worker owns the lane: nothing can be written for its residents here any more."""


@dataclass(slots=True)
class Holding:
    """What one look at the lanes brought."""

    epochs: dict[int, int] = field(default_factory=dict)
    taken: dict[int, float] = field(default_factory=dict)
    """Lanes taken over just now → until when their last owner may have handled events.

    By the gateway's clock, as the door notes it for each event."""
    lost: list[int] = field(default_factory=list)
    """Lanes that another worker has taken, because this one was silent for too long."""
    surplus: list[int] = field(default_factory=list)
    """Lanes to give back, because another worker has too few."""


class Lanes:
    """The lanes of this worker. `alone`: no other worker can live (SQLite's lock file says so)."""

    def __init__(self, store: Store, owner: str, alone: bool, clock: Clock) -> None:
        self._store, self.owner, self._alone, self._clock = store, owner, alone, clock
        self.epochs: dict[int, int] = {}
        self._known = False
        self._valid_until = 0.0

    @property
    def are_valid(self) -> bool:
        """Whether an event may be started now."""
        return time.monotonic() < self._valid_until

    async def renew(self) -> Holding:
        """Extend the leases, take what is free, up to a fair share."""
        asked = time.monotonic()
        holding = await self._store.write(
            _renew, self.owner, not self._known, self._alone, self._clock.offset
        )
        self._known, self._alone = True, False
        self._valid_until = asked + LEASE - 1
        now = holding.epochs
        holding.lost = [n for n, epoch in self.epochs.items() if now.get(n) != epoch]
        self.epochs = now
        return holding

    async def release(self, lanes: list[int] | None = None) -> None:
        """Give lanes back at once, all of them at the end."""
        gone = list(self.epochs) if lanes is None else lanes
        self.epochs = {n: epoch for n, epoch in self.epochs.items() if n not in gone}
        await self._store.write(_release, self.owner, gone, lanes is None, self._clock.offset)

    async def keep(
        self,
        lose: Callable[[list[int]], object],
        take: Callable[[dict[int, float]], object],
        give: Callable[[list[int]], object],
    ) -> None:
        """Renew for ever; report lanes lost, lanes taken over and lanes to give back."""
        while True:
            await asyncio.sleep(RENEW)
            try:
                holding = await self.renew()
            except StoreUnavailable as error:
                log.warning("leases cannot be renewed: %s", error)
                continue
            if holding.lost:
                lose(holding.lost)
            if holding.taken:
                take(holding.taken)
            if holding.surplus:
                give(holding.surplus)


def database_time(db: Session, offset: float) -> float:
    """The database's time, so that all workers agree, moved as the gateway's clock is."""
    return float(db.execute(text(_NOW[db.get_bind().dialect.name])).scalar_one()) + offset


def _renew(db: Session, owner: str, first: bool, alone: bool, offset: float) -> Holding:
    now = database_time(db, offset)
    me = {"me": owner, "now": now, "until": now + LEASE}
    if first:
        rows = [{"n": n} for n in range(LANES)]
        db.execute(text("INSERT INTO lane (n, epoch) VALUES (:n, 0) ON CONFLICT DO NOTHING"), rows)
    if alone:
        db.execute(text("UPDATE worker SET until = 0"))
        db.execute(text("UPDATE lane SET owner = NULL"))
    db.execute(text("DELETE FROM worker WHERE until < :now - 60"), me)
    db.execute(
        text(
            "INSERT INTO worker (id, until, started_at) VALUES (:me, :until, :now)"
            " ON CONFLICT (id) DO UPDATE SET until = excluded.until"
        ),
        me,
    )
    db.execute(text("UPDATE lane SET until = :until WHERE owner = :me"), me)
    live = db.execute(text("SELECT count(*) FROM worker WHERE until > :now"), me).scalar_one()
    share = -(-LANES // live)
    mine = db.execute(text("SELECT n, epoch FROM lane WHERE owner = :me ORDER BY n"), me).all()
    holding = Holding(dict(mine))
    if len(mine) > share:
        holding.surplus = [n for n, _ in mine[share:]]
    elif len(mine) < share:
        lock = " FOR UPDATE SKIP LOCKED" if db.get_bind().dialect.name == "postgresql" else ""
        free = db.execute(
            text(
                "SELECT n, epoch, until FROM lane WHERE owner IS NULL OR until < :now"
                f" ORDER BY n LIMIT :missing{lock}"
            ),
            {**me, "missing": share - len(mine)},
        ).all()
        for n, epoch, until in free:
            db.execute(
                text("UPDATE lane SET owner = :me, epoch = epoch + 1, until = :until WHERE n = :n"),
                {**me, "n": n},
            )
            holding.epochs[n] = epoch + 1
            holding.taken[n] = until
    return holding


def _release(db: Session, owner: str, lanes: list[int], leave: bool, offset: float) -> None:
    now = database_time(db, offset)
    for n in lanes:
        db.execute(
            text("UPDATE lane SET owner = NULL, until = :now WHERE n = :n AND owner = :me"),
            {"n": n, "me": owner, "now": now},
        )
    if leave:
        db.execute(text("DELETE FROM worker WHERE id = :me"), {"me": owner})
