"""R27: LINE's limits are token buckets per channel and endpoint; senders keep below them."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from madoguchi.rates import (
    LIMITS,
    MULTICASTS,
    SECOND,
    Bucket,
    LocalBucket,
    RatesUnavailable,
    SharedBucket,
    Spacing,
)
from madoguchi.valkey import start_valkey


class Still:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if url := os.environ.get("MADOGUCHI_TEST_REDIS_URL"):
        yield url
        return
    server = start_valkey(tmp_path_factory.mktemp("v"))
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture
def key() -> str:
    return f"test-{uuid.uuid4().hex}:rate:multicast"


def worst_window(starts: list[float], period: float) -> int:
    """The most calls that start within one half-open period."""
    starts = sorted(starts)
    return max(
        sum(1 for other in starts[n:] if other < start + period) for n, start in enumerate(starts)
    )


def test_r27_no_second_holds_more_than_line_allows():
    for endpoint, limit in LIMITS.items():
        if limit.calls > 200:  # the same arithmetic, only longer
            continue
        clock = Still()
        bucket = LocalBucket(limit.rate, limit.burst, clock)

        async def starts(bucket: LocalBucket = bucket, limit=limit) -> list[float]:
            return [await bucket.reserve() for _ in range(3 * limit.calls)]

        assert worst_window(asyncio.run(starts()), limit.seconds) <= limit.calls, endpoint


def test_r27_the_table_says_what_line_says():
    assert {name: limit.calls / limit.seconds for name, limit in LIMITS.items()} == {
        "reply": 2000,
        "push": 2000,
        "multicast": 200,
        "broadcast": 60 / 3600,
        "profile": 2000,
        "content": 2000,
        "loading": 100,
        "mark_as_read": 2000,
    }
    assert LIMITS["multicast"].rate == 198


def test_r27_a_local_bucket_gives_a_burst_and_then_an_even_pace():
    async def scenario() -> None:
        clock = Still()
        bucket = LocalBucket(10, 3, clock)
        waits = [await bucket.reserve() for _ in range(6)]
        assert waits == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3])
        clock.now += 0.35
        assert await bucket.reserve() == pytest.approx(0.05)
        clock.now += 60
        assert [await bucket.reserve() for _ in range(4)] == pytest.approx([0, 0, 0, 0.1])
        assert await bucket.reserve(5) == pytest.approx(0.6)

    asyncio.run(scenario())


def test_a_clock_that_is_moved_back_stops_nobody():
    async def scenario() -> None:
        clock = Still()
        bucket = LocalBucket(10, 1, clock)
        await bucket.reserve()
        clock.now -= 3600
        assert await bucket.reserve() == pytest.approx(0.1)

    asyncio.run(scenario())


def test_a_local_bucket_lets_through_in_order():
    async def scenario() -> None:
        bucket = LocalBucket(1000, 1, Still())
        order: list[int] = []

        async def call(n: int) -> None:
            async with bucket:
                order.append(n)

        await asyncio.gather(*(call(n) for n in range(20)))
        assert order == list(range(20))

    asyncio.run(scenario())


def test_r27_a_shared_bucket_gives_a_burst_and_then_waits(redis_url, key):
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            bucket: Bucket = SharedBucket(redis, key, 0.001, 3)
            waits = [await bucket.reserve() for _ in range(5)]
            assert waits[:3] == [0, 0, 0]
            # Redis keeps the time: the waits are the pace less what passed between the calls.
            assert 900 < waits[3] <= 1000
            assert 1900 < waits[4] <= 2000
            assert 1000 <= await redis.pttl(key) / 1000 <= 5002
            await redis.delete(key)
            assert await bucket.reserve(3) == 0
            await redis.delete(key)

    asyncio.run(scenario())


def test_a_shared_bucket_waits_for_its_place(redis_url, key):
    async def scenario() -> None:
        async with Redis.from_url(redis_url, decode_responses=True) as redis:
            bucket = SharedBucket(redis, key, 100, 1)
            begin = await server_time(redis)
            for _ in range(6):
                await bucket.take()
            assert (
                await server_time(redis) - begin >= 0.049
            )  # five places after the first, 10 ms each
            await redis.delete(key)

    asyncio.run(scenario())


PROCESS = """
import asyncio, json, sys
from redis.asyncio import Redis
from madoguchi.rates import SharedBucket

