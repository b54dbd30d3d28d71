"""LINE's rate limits (R27): token buckets, one per channel and endpoint.

A bucket hands out places in a line: `reserve` says how long to wait for the place, `take` waits.
Every place is handed out once, in order, so that a waiter who wakes up late slows nobody down.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Self

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from madoguchi.clock import Clock
from madoguchi.errors import MadoguchiError


class RatesUnavailable(MadoguchiError):
    """The shared buckets cannot be reached: deliveries wait until Redis is back."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What LINE allows on one endpoint: so many `calls` in so many `seconds`."""

    calls: int
    seconds: int = 1

    @property
    def rate(self) -> float:
        """The pace to keep, calls per second: 99 % of what LINE allows.

        At exactly 200 multicasts a second 30 of 2,000 were refused, at 198 none (measured).
        """
        return (self.calls - self.burst) / self.seconds

    @property
    def burst(self) -> int:
        """Calls that may follow one another at once: with them no period has more than `calls`."""
        return max(1, self.calls // 100)


LIMITS: Final[Mapping[str, Limit]] = {
    "reply": Limit(2_000),
    "push": Limit(2_000),
    "multicast": Limit(200),
    "broadcast": Limit(60, 3_600),
    "profile": Limit(2_000),
    "content": Limit(2_000),
    "loading": Limit(100),
    "mark_as_read": Limit(2_000),
}
"""LINE's limits per channel and endpoint (reference of the Messaging API, "Rate limits")."""

SECOND = 1.015
"""LINE's second, as deliveries keep it: some calls may reach LINE 15 ms later than others."""
MULTICASTS = LIMITS["multicast"].calls / SECOND
"""The pace of deliveries, calls per second; with `Spacing`, none is refused."""


def open_redis(url: str) -> Redis:
    """A Redis whose callers wait for one of 50 connections; it closes them with itself."""
    pool = BlockingConnectionPool.from_url(url, max_connections=50, socket_connect_timeout=1)
    return Redis.from_pool(pool)


class Spacing:
    """At most `calls` starts in any `seconds`, whatever held some of them up.

    What was held up is made up for only as far as there is room.
    """

    def __init__(self, calls: int, seconds: float) -> None:
        self._seconds = seconds
        self._closest = seconds / (2 * calls)
        self._starts: deque[float] = deque(maxlen=calls)

    def after(self, at: float) -> float:
        """When a call whose place is `at` may start, if it is the next one."""
        starts = self._starts
        if starts:
            at = max(at, starts[-1] + self._closest)
        return max(at, starts[0] + self._seconds) if len(starts) == starts.maxlen else at

    def note(self, at: float) -> None:
        """A call starts."""
        self._starts.append(at)


class Bucket(ABC):
    """A token bucket: `rate` calls per second on average, `burst` of them at once.

    `await bucket.take()` or `async with bucket:` before a call.
    """

    @abstractmethod
    async def reserve(self, calls: int = 1) -> float:
        """Hand out the next `calls` places and say in how many seconds the last of them comes."""

    async def take(self, calls: int = 1) -> None:
        """Wait until `calls` more calls may start."""
        wait = await self.reserve(calls)
        if wait > 0:
            await asyncio.sleep(wait)

    async def __aenter__(self) -> Self:
        await self.take()
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class LocalBucket(Bucket):
    """A bucket in this process: it needs nothing, and limits nobody else."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._seen = self._full_at = clock.time()

    async def reserve(self, calls: int = 1) -> float:
        """Hand out the next `calls` places and say in how many seconds the last of them comes."""
        now = self._clock.time()
        if now < self._seen:  # the clock was moved back: the debt stays what it was
            self._full_at -= self._seen - now
        self._seen = now
        self._full_at = max(now, self._full_at) + calls / self._rate
        return max(0.0, self._full_at - self._burst / self._rate - now)


class SharedBucket(Bucket):
    """A bucket in Redis, shared by all processes that send for one channel.

    `key` begins with the gateway's name. Redis keeps the time, so that clocks need not agree. An
    emptied Redis means a full bucket; an unreachable one raises RatesUnavailable.
    """

    # What is stored is the time at which the bucket is full again, in microseconds.
    _SCRIPT = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0)) + ARGV[1]
        local life = math.ceil((full_at - now) / 1000) + 1000
        redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', life)
        return math.max(0, full_at - ARGV[2] - now)
    """

    def __init__(self, redis: Redis, key: str, rate: float, burst: int) -> None:
        self._key = key
        self._cost = 1_000_000 / rate
        self._burst = burst
        self._script = redis.register_script(self._SCRIPT)

    async def reserve(self, calls: int = 1) -> float:
        """Hand out the next `calls` places and say in how many seconds the last of them comes."""
        args = [ceil(calls * self._cost), int(self._burst * self._cost)]
        try:
            wait: Any = await self._script(keys=[self._key], args=args)
        except (RedisError, OSError) as error:
            raise RatesUnavailable(f"Redis does not answer, deliveries wait: {error}") from error
        return wait / 1_000_000
