"""Webhooks accepted durably, beside a bare endpoint that only checks the signature."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import deployed, peers, postgres
from bench.bodies import Stream
from bench.load import Plan, Result, World
from bench.machine import Process, cpu_seconds, free_port, wait_until_answered
from bench.report import Report, middle
from bench.settings import Settings

WRITES = 50.0
"""Writing turns that the worker does each second beside the flood at half load."""
REDELIVERED, FORGED = 0.1, 0.02


@dataclass
class Found:
    """The figures of one server, round by round; by events in a body where it says `dict`."""

    rates: dict[int, list[float]] = field(default_factory=lambda: {1: [], 5: []})
    costs: dict[int, list[float]] = field(default_factory=lambda: {1: [], 5: []})
    p99: list[float] = field(default_factory=list)


@dataclass
class Contender:
    """A server under measurement."""

    label: str
    port: int
    pid: int
    stream: Callable[..., Stream]
    stored: Callable[[], int] | None = None
    """Events that its database holds now."""
    beside: list[Stream] = field(default_factory=list)
    """What else goes on at half load."""
    sent: int = 0

    def saturate(
        self, world: World, events: int, count: int, seed: int
    ) -> tuple[Result, float, float]:
        """A closed loop of 64 connections; its result, CPU µs per event, events a second."""
        sends = self.stream(events=events, redelivered=REDELIVERED, forged=FORGED)
        world.prepare(Plan(self.port, [sends], count=count, seed=seed))
        before = cpu_seconds(self.pid)
        result = world.run()
        # Redelivered events are work, too: count what was received with a right signature.
        received = result.only.webhooks * (1 - FORGED) * events
        cost = (cpu_seconds(self.pid) - before) / received * 1e6
        self._check(result)
        return result, cost, received / result.seconds

    def load(self, world: World, rate: float, seconds: float, seed: int) -> float:
        """An open loop; the p99 of its answers in milliseconds."""
        sends = self.stream(rate=rate)
        plan = Plan(self.port, [sends, *self.beside], 256, seconds, seed=seed)
        result = world.run(plan)
        self._check(result)
        return result.streams[sends.name].p99

    def _check(self, result: Result) -> None:
        for figures in result.streams.values():
            if figures.unexpected:
                raise RuntimeError(f"{self.label}: {figures.unexpected} wrong answers")
        self.sent += result.streams["all"].events
        if self.stored is not None and (stored := self.stored()) != self.sent:
            raise RuntimeError(f"{self.label}: {stored} events stored, {self.sent} were sent")


def run(settings: Settings, report: Report) -> None:
    """Measure them in turn, several rounds, each time in a fresh process."""
    servers: list[str | None] = [None]
    if settings.postgres:
        servers.append(settings.postgres)
    found: dict[str, Found] = {}
    busiest = 0.0
    with World(settings.cores.load) as world:
        for seed in range(1, settings.rounds + 1):
            contenders = [_bare(settings), *(_ours(settings, world, one) for one in servers)]
            for each in contenders:
                with each as contender:
                    own = found.setdefault(contender.label, Found())
                    busiest = max(busiest, _measure(settings, world, contender, own, seed))
    _tell(report, found, busiest)


def _measure(
    settings: Settings, world: World, contender: Contender, found: Found, seed: int
) -> float:
    """One round of everything with one server; how busy the load generator was, 0 to 1."""
    count = 5_000 if settings.quick else 20_000  # the system counts CPU time in 10 ms
    contender.saturate(world, 1, count // 10, seed * 10)  # a warm-up
    busiest = 0.0
    for events in (1, 5):
        result, cost, rate = contender.saturate(world, events, count // events, seed * 10 + events)
        found.costs[events].append(cost)
        found.rates[events].append(rate)
        busiest = max(busiest, result.cpu)
    half = found.rates[1][-1] / 2
    found.p99.append(contender.load(world, half, settings.seconds(4), seed))
    return busiest


def _tell(report: Report, found: dict[str, Found], busiest: float) -> None:
    bare = next(iter(found.values()))
    rows = []
    for label, each in found.items():
        cost, cost5 = middle(each.costs[1]), middle(each.costs[5])
        ratio, ratio5 = cost / middle(bare.costs[1]), cost5 / middle(bare.costs[5])
        rate, rate5, p99 = middle(each.rates[1]), middle(each.rates[5]), middle(each.p99)
        rows.append([label, rate, cost, ratio, rate5, cost5, ratio5, p99])
        report.figures[label] = {
            "events_a_second": round(rate),
            "cpu_us": round(cost, 1),
            "cpu_ratio": round(ratio, 2),
            "events_a_second_5": round(rate5),
            "cpu_us_5": round(cost5, 1),
            "cpu_ratio_5": round(ratio5, 2),
            "half_load_p99_ms": round(p99, 2),
        }
    heads = ["server", "events/s", "CPU µs/event", "× bare", "5 per body: events/s"]
    report.table([*heads, "CPU µs/event", "× bare", "p99 ms at half load"], rows)
    report.say(
        f"Median of {len(bare.p99)} rounds; 64 connections, {REDELIVERED:.0%} of the bodies sent"
        f" twice, {FORGED:.0%} forged: each event stored once, none that was forged. At half load"
        f" the worker does {WRITES:g} writing turns a second on the same core. The load generator"
        f" used at most {busiest:.0%} of its core."
    )
    for label, each in list(found.items())[1:]:
        ratio = middle(each.costs[1]) / middle(bare.costs[1])
        report.goal(f"{label}: CPU per event, × bare", round(ratio, 2), 1.0)
        report.goal(f"{label}: p99 at half load, ms", round(middle(each.p99), 2), 10)


@contextmanager
def _bare(settings: Settings) -> Iterator[Contender]:
    port = free_port()
    argv = [sys.executable, "-m", "bench.peers", "bare", str(port)]
    env = {peers.SECRET: deployed.SECRET}
    with Process(argv, settings.cores.measured, env=env) as process:
        wait_until_answered(f"http://127.0.0.1:{port}/health/live", process)

        def stream(**more: object) -> Stream:
            return Stream("/webhook", deployed.SECRET, "図書館", **more)  # type: ignore[arg-type]

        yield Contender("bare Starlette, nothing stored", port, process.pid, stream)


@contextmanager
def _ours(settings: Settings, world: World, server: str | None) -> Iterator[Contender]:
    with ExitStack() as stack:
        place = stack.enter_context(deployed.folder("webhook"))
        own = stack.enter_context(postgres.database(server)) if server else None
        inbox = stack.enter_context(postgres.database(server)) if server else str(place / "flood")
        if server:
            deployed.migrate(place, deployed.prepare(place, world.line, (), inbox))
        town = stack.enter_context(
            deployed.deployed(
                place, settings.cores.measured, world.line, ["writing"], own, flood_inbox=inbox
            )
        )

        def stored() -> int:
            return postgres.count_events(inbox) if server else _rows(place / "flood/inbox.sqlite")

        label = "madoguchi, PostgreSQL" if server else "madoguchi, SQLite"
        beside = [deployed.stream("記録", settings.rate(WRITES), name="writes")]
        yield Contender(label, town.door_port, town.door, deployed.flood, stored, beside)


def _rows(file: Path) -> int:
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return db.execute("SELECT count(*) FROM inbox").fetchone()[0]
    finally:
        db.close()
