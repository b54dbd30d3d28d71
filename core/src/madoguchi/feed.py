"""From the inbox to the dispatcher: in order for each resident, side by side for all of them.

New rows are read after a cursor as soon as the door says there is news. What a cursor can miss (a
lost wake-up, a transaction that committed late, a worker that died) is found by its state: pending
and not handled. Both ways lead through `take`, which knows what is under way.
"""

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from madoguchi.arrivals import Arrival, Reader
from madoguchi.inbox import read
from madoguchi.journal import MARK
from madoguchi.lanes import Lanes
from madoguchi.store import Store, StoreUnavailable
from madoguchi.tables import handled

log = logging.getLogger("madoguchi.feed")

PAGE = 500
MOST = 2_000
"""Events under way at once: with LINE answering in half a second, a thousand a second need 500."""
ATTEMPTS = 5
"""So often an event is run again after a crash; then it is set aside for a person to look at.

From the second time on one of them after the other: many run when a worker dies, and one may be to
blame (`docs/decisions/0033`)."""
_TRIED = "SELECT 1 FROM attempt WHERE event_id = $1"


class Feed:
    """Hands rows to `handle`, one at a time for each resident.

    `handle` returns True when the event is (or soon will be) marked handled, False if it must be
    run again later.
    """

    def __init__(
        self,
        reader: Reader,
        store: Store,
        lanes: Lanes,
        handle: Callable[[Arrival], Awaitable[bool]],
        now: Callable[[], float],
    ) -> None:
        self._reader, self._store, self._lanes = reader, store, lanes
        self._handle, self._now = handle, now
        self._active: dict[int, int] = {}  # lane → rows behind this seq are new to all workers
        self._leaving: set[int] = set()
        self._tried: dict[int, float] = {}
        self._cursor = 0
        self._under_way: Counter[int] = Counter()
        self._known: set[str] = set()
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._queues: dict[str, deque[Arrival]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._reading = asyncio.Lock()
        self._alone = asyncio.Lock()
        self.news = asyncio.Event()
        """Set by whoever knows that the inbox has something new."""

    async def run(self) -> None:
        """Read when there is news, and by state each second, for ever."""
        swept = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(1):
                    await self.news.wait()
            except TimeoutError:
                pass
            self.news.clear()
            try:
                await self._read_new()
                if loop.time() - swept >= 1 and self._lanes.are_valid:
                    swept = loop.time()
                    await self._read_pending(sorted(self._active), older_than=self._now() - 1)
            except StoreUnavailable as error:
                log.warning("the inbox cannot be read: %s", error)
            except Exception:
                log.exception("the inbox cannot be read: a fault of the gateway itself")

    async def recover(self, lanes: dict[int, float]) -> None:
        """Take over lanes: first what is pending there, then what comes. See `Holding.taken`."""
        self._tried.update(lanes)
        self._leaving.difference_update(lanes)
        while mine := sorted(self._owned & lanes.keys()):
            try:
                after = await self._read_pending(mine)
                # What came meanwhile, while nothing newer is read: a resident's order is kept.
                async with self._reading:
                    newest = await self._reader.newest()
                    await self._read_pending(mine, after)
                    if not self._active:
                        self._cursor = newest
                    self._active.update(dict.fromkeys(self._owned.intersection(mine), newest))
                self.news.set()
                return
            except StoreUnavailable as error:
                log.warning("%d lanes wait to be recovered: %s", len(mine), error)
                await asyncio.sleep(1)

    def lose(self, lanes: Iterable[int]) -> None:
        """Read no more of these lanes; what waits for its turn is left to the next owner."""
        self._leaving.update(lanes)
        for n in lanes:
            self._active.pop(n, None)

    @property
    def _owned(self) -> set[int]:
        return self._lanes.epochs.keys() - self._leaving

    async def hand_back(self, lanes: Iterable[int]) -> None:
        """Stop reading lanes, wait until nothing of them is under way, release them."""
        given = [n for n in lanes if n in self._active]
        self.lose(given)
        while any(self._under_way[n] for n in given):
            await asyncio.sleep(0.02)
        while given:
            try:
                await self._lanes.release(given)
                given = []
            except StoreUnavailable as error:
                log.warning("%d lanes wait to be released: %s", len(given), error)
                await asyncio.sleep(1)

    async def drain(self, seconds: float) -> None:
        """Stop reading and wait until what has been started is finished."""
        self.lose(list(self._lanes.epochs))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def wait_for(self, event_id: str) -> None:
        """Wait until an event that the door has stored is handled, its reply sent."""
        while event_id not in self._recent:
            self.news.set()
            await asyncio.sleep(0.002)

    async def retry(self, event_id: str) -> bool:
        """Run an event once more that had failed or was set aside; False if nobody knows it."""
        found = await self._reader.find(event_id)
        if found is None or found.lane not in self._active:
            return False
        await self._store.write(_forget_outcome, event_id)
        self._recent.pop(event_id, None)
        self.take(found)
        return True

    async def _read_new(self) -> None:
        async with self._reading:
            while self._active and self._lanes.are_valid:
                rows = await self._reader.after(self._cursor, sorted(self._active), PAGE)
                for row in rows:
                    self._cursor = max(self._cursor, row.seq)
                    if row.seq > self._active.get(row.lane, row.seq):
                        self.take(row)
                if len(rows) < PAGE:
                    return
                await self._wait_for_room()

    async def _read_pending(
        self, lanes: list[int], after: int = 0, older_than: float | None = None
    ) -> int:
        """Take what is neither handled nor under way; the last `seq` that was looked at."""
        while lanes:
            rows = await self._reader.pending(after, lanes, PAGE)
            wanted = [
                row
                for row in rows
                if row.lane in lanes
                and row.event_id not in self._known
                and row.event_id not in self._recent
                and (older_than is None or row.at < older_than)
            ]
            done = await self._which_are_handled([row.event_id for row in wanted])
            for row in wanted:
                if row.event_id not in done:
                    self.take(row, recovered=True)
            after = rows[-1].seq if rows else after
            if len(rows) < PAGE:
                break
            await self._wait_for_room()
        return after

    async def _which_are_handled(self, ids: Sequence[str]) -> set[str]:
        return await self._store.read(_handled_among, ids) if ids else set()

    async def _wait_for_room(self) -> None:
        while len(self._known) > MOST:
            self._room.clear()
            await self._room.wait()

    def take(self, row: Arrival, recovered: bool = False) -> None:
        """Queue a row behind its resident's others, unless it is known already."""
        if row.event_id in self._known or row.event_id in self._recent:
            return
        if recovered:
            tried = row.at < self._tried.get(row.lane, 0.0)
            row = replace(row, recovered=True, maybe_tried=tried)
        self._known.add(row.event_id)
        self._under_way[row.lane] += 1
        whose = _resident_of(row)
        queue = self._queues.get(whose)
        if queue is not None:
            queue.append(row)
            return
        self._queues[whose] = deque([row])
        task = asyncio.create_task(self._work(whose))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, whose: str) -> None:
        """One resident's events, one after the other; one that must be repeated holds the rest."""
        queue = self._queues[whose]
        while queue:
            row = queue[0]
            if row.lane not in self._owned:
                self._let_go(queue.popleft())  # its next owner finds it
            elif not self._lanes.are_valid:
                await asyncio.sleep(0.5)
            elif await self._finish(row):
                self._remember(row.event_id)
                self._let_go(queue.popleft())
            else:
                queue[0] = replace(row, recovered=True, maybe_tried=True)
                await asyncio.sleep(0.5)
        del self._queues[whose]

    async def _finish(self, row: Arrival) -> bool:
        """Whether the event is done with; False if it must be run again later."""
        try:
            return await self._attempt(row)
        except StoreUnavailable as error:
            log.warning("event %s waits: %s", row.event_id, error)
        except Exception:
            log.exception("event %s: a fault of the gateway itself", row.event_id)
        return False

    def _let_go(self, row: Arrival) -> None:
        self._known.discard(row.event_id)
        self._under_way[row.lane] -= 1
        self._room.set()

    async def _attempt(self, row: Arrival) -> bool:
        if not row.recovered:
            return await self._handle(row)
        tried = await self._store.fetch(_TRIED, row.event_id)
        async with self._alone if tried else nullcontext():
            attempts = await self._store.write(_count_attempt, row, self._now())
            if attempts <= ATTEMPTS:
                return await self._handle(row)
        look = "event %s is set aside after %d attempts; look at it, then: madoguchi inbox retry %s"
        log.error(look, row.event_id, ATTEMPTS, row.event_id)
        return True

    def _remember(self, event_id: str) -> None:
        self._recent[event_id] = None
        if len(self._recent) > 20_000:
            self._recent.popitem(last=False)


