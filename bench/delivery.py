"""A delivery to everybody, with its ledger: how long, how much CPU, how much memory."""

import json
import sys
from typing import Any

from bench.deployed import folder
from bench.machine import Process, free_port
from bench.report import Report
from bench.settings import Settings
from madoguchi.valkey import start_valkey

LATENCIES = ((0.05, 10.4), (0.5, 10.8))
"""Seconds that LINE takes over a call, and how long all of it may take."""


def run(settings: Settings, report: Report) -> None:
    """Send to all, by us and by the SDK, at each latency."""
    count = 20_000 if settings.quick else 1_000_000
    rows: list[list[object]] = []
    with folder("delivery") as place:
        _ask(settings, "prepare", place, count)
        server = start_valkey(place / "valkey")
        port = free_port()
        line = f"http://127.0.0.1:{port}"
        program = [sys.executable, "-m", "bench.delivering", "line", str(port), "0.05"]
        try:
            with Process(program, settings.cores.load, talk=True) as world:
                world.hear()
                for latency, limit in LATENCIES:
                    world.ask(str(latency).encode())
                    key = f"bench/{latency}"
                    froze = float(_ask(settings, "freeze", place, key))
                    ours = json.loads(_ask(settings, "send", place, key, line, server.url))
                    seen = json.loads(world.ask(str(latency).encode()))
                    _check(ours, seen, count)
                    usual = json.loads(_ask(settings, "usual", count, line))
                    told = json.loads(world.ask(str(latency).encode()))
                    rows += _rows(latency, ours, seen, usual, told)
                    _judge(report, latency, limit, froze, ours, seen, usual)
        finally:
            server.stop()
    report.table(
        ["LINE answers in", "sender", "s", "CPU s", "MB beyond idle", "429", "got it once"], rows
    )
    report.say(
        f"{count:,} recipients in chunks of 500, SQLite, from the start's commit to the last answer"
        " in the ledger; LINE refuses what is above 200 calls in any second. The usual way is"
        " the SDK's asynchronous client as it comes, with a pool of ten, paced at 198/s, and"
        " without a ledger: what it had sent when it died, nobody would know. The freeze, in a"
        " process before, is not in these seconds."
    )


def _rows(latency: float, ours: Any, seen: Any, usual: Any, told: Any) -> list[list[object]]:
    said = f"{latency * 1000:.0f} ms"
    return [
        [said, "usual: SDK", usual["seconds"], usual["cpu"], usual["more"], *_told(told)],
        [said, "madoguchi", ours["seconds"], ours["cpu"], ours["more"], *_told(seen)],
    ]


def _told(seen: Any) -> list[object]:
    return [seen["refused"], seen["once"]]


def _judge(
    report: Report, latency: float, limit: float, froze: float, ours: Any, seen: Any, usual: Any
) -> None:
    said = f"{latency * 1000:.0f} ms"
    report.goal(f"seconds at {said}", ours["seconds"], limit)
    report.goal(f"CPU seconds at {said}", ours["cpu"], 2)
    report.goal(f"MB beyond idle at {said}", ours["more"], 30)
    report.goal(f"refused for the rate at {said}", seen["refused"], 0)
    report.goal(f"freeze at {said}, s", froze, 15)
    report.figures[f"usual at {said}"] = usual


def _check(ours: Any, seen: Any, count: int) -> None:
    ledger = ours["ledger"]
    if (ledger["sent"], seen["once"], seen["more"]) != (count, count, 0):
        raise RuntimeError(f"not everybody got it once: {ledger}, {seen}")


def _ask(settings: Settings, *words: object) -> str:
    program = [sys.executable, "-m", "bench.delivering", *map(str, words)]
    with Process(program, settings.cores.measured, talk=True) as process:
        line = b"" if words[0] == "prepare" else process.hear()
        process.wait(600)
    return line.decode()
