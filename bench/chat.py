"""From a webhook to its reply: what arrives, and how soon, while LINE takes its time."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import deployed, peers, postgres
from bench.bodies import Stream
from bench.load import Plan, Result, World
from bench.machine import Process, cpu_seconds, free_port, wait_until_answered
from bench.report import Report
from bench.settings import Settings

RATES = (100.0, 500.0, 1000.0)
LATENCIES = (0.05, 0.5)
CONNECTIONS = 256
GRACE = 1.0
"""Seconds after the last answer in which a reply still counts."""
MET = 5_000
"""Residents that write."""


@dataclass(frozen=True, slots=True)
class Case:
    """One bot at one rate, with LINE answering after `latency` seconds."""

    label: str
    rate: float
    latency: float
    goal: float = 0
    """The p99 in milliseconds that design §13 asks for; 0: none."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot under measurement."""

    label: str
    port: int
    stream: Callable[[float], Stream]
    cpu: Callable[[], float]
    """CPU seconds that it has used."""
    meets: bool = True
    """Whether it remembers residents."""


def run(settings: Settings, report: Report) -> None:
    """Measure the usual bot and ours, at every rate and latency."""
    with World(settings.cores.load) as world:
        found: list[tuple[Case, Result, float]] = []
        latencies, rates = settings.some(LATENCIES), settings.some(RATES)
        for latency in latencies:
            for rate in rates:  # each with a fresh bot: one that collapsed stays so for a while
                with _usual(settings, world) as bot:
                    found += _measure(settings, world, bot, [Case(bot.label, rate, latency)])
        with _ours(settings, world, "from memory", "図書館", None) as bot:
            cases = [
                Case(bot.label, rate, latency, 25 * (rate == RATES[-1]))
                for latency in latencies
                for rate in rates
            ]
            found += _measure(settings, world, bot, cases)
        with _ours(settings, world, "writes rows, SQLite", "記録", None) as bot:
            rates = settings.some((250, 400))
            cases = [Case(bot.label, rate, LATENCIES[0], 50 * (rate == 400)) for rate in rates]
            found += _measure(settings, world, bot, cases)
        if settings.postgres:
            with _ours(
                settings, world, "from memory, PostgreSQL", "図書館", settings.postgres
            ) as bot:
                found += _measure(settings, world, bot, [Case(bot.label, 500, LATENCIES[0])])
            with _ours(
                settings, world, "writes rows, PostgreSQL", "記録", settings.postgres
            ) as bot:
                found += _measure(settings, world, bot, [Case(bot.label, 250, LATENCIES[0], 50)])
    _tell(report, found)


def _measure(
    settings: Settings, world: World, bot: Bot, cases: Sequence[Case]
) -> list[tuple[Case, Result, float]]:
    """One open loop for each case, after our bot has met every resident."""
    seconds = settings.seconds(4)
    found = []
    residents = 50 if settings.quick or not bot.meets else MET
    world.run(Plan(bot.port, [bot.stream(0)], 16, count=residents, grace=60))
    for seed, case in enumerate(cases):
        plan = Plan(
            bot.port,
            [bot.stream(settings.rate(case.rate))],
            CONNECTIONS,
            seconds,
            latency=case.latency,
            grace=settings.seconds(GRACE),
            seed=seed,
        )
        world.prepare(plan)
        began, before = time.monotonic(), bot.cpu()
        result = world.run()
        found.append((case, result, (bot.cpu() - before) / (time.monotonic() - began)))
        if bot.meets:  # until nothing waits any more
            world.run(Plan(bot.port, [bot.stream(0)], 1, count=1, grace=60))
    return found


def _tell(report: Report, found: Sequence[tuple[Case, Result, float]]) -> None:
    heads = ["bot", "events/s", "LINE answers in ms", "replies arrived", "webhook→reply p50 ms"]
    heads += ["p99 ms", "webhook p99 ms", "cores"]
    rows = []
    for case, result, cores in found:
        figures = result.only
        rows.append(
            [
                case.label,
                f"{case.rate:g}",
                f"{case.latency * 1000:g}",
                f"{figures.arrived:.1%}",
                figures.reply_p50,
                figures.reply_p99,
                figures.p99,
                cores,
            ]
        )
    report.table(heads, rows)
    busiest = max(result.cpu for _, result, _ in found)
    report.say(
        "Open loop: times run from when a webhook was meant to be sent; a reply counts if it"
        f" reaches LINE within {GRACE:g} s of the last answer. Door, worker and Valkey share one"
        " core, and so does all of the usual bot; PostgreSQL runs where it likes. `cores` is the"
        " CPU time of door and worker over the wall's. The load generator and its LINE used at most"
        f" {busiest:.0%} of their core."
    )
    rows_of_figures = []
    for case, result, cores in found:
        figures = result.only
        rows_of_figures.append(
            {
                "bot": case.label,
                "rate": case.rate,
                "latency_ms": case.latency * 1000,
                "arrived": round(figures.arrived, 4),
                "p50_ms": round(figures.reply_p50, 2),
                "p99_ms": round(figures.reply_p99, 2),
                "webhook_p99_ms": round(figures.p99, 2),
                "cores": round(cores, 2),
            }
        )
    report.figures["cases"] = rows_of_figures
    for case, result, _ in found:
        if case.goal:
            where = f"{case.label}, {case.rate:g}/s, LINE {case.latency * 1000:g} ms"
            arrived = round(result.only.arrived * 100, 2)
            report.goal(f"{where}: arrived, %", arrived, 100, at_least=True)
            report.goal(f"{where}: p99, ms", round(result.only.reply_p99, 1), case.goal)


@contextmanager
def _usual(settings: Settings, world: World) -> Iterator[Bot]:
    port = free_port()
    argv = [sys.executable, "-m", "bench.peers", "usual", str(port)]
    env = {
        peers.SECRET: deployed.SECRET,
        peers.TOKEN: deployed.TOKEN,
        peers.LINE: world.line,
    }
    with Process(argv, settings.cores.measured, env=env) as process:
        wait_until_answered(f"http://127.0.0.1:{port}/health/live", process)

        def stream(rate: float) -> Stream:
            return Stream("/webhook", deployed.SECRET, "図書館", rate, residents=MET)

        yield Bot(
            "usual: SDK, awaited reply", port, stream, lambda: cpu_seconds(process.pid), False
        )


@contextmanager
def _ours(
    settings: Settings, world: World, label: str, text: str, server: str | None
) -> Iterator[Bot]:
    with ExitStack() as stack:
        place = stack.enter_context(deployed.folder("chat"))
        url = stack.enter_context(postgres.database(server)) if server else None
        town = stack.enter_context(
            deployed.deployed(place, settings.cores.measured, world.line, ["writing"], url)
        )

        def stream(rate: float) -> Stream:
            return deployed.stream(text, rate, residents=MET)

        yield Bot(f"madoguchi, {label}", town.door_port, stream, town.cpu)
