"""Work at set times. Of several workers one does it, because a run is a row with a primary key.

A run belongs to the worker that inserted its row. If that worker dies, another one takes the run
over, up to three times in all; what the first one might still write is refused by then. A job that
is new begins with its next time; of the times that were missed only the last one is made up for.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session, aliased

from madoguchi import lanes, metrics
from madoguchi.audit import Actor, audit
from madoguchi.errors import CircuitOpen, PluginError
from madoguchi.languages import Words
from madoguchi.limit import not_counted
from madoguchi.outgoing import store_pushes
from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.replies import messages_of
from madoguchi.store import StoreUnavailable
from madoguchi.tables import job_run
from madoguchi.types import City, Job, Resident

if TYPE_CHECKING:
    from madoguchi.inside import Inside
    from madoguchi.services import Services

log = logging.getLogger("madoguchi.jobs")

LOOK = 1.0
LOOK_FOR_LOST = 5.0
ATTEMPTS = 3

_CLAIM = text(
    "INSERT INTO job_run (job, tick, owner, started, outcome)"
    " VALUES (:job, :tick, :me, :at, :outcome) ON CONFLICT DO NOTHING"
)
_LIVE = "EXISTS (SELECT 1 FROM worker WHERE worker.id = job_run.owner AND worker.until > :now)"
_BUSY = text(f"SELECT 1 FROM job_run WHERE job = :job AND outcome = 'running' AND {_LIVE}")
_LOST = text(
    "SELECT job, tick, attempts FROM job_run"
    f" WHERE outcome = 'running' AND (owner IS NULL OR NOT {_LIVE})"
)
_RUN = "WHERE job = :job AND tick = :tick AND attempts = :attempts AND outcome = 'running'"
_TAKE = text(f"UPDATE job_run SET owner = :me, attempts = attempts + 1 {_RUN}")
_OWNED = text(f"SELECT 1 FROM job_run {_RUN} AND owner = :me")
_END = text(
    f"UPDATE job_run SET outcome = :outcome, ended = :at, error = :error {_RUN} AND owner = :me"
)
_HAND_BACK = text(f"UPDATE job_run SET owner = NULL {_RUN} AND owner = :me")


class JobLost(StoreUnavailable):
    """Another worker took the run over: nothing can be written for it here any more."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job, by this worker."""

    key: str
    """`plugin/name`, or `core/name`."""
    plugin: Plugin | None
    job: Job
    tick: int
    attempts: int
    owner: str

    @property
    def row(self) -> dict[str, Any]:
        """The parameters that name it."""
        return {"job": self.key, "tick": self.tick, "attempts": self.attempts, "me": self.owner}


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job's function is given."""

    _run: Run
    _services: "Services"

    @property
    def gateway(self) -> City:
        """The city."""
        return self._services.city

    @property
    def plugin(self) -> Plugin:
        """Whose job it is: config, settings, state, log."""
        assert self._run.plugin is not None, "the gateway's own jobs have no plugin"
        return self._run.plugin

    @property
    def tick(self) -> datetime:
        """The time for which it runs. The same tick again, after a crash, means the same work."""
        return datetime.fromtimestamp(self._run.tick, UTC)

    @property
    def now(self) -> datetime:
        """The time now, UTC."""
        return self._services.clock.now()

    async def read(self, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Return what `fn(db, *args)` reads."""
        with not_counted():
            return await self._services.store.read(self._called(fn), *args, **named)

    async def write(self, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Run `fn(db, *args)` as a unit and return its result; as many units as the job needs.

        Write in slices of a tenth of a second, and so that the same job may be run again.
        """
        label = self._run.plugin.label if self._run.plugin else None
        with not_counted():
            return await self._services.store.write(
                _run_unit, self._run, self._called(fn), args, named, label=label
            )

    def say(self, words: Words, language: str | None, **values: object) -> str:
        """A text in a resident's language."""
        return self._services.languages.say(words, language, **values)

    def send(
        self,
        db: Session,
        residents: Iterable[Resident | int],
        messages: Any,
        key: str,
        not_before: datetime | None = None,
    ) -> int:
        """Queue messages to residents, inside a unit; see `Context.send`."""
        ids = [one.id if isinstance(one, Resident) else one for one in residents]
        at = not_before.timestamp() if not_before else None
        now = self._services.clock.time()
        self._services.sender.news_soon()
        return store_pushes(db, ids, messages_of(messages), f"{self.plugin.name}/{key}", now, at)

    def audit(self, db: Session, action: str, object: str, detail: Any = None) -> None:
        """Write a line into the audit log, inside a unit: references only."""
        plugin = self._run.plugin
        actor = (
            Actor("plugin", plugin.name, plugin.info.label)
            if plugin
            else Actor("system", self._run.key, "madoguchi")
        )
        audit(db, actor, action, object, detail)

    @property
    def inside(self) -> "Inside":
        """What the gateway's jobs of staff look at: see `madoguchi.inside`."""
        from madoguchi.inside import Inside

        return Inside(self._services, None)

    def _called(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        plugin, beat = self._run.plugin, self._services.beat
        if plugin is None:
            return fn
        return lambda db, *args, **named: beat.call(plugin.label, lambda: fn(db, *args, **named))


class Jobs:
    """The jobs of one gateway in one worker: the gateway's `own` and those of its plugins."""

    def __init__(self, services: "Services", owner: str, own: Sequence[Job]) -> None:
        self._s, self._owner, self._own = services, owner, own
        self._seen: dict[str, int] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look each second what is due, for ever."""
        looked = -LOOK_FOR_LOST
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    await self._start_due()
                    if loop.time() - looked >= LOOK_FOR_LOST:
                        looked = loop.time()
                        await self._take_lost()
                except StoreUnavailable as error:
                    log.warning("%s: jobs wait: %s", self._s.city.gateway, error)
                except Exception:
                    log.exception("%s: a fault of the gateway: jobs", self._s.city.gateway)
                await asyncio.sleep(LOOK)
        finally:
            for task in self._running.values():
                task.cancel()

    def all(self) -> Iterator[tuple[str, Plugin | None, Job]]:
        """Every job that is declared now, with its key."""
        yield from ((f"core/{job.name}", None, job) for job in self._own)
        for plugin in self._s.plugins.well():
            yield from ((f"{plugin.name}/{job.name}", plugin, job) for job in plugin.collected.jobs)

    async def _start_due(self) -> None:
        for key, plugin, job in list(self.all()):
            now = self._s.clock.now()
            due = job.schedule.latest(now)
            tick = int(due.timestamp())
            if self._seen.get(key, -1) >= tick or key in self._running:
                continue
            if plugin is not None and plugin.circuit.is_open:
                continue
            late = job.catch_up is not None and now - due > job.catch_up
            outcome = await self._s.store.write(
                _claim, key, tick, self._owner, late, now.timestamp(), self._s.clock.offset
            )
            if outcome is None:
                continue  # its run before this one is still under way
            self._seen[key] = tick
            if outcome == "running":
                self._begin(Run(key, plugin, job, tick, 1, self._owner))
            elif outcome == "missed":
                log.warning("%s: job %s missed %s", self._s.city.gateway, key, due)

    async def _take_lost(self) -> None:
        declared = {key: (plugin, job) for key, plugin, job in self.all()}
        offset = self._s.clock.offset
        for key, tick, attempts in await self._s.store.read(_find_lost, offset):
            if key not in declared or key in self._running:
                continue
            before = Run(key, *declared[key], tick, attempts, self._owner)
            if not await self._s.store.write(_take, before):
                continue
            run = Run(key, *declared[key], tick, attempts + 1, self._owner)
            log.warning("%s: job %s is taken over", self._s.city.gateway, key)
            if attempts >= ATTEMPTS:
                await self._end(run, "failed", f"its worker died {ATTEMPTS} times")
            else:
                self._begin(run)

    def _begin(self, run: Run) -> None:
        task = asyncio.create_task(self._do(run))
        self._running[run.key] = task
        task.add_done_callback(lambda _: self._running.pop(run.key))

    async def _do(self, run: Run) -> None:
        context = JobContext(run, self._s)
        try:
            if run.plugin is not None:
                limit = run.job.limit
                await run.plugin.run(self._s.beat, run.job.run, context, limit=limit)
            else:
                async with asyncio.timeout(run.job.limit):
                    await run.job.run(context)
        except JobLost as lost:
            log.warning("%s: %s", self._s.city.gateway, lost)
        except (StoreUnavailable, CircuitOpen) as error:
            log.warning("%s: job %s is done later: %s", self._s.city.gateway, run.key, error)
            await self._repeat(_hand_back, run)
        except PluginError as error:
            cause = error.__cause__ or error  # its words may hold personal data; the log has them
            await self._end(run, "failed", f"{type(cause).__name__}: see the log")
        except PLUGIN_FAULTS as error:
            log.error("%s: job %s failed", self._s.city.gateway, run.key, exc_info=error)
            await self._end(run, "failed", f"{type(error).__name__}: see the log")
        else:
            await self._end(run, "done", None)

    async def _end(self, run: Run, outcome: str, error: str | None) -> None:
        log.info("%s: job %s: %s", self._s.city.gateway, run.key, outcome)
        metrics.JOBS.add(self._s.city.gateway, run.key, outcome)
        await self._repeat(_finish, run, outcome, error, self._s.clock.time())

    async def _repeat(self, fn: Callable[..., Any], *args: Any) -> None:
        """Write it down, however long that takes: the row says who still has to do what."""
        while True:
            try:
                await self._s.store.write(fn, *args)
                return
            except StoreUnavailable:
                await asyncio.sleep(LOOK)


def forget_runs(db: Session, before: datetime) -> None:
    """Delete the rows of runs from before a time, except the last one of each job."""
    newer = aliased(job_run)
    last = select(func.max(newer.c.tick)).where(newer.c.job == job_run.c.job).scalar_subquery()
    db.execute(delete(job_run).where(job_run.c.tick < before.timestamp(), job_run.c.tick < last))


def last_runs(db: Session) -> dict[str, Any]:
    """By key, the row of each job's last run."""
    rows = db.execute(select(job_run).order_by(job_run.c.tick)).all()
    return {row.job: row for row in rows}


def _claim(
    db: Session, key: str, tick: int, me: str, late: bool, at: float, offset: float
) -> str | None:
    """What becomes of this time, or None if that cannot be said yet.

    `running`: here and now. `new`: the job begins with its next time. `missed`: it is too late.
    `taken`: somebody has it already.
    """
    newest = db.scalar(select(func.max(job_run.c.tick)).where(job_run.c.job == key))
    if newest is not None and newest >= tick:
        return "taken"
    if db.execute(_BUSY, {"job": key, "now": lanes.database_time(db, offset)}).first():
        return None
    outcome = "new" if newest is None else "missed" if late else "running"
    row = {"job": key, "tick": tick, "me": me, "at": at, "outcome": outcome}
    inserted = db.execute(_CLAIM, row).rowcount  # type: ignore[attr-defined]
    return outcome if inserted else "taken"


def _find_lost(db: Session, offset: float) -> Sequence[Any]:
    return db.execute(_LOST, {"now": lanes.database_time(db, offset)}).all()


def _take(db: Session, run: Run) -> bool:
    return db.execute(_TAKE, run.row).rowcount == 1  # type: ignore[attr-defined]


def _finish(db: Session, run: Run, outcome: str, error: str | None, at: float) -> None:
    db.execute(_END, {**run.row, "outcome": outcome, "error": error, "at": at})


def _hand_back(db: Session, run: Run) -> None:
    db.execute(_HAND_BACK, run.row)


def _run_unit(db: Session, run: Run, fn: Callable[..., Any], args: Any, named: Any) -> Any:
    if db.execute(_OWNED, run.row).first() is None:
        raise JobLost(f"job {run.key}: another worker has taken it over, or its time is up")
    return fn(db, *args, **named)
