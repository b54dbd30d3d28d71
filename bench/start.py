"""How long one gateway takes to its first 200, and what memory its processes hold."""

import sys
import time

from bench import deployed, peers
from bench.load import Plan, World
from bench.machine import Process, free_port, resident_megabytes, wait_until_answered
from bench.report import Report, middle
from bench.settings import Settings

EVENTS = 1_000
"""Answered before the memory is read: what is imported lazily is there by then."""


def run(settings: Settings, report: Report) -> None:
    """Start both in turn, several rounds."""
    ours: list[tuple[float, float, float]] = []
    usual: list[tuple[float, float]] = []
    with World(settings.cores.load) as world, deployed.folder("start") as place:
        with deployed.deployed(place, settings.cores.measured, world.line):
            pass  # makes and migrates the database, and compiles the byte code
        for _ in range(settings.rounds):
            usual.append(_start_usual(settings, world))
            began = time.perf_counter()
            with deployed.deployed(place, settings.cores.measured, world.line) as town:
                took = time.perf_counter() - began
                _talk(settings, world, town.door_port, "/mihon/webhook")
                ours.append((took, *town.memory()))
    took, worker, door = (middle([each[n] for each in ours]) for n in range(3))
    usual_took, usual_memory = (middle([each[n] for each in usual]) for n in range(2))
    report.table(
        ["bot", "s to the first 200", "MB (RSS)"],
        [
            ["usual: SDK, one process", usual_took, usual_memory],
            ["madoguchi: Valkey, door and worker", took, f"worker {worker:.0f}, door {door:.0f}"],
        ],
    )
    report.say(
        f"Median of {settings.rounds} starts on one core, byte code compiled, database migrated:"
        " until pages and door both answer, Valkey's start included; memory after"
        f" {EVENTS:,} answered events, without Valkey's."
    )
    report.figures |= {
        "usual": {"seconds": round(usual_took, 2), "mb": round(usual_memory, 1)},
        "ratio": round(took / usual_took, 2),
    }
    report.goal("seconds to the first 200", round(took, 2), 1.5)
    report.goal("worker, MB", round(worker, 1), 140)
    report.goal("door, MB", round(door, 1), 45)


def _start_usual(settings: Settings, world: World) -> tuple[float, float]:
    port = free_port()
    argv = [sys.executable, "-m", "bench.peers", "usual", str(port)]
    env = {peers.SECRET: deployed.SECRET, peers.TOKEN: deployed.TOKEN, peers.LINE: world.line}
    began = time.perf_counter()
    with Process(argv, settings.cores.measured, env=env) as process:
        wait_until_answered(f"http://127.0.0.1:{port}/health/live", process)
        took = time.perf_counter() - began
        _talk(settings, world, port, "/webhook")
        return took, resident_megabytes(process.pid)


def _talk(settings: Settings, world: World, port: int, path: str) -> None:
    count = 50 if settings.quick else EVENTS
    stream = deployed.Stream(path, deployed.SECRET, "図書館")
    world.run(Plan(port, [stream], 16, count=count, grace=10))