async def main(url, key, rate, burst, calls):
    async with Redis.from_url(url) as redis:
        bucket = SharedBucket(redis, key, float(rate), int(burst))
        await redis.incr(key + ":ready")
        while int(await redis.get(key + ":ready")) < 2:
            await asyncio.sleep(0.001)
        print(json.dumps([await bucket.reserve() for _ in range(int(calls))]))

asyncio.run(main(*sys.argv[1:]))
"""


async def server_time(redis: Redis) -> float:
    seconds, micros = await redis.time()
    return seconds + micros / 1e6


@pytest.mark.parametrize(("rate", "burst"), [(5, 20), (198, 2)])
def test_r27_two_processes_share_one_bucket(redis_url, key, rate, burst):
    calls = 200

    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            begin = await server_time(redis)
            argv = [sys.executable, "-c", PROCESS, redis_url, key, *map(str, (rate, burst, calls))]
            processes = [subprocess.Popen(argv, stdout=subprocess.PIPE) for _ in range(2)]
            outputs = [process.communicate()[0] for process in processes]
            assert [process.returncode for process in processes] == [0, 0]
            passed = await server_time(redis) - begin
            await redis.delete(key, key + ":ready")
        waits = sorted(itertools.chain.from_iterable(json.loads(output) for output in outputs))
        assert len(waits) == 2 * calls
        # All calls with a wait of at most `wait` start within `passed + wait` seconds.
        for count, wait in enumerate(waits, 1):
            assert count <= burst + rate * (passed + wait)
        # No place was lost either: the last one comes when it is due.
        assert waits[-1] <= (2 * calls - burst) / rate + 0.001

    asyncio.run(scenario())


def test_without_redis_deliveries_are_told_to_wait(tmp_path: Path):
    async def scenario() -> None:
        for url in ("redis://127.0.0.1:1/0", f"unix://{tmp_path}/nobody.sock"):
            async with Redis.from_url(url) as redis:
                with pytest.raises(RatesUnavailable, match="deliveries wait"):
                    await SharedBucket(redis, "test:rate:push", 10, 1).take()

    asyncio.run(scenario())


def test_a_script_that_redis_forgot_is_loaded_again(redis_url, key):
    async def scenario() -> None:
        async with Redis.from_url(redis_url) as redis:
            bucket = SharedBucket(redis, key, 0.001, 1)
            await bucket.reserve()
            await redis.script_flush()
            assert await bucket.reserve() > 900
            await redis.delete(key)

    asyncio.run(scenario())


@given(st.lists(st.floats(0, 2), max_size=6), st.integers(0, 1_000_000))
def test_no_second_has_more_than_line_allows_whatever_held_calls_up(stalls, seed):
    """R27: a call reaches LINE up to 15 ms later than it started; some are held up far longer."""
    spacing, now, starts, chance = Spacing(200, SECOND), 0.0, [], Random(seed)
    held = dict(zip(chance.sample(range(900), len(stalls)), stalls, strict=True))
    for n in range(900):
        now = max(now, spacing.after(n / MULTICASTS)) + held.get(n, 0) + chance.random() * 0.001
        spacing.note(now)
        starts.append(now)
    arrived = sorted(at + chance.random() * 0.014 for at in starts)
    for first, after in zip(arrived, arrived[200:], strict=False):
        assert after - first >= 1
    late = starts[-1] - 900 / MULTICASTS
    assert late <= sum(stalls) + 0.1, "a stall costs no more than itself"