def _resident_of(row: Arrival) -> str:
    source = read(row.raw or b"").get("source")
    source = source if isinstance(source, dict) else {}
    who = source.get("userId") or source.get("groupId") or source.get("roomId")
    return str(who or row.event_id)


def _handled_among(db: Session, ids: Iterable[str]) -> set[str]:
    return set(db.scalars(select(handled.c.event_id).where(handled.c.event_id.in_(list(ids)))))


def _count_attempt(db: Session, row: Arrival, now: float) -> int:
    """Commit that the event is about to be run again; set it aside if that was too often."""
    attempts = db.execute(
        text(
            "INSERT INTO attempt (event_id, attempts, set_aside, at) VALUES (:id, 1, :no, :now)"
            " ON CONFLICT (event_id) DO UPDATE SET attempts = attempt.attempts + 1, at = :now"
            " RETURNING attempts"
        ),
        {"id": row.event_id, "no": False, "now": now},
    ).scalar_one()
    if attempts > ATTEMPTS:
        mark = {"event_id": row.event_id, "lane": row.lane, "outcome": "set aside", "at": now}
        db.execute(MARK, mark)
        db.execute(
            text("UPDATE attempt SET set_aside = :yes WHERE event_id = :id"),
            {"yes": True, "id": row.event_id},
        )
    return attempts


def _forget_outcome(db: Session, event_id: str) -> None:
    for table in ("handled", "attempt"):
        db.execute(text(f"DELETE FROM {table} WHERE event_id = :id"), {"id": event_id})
