"""Carries deliveries to LINE: one courier for each channel in each worker, any number together.

It takes chunks at the pace that LINE allows (R27), with a place in the bucket that all processes
share, and calls. Every tenth of a second it looks which deliveries may go on; where that look is
too old, or LINE has refused the channel, no call starts.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from redis.asyncio import Redis

from madoguchi import ledger, metrics
from madoguchi.answers import Answer
from madoguchi.clock import Clock
from madoguchi.ledger import Settled, Taken
from madoguchi.line import LineClient
from madoguchi.rates import (
    LIMITS,
    MULTICASTS,
    SECOND,
    Bucket,
    RatesUnavailable,
    SharedBucket,
    Spacing,
)
from madoguchi.store import Store, StoreUnavailable

log = logging.getLogger("madoguchi.couriers")

KINDS = ("multicast", "broadcast")
LOOK = 0.1
AHEAD = 0.25
"""Seconds before the places that were handed out are used up at which the next are taken."""
BATCH = 40
"""Chunks that are taken at once: a fifth of a second of LINE's pace."""
MOST_UNDER_WAY = 400
STALE = 1.5
"""Seconds after which a look counts no more: a pause has to be heard within two."""


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """The account of the city. Only deliveries of this channel get its client."""

    client: LineClient
    name: ClassVar[str] = "live"


@dataclass(frozen=True, slots=True)
class DrillChannel:
    """The account for drills, with credentials, friends and rates of its own."""

    client: LineClient
    name: ClassVar[str] = "drill"


def live_courier(
    gateway: str, client: LineClient, store: Store, redis: Redis, clock: Clock
) -> "Courier":
    """The courier of the city's account."""
    return Courier(gateway, LiveChannel(client), store, shared_rates(redis, gateway), clock)


def shared_rates(redis: Redis, prefix: str) -> dict[str, Bucket]:
    """A bucket for each kind. Of 60 broadcasts an hour ten may follow one another, then 50 come."""
    few = LIMITS["broadcast"]
    return {
        "multicast": SharedBucket(redis, f"{prefix}:rate:multicast", MULTICASTS, 1),
        "broadcast": SharedBucket(
            redis, f"{prefix}:rate:broadcast", (few.calls - 10) / few.seconds, 10
        ),
    }


class Courier:
    """Sends the deliveries of one channel. `rates` has a bucket for each kind."""

    def __init__(
        self,
        gateway: str,
        channel: LiveChannel | DrillChannel,
        store: Store,
        rates: dict[str, Bucket],
        clock: Clock,
    ) -> None:
        self._gateway, self._channel = gateway, channel
        self._store, self._rates, self._clock = store, rates, clock
        self._settled: list[Settled] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._allowed: frozenset[int] = frozenset()
        self._looked = 0.0
        self._stopped: set[int] = set()
        self._line_ends = dict.fromkeys(KINDS, 0.0)
        self._spacing = Spacing(LIMITS["multicast"].calls, SECOND)
        self._turn = asyncio.Lock()
        self._finished = 0.0

    async def run(self) -> None:
        """Send what is due, for ever."""
        if self._store.dialect == "sqlite":  # no other worker can live
            await self._patiently(ledger.forget_leases, self._channel.name)
        try:
            while True:
                try:
                    await self._work()
                except StoreUnavailable as error:
                    log.warning("%s: deliveries wait: %s", self._gateway, error)
                except RatesUnavailable as error:
                    log.warning("%s: %s", self._gateway, error)
                    await asyncio.sleep(0.5)
                except Exception:
                    log.exception("%s: a fault of the gateway: deliveries", self._gateway)
                    await asyncio.sleep(1)
                await asyncio.sleep(self._rest())
        finally:
            for task in self._under_way:
                task.cancel()

    def _rest(self) -> float:
        """Until shortly before the places that were handed out are used up."""
        now = time.monotonic()
        left = self._line_ends["multicast"] - AHEAD - now
        return min(max(left, 0.01), LOOK) if left > 0 else 0.05 if self._under_way else LOOK

    async def _work(self) -> None:
        channel, now = self._channel.name, self._clock.time()
        asked = time.monotonic()
        rows = await self._store.fetch(ledger.OPEN, channel)
        self._allowed = frozenset(number for number, _, state in rows if state == "sending")
        self._looked = asked
        kinds = {kind for number, kind, state in rows if state == "sending"}
        due = 0
        for kind in sorted(kinds):
            due += await self._take(kind, now)
        is_news = bool(self._settled)
        if is_news and not due:
            await self._step("multicast", 0)
        is_time = is_news or asked - self._finished > LOOK
        if rows and not due and not self._under_way and is_time:
            self._finished = asked
            await self._store.write(ledger.finish, channel, now)

    async def _take(self, kind: str, now: float) -> int:
        """Take chunks of a kind that are due, and send each off at its place; how many."""
        most = min(BATCH, MOST_UNDER_WAY - len(self._under_way))
        if most <= 0 or self._stopped or self._line_ends[kind] - time.monotonic() > AHEAD + 0.01:
            return 0
        most = 1 if kind == "broadcast" else most
        ((due,),) = await self._store.fetch(ledger.DUE[kind], self._channel.name, now, most)
        if due:
            reserved = time.monotonic()
            wait = await self._rates[kind].reserve(due)
            self._line_ends[kind] = reserved + wait
            first = reserved + max(0.0, wait - (due - 1) / MULTICASTS)
            self._spawn(self._start(await self._step(kind, due), first))
        return due

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _start(self, batch: Sequence[Taken], first: float) -> None:
        """Send each off at its place, the first at `first`; one batch after the other."""
        async with self._turn:
            for n, taken in enumerate(batch):
                slot = self._spacing.after(first + n / MULTICASTS)
                if (wait := slot - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                self._spacing.note(time.monotonic())
                self._spawn(self._send(taken))

    async def _step(self, kind: str, most: int) -> list[Taken]:
        settled, self._settled = self._settled, []
        try:
            taken = await self._store.write(
                ledger.step, self._channel.name, self._clock.time(), settled, kind, most
            )
        except BaseException:
            self._settled = settled + self._settled
            raise
        if self._stopped:  # written down now; who may go on says the next look
            self._allowed = frozenset()
            self._stopped -= {one.taken.delivery_id for one in settled}
        return taken

    async def _send(self, taken: Taken) -> None:
        answer = await self._call(taken) if self._may(taken) else None
        if answer is not None:
            metrics.ANSWERS.add(self._gateway, taken.kind, answer.outcome)
            if answer.outcome in ledger.STOPPING:
                self._stopped.add(taken.delivery_id)
                log.error("%s: a delivery stops: %s", self._gateway, answer.message)
        self._settled.append(Settled(taken, answer, self._clock.time()))

    def _may(self, taken: Taken) -> bool:
        """Whether this call may start now."""
        return (
            taken.delivery_id in self._allowed
            and not self._stopped
            and time.monotonic() - self._looked < STALE
        )

    async def _call(self, taken: Taken) -> Answer:
        client = self._channel.client
        if taken.kind == "broadcast":
            return await client.broadcast(taken.body, taken.key)
        return await client.multicast(taken.body, taken.key)

    async def _patiently(self, fn: object, *args: object) -> None:
        while True:
            try:
                await self._store.write(fn, *args)  # type: ignore[arg-type]
                return
            except StoreUnavailable:
                await asyncio.sleep(LOOK)
