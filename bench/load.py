"""The world outside: sends webhooks and plays LINE, as one process with one clock.

`python -m bench.load` answers one line of JSON for each line that it reads: a `Plan` is first
prepared (`{"ready": true}`), then an empty line starts it and its `Result` comes back. The first
line of all says on which port its LINE listens.
"""

import asyncio
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Self

import msgspec

from bench.bodies import Stream, Webhook, build
from bench.machine import Process
from bench.wire import Caller, LineApi

PATIENCE = 3.0
"""Open loop: seconds after the last webhook in which an answer may come."""
TICK = 0.001
"""Open loop: what became due within a tick is sent together; libuv knows no shorter timer."""


class Plan(msgspec.Struct, frozen=True):
    """One round. Streams without a rate are sent in a closed loop, `count` webhooks of each."""

    port: int
    streams: list[Stream]
    connections: int = 64
    seconds: float = 0
    count: int = 0
    latency: float = 0
    """Seconds that LINE takes to answer a call."""
    grace: float = 0
    """So many seconds after the last answer replies still count."""
    seed: int = 1


class Figures(msgspec.Struct):
    """What one stream met with; times in milliseconds from when a webhook was meant to be sent."""

    webhooks: int
    events: int
    """In bodies that were accepted, redelivered ones not counted."""
    unexpected: int
    """Answers with another status than the right one."""
    p50: float
    p99: float
    arrived: float
    """The share of events whose reply call reached LINE."""
    reply_p50: float
    reply_p99: float
    reply_max: float
    silence: float
    """The longest time without any reply, counted from the first webhook."""


class Result(msgspec.Struct):
    """What one round came to."""

    seconds: float
    cpu: float
    """The load generator's own share of its core, 0 to 1: over 0.8 it is what is measured."""
    streams: dict[str, Figures]

    @property
    def only(self) -> Figures:
        """The figures of the one stream there was."""
        (figures,) = self.streams.values()
        return figures

    @property
    def events_a_second(self) -> float:
        """Events accepted in each second, of all streams."""
        return sum(each.events for each in self.streams.values()) / self.seconds


class World:
    """The load process as the bench sees it: `with World(core) as world`."""

    def __init__(self, core: int) -> None:
        self._process = Process([sys.executable, "-m", "bench.load"], core, talk=True)
        self.line_port: int = msgspec.json.decode(self._process.hear())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._process.__exit__(*reason)

    @property
    def line(self) -> str:
        """Where its LINE is."""
        return f"http://127.0.0.1:{self.line_port}"

    def prepare(self, plan: Plan) -> None:
        """Build what will be sent; the clock does not run yet."""
        self._process.ask(msgspec.json.encode(plan))

    def run(self, plan: Plan | None = None) -> Result:
        """Send what was prepared, or prepare and send a plan."""
        if plan is not None:
            self.prepare(plan)
        return msgspec.json.decode(self._process.ask(b""), type=Result)


class Round:
    """One plan being carried out."""

    def __init__(self, plan: Plan, arrivals: dict[str, float]) -> None:
        self._plan, self._arrivals = plan, arrivals
        self._host = f"127.0.0.1:{plan.port}"
        self._open = any(stream.rate for stream in plan.streams)
        self._webhooks = [self._build(stream) for stream in plan.streams]
        self._idle: deque[Caller] = deque()
        self._busy: dict[Caller, tuple[float, int, Webhook]] = {}
        self._queue: deque[tuple[float, int, Webhook]] = deque()
        self._times = [array("d") for _ in plan.streams]
        self._meant = [dict[str, float]() for _ in plan.streams]
        self._unexpected = [0] * len(plan.streams)
        self._ended = asyncio.Event()
        self._all_sent = False

    def _build(self, stream: Stream) -> list[Webhook]:
        count = round(stream.rate * self._plan.seconds) if self._open else self._plan.count
        return build(stream, count, self._host, self._plan.seed)

    async def run(self) -> Result:
        """Send everything, wait for the answers and for the replies."""
        await self._connect()
        try:
            self._arrivals.clear()
            cpu, began = time.process_time(), time.perf_counter()
            await self._send_all(self._schedule(began))
            took = time.perf_counter() - began
            share = (time.process_time() - cpu) / took
            await self._wait_for_replies()
        finally:
            for caller in [*self._idle, *self._busy]:
                caller.close()
            self._busy.clear()
        figures = {s.name: self._figures(n) for n, s in enumerate(self._plan.streams)}
        return Result(took, share, figures)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self._plan.connections):
            _, caller = await loop.create_connection(
                lambda: Caller(self._take_answer), "127.0.0.1", self._plan.port
            )
            self._idle.append(caller)

    def _schedule(self, began: float) -> "Webhooks":
        """When each webhook is meant to leave; a closed loop means all of them at once."""
        due = [
            (began + place / stream.rate if self._open else 0.0, number, webhook)
            for number, stream in enumerate(self._plan.streams)
            for place, webhook in enumerate(self._webhooks[number])
        ]
        if self._open:
            due.sort(key=lambda each: each[0])
        return Webhooks(due)

    async def _send_all(self, webhooks: "Webhooks") -> None:
        self._queue.clear()
        self._all_sent = False
        self._ended.clear()
        if not webhooks.due:
            return
        if webhooks.due[-1][0] == 0.0:
            self._queue.extend(webhooks.due)
            self._send_waiting()
        else:
            for now in webhooks.until():
                self._queue.extend(webhooks.take(now))
                self._send_waiting()
                await asyncio.sleep(TICK)
        self._all_sent = True
        if self._busy or self._queue:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE if self._open else None):
                    await self._ended.wait()
            self._give_up()

    def _send_waiting(self) -> None:
        """Give every idle connection a webhook, as long as some wait."""
        queue, idle = self._queue, self._idle
        while queue and idle:
            self._send(idle.popleft(), queue.popleft())

    def _send(self, caller: Caller, due: tuple[float, int, Webhook]) -> None:
        meant, number, webhook = due
        if not meant:
            due = (time.perf_counter(), number, webhook)
        self._busy[caller] = due
        for token in webhook.tokens:
            self._meant[number][token] = due[0]
        caller.call(webhook.wire)

    def _take_answer(self, caller: Caller, status: int) -> None:
        due = self._busy.pop(caller, None)
        if due is None:
            return
        meant, number, webhook = due
        self._times[number].append(time.perf_counter() - meant)
        if status != webhook.status:
            self._unexpected[number] += 1
        if caller.is_open:
            if self._queue:
                self._send(caller, self._queue.popleft())
            else:
                self._idle.append(caller)
        if self._all_sent and not self._busy:
            self._ended.set()

    def _give_up(self) -> None:
        """What nobody has answered by now took this long at least."""
        now = time.perf_counter()
        for meant, number, webhook in [*self._busy.values(), *self._queue]:
            self._times[number].append(now - meant)
            self._meant[number].update(dict.fromkeys(webhook.tokens, meant))
        self._queue.clear()

    async def _wait_for_replies(self) -> None:
        until = time.perf_counter() + self._plan.grace
        streams = zip(self._plan.streams, self._meant, strict=True)
        tokens = [token for stream, meant in streams if stream.answered for token in meant]
        while time.perf_counter() < until:
            if all(token in self._arrivals for token in tokens):
                return
            await asyncio.sleep(0.05)

    def _figures(self, number: int) -> Figures:
        meant, times = self._meant[number], self._times[number]
        replies = [
            self._arrivals[token] - at for token, at in meant.items() if token in self._arrivals
        ]
        return Figures(
            webhooks=len(times),
            events=len(meant),
            unexpected=self._unexpected[number],
            p50=_quantile(times, 0.5),
            p99=_quantile(times, 0.99),
            arrived=len(replies) / len(meant) if meant else 0.0,
            reply_p50=_quantile(replies, 0.5),
            reply_p99=_quantile(replies, 0.99),
            reply_max=_quantile(replies, 1.0),
            silence=_longest_pause(
                [
                    *list(meant.values())[:1],
                    *(self._arrivals[t] for t in meant if t in self._arrivals),
                ]
            ),
        )


class Webhooks:
    """Webhooks in the order in which they are meant to leave."""

    def __init__(self, due: list[tuple[float, int, Webhook]]) -> None:
        self.due = due
        self._place = 0

    def until(self) -> Iterator[float]:
        """The time now, again and again, until everything has left."""
        while self._place < len(self.due):
            yield time.perf_counter()

    def take(self, now: float) -> Iterator[tuple[float, int, Webhook]]:
        """Those that are due by now."""
        while self._place < len(self.due) and self.due[self._place][0] <= now:
            yield self.due[self._place]
            self._place += 1


def _quantile(times: "array[float] | list[float]", share: float) -> float:
    """Milliseconds under which this share of the times lies; 0 if there are none."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def _longest_pause(moments: list[float]) -> float:
    """Milliseconds between the two neighbours that are farthest apart; 0 if there are none."""
    return max((b - a for a, b in pairwise(sorted(moments))), default=0.0) * 1000


@contextmanager
def _without_collector() -> Iterator[None]:
    """Garbage collection stops the clock for everybody: not while it runs."""
    import gc

    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _serve() -> None:
    arrivals: dict[str, float] = {}
    latency = 0.0
    loop = asyncio.get_running_loop()
    line = await loop.create_server(lambda: LineApi(arrivals, lambda: latency), "127.0.0.1", 0)
    _say(line.sockets[0].getsockname()[1])
    while text := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        plan = msgspec.json.decode(text, type=Plan)
        latency = plan.latency
        planned = Round(plan, arrivals)
        _say({"ready": True})
        if not await loop.run_in_executor(None, sys.stdin.buffer.readline):
            return
        with _without_collector():
            _say(await planned.run())


def _say(told: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Serve until standard input ends."""
    import uvloop

    uvloop.run(_serve())


if __name__ == "__main__":
    main()
