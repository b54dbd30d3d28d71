"""What a page weighs on a phone that has nothing yet, and what it costs beside a ready one."""

import re
import sys
import time
from http.client import HTTPConnection
from statistics import median
from typing import NamedTuple

from bench import deployed
from bench.load import Plan, World
from bench.machine import Process, free_port, wait_until_answered
from bench.report import Report, middle
from bench.settings import Settings
from madoguchi.clock import Clock
from madoguchi.secrets import derive
from madoguchi_liff import session

BASE = "/mihon/liff"
PAGES = {
    "entrance, nobody known": (BASE, False),
    "first page": (BASE, True),
    "a question of a form": (f"{BASE}/form/asking/report", True),
    "settings, five rows": (f"{BASE}/form/asking/settings", True),
}
COUNT = 400
"""Pages a round."""
WARM_UP = 20


class Weight(NamedTuple):
    """What arrives for one page, LINE's SDK left out."""

    html: int
    bytes: int
    requests: int


def run(settings: Settings, report: Report) -> None:
    """Weigh every page, then ask for them and for ready pages of the same length in turn."""
    cookie = {"cookie": f"madoguchi-mihon-liff={_session()}"}
    with World(settings.cores.load) as world, deployed.folder("page") as place:
        plugins = ["asking", "liff"]
        with deployed.deployed(place, settings.cores.measured, world.line, plugins) as town:
            _meet_somebody(world, town)
            rows = []
            for name, (path, known) in PAGES.items():
                headers = cookie if known else {}
                weight = _weigh(town.port, path, headers)
                ours, ready = [], []
                for _ in range(settings.rounds):
                    ready.append(_ask_ready(settings, weight.html))
                    ours.append(_ask(settings, town.port, path, headers))
                rows.append((name, weight, middle(ours), middle(ready)))
    report.table(
        ["page", "kB in all", "requests beside HTML", "ms", "ready page, ms", "ratio"],
        [
            [name, kilobytes(weight), weight.requests, ours, ready, ours / ready]
            for name, weight, ours, ready in rows
        ],
    )
    report.say(
        f"One browser, one page after another, {COUNT:,} a round, median of {settings.rounds}"
        " rounds, the middle waiting time; the ready page is a bare Starlette's of the same length."
        " kB are bodies as they travel: HTML as it is, the rest compressed, nothing from a cache."
    )
    report.goal("heaviest page, kB", max(kilobytes(w) for _, w, _, _ in rows), 60)
    report.goal("requests beside the HTML", max(w.requests for _, w, _, _ in rows), 3)
    report.figures["ratio"] = {name: round(ours / ready, 1) for name, _, ours, ready in rows}


def kilobytes(weight: Weight) -> float:
    """Of 1,000 bytes each."""
    return round(weight.bytes / 1000, 1)


def _session() -> str:
    """The session that somebody gets whose ID token was good."""
    key = derive(deployed.SECRET, "liff: session")
    begun = session.begin(1, "2000000002-bench001", Clock().now(), "U" + "0" * 32)
    return session.seal(begun, key)


def _meet_somebody(world: World, town: deployed.Town) -> None:
    world.run(Plan(town.door_port, [deployed.stream("図書館")], 1, count=1, grace=10))


def _weigh(port: int, path: str, headers: dict[str, str]) -> Weight:
    """What a browser loads: HTML, style sheet, script, and htmx, which the script loads."""
    html = _get(port, path, headers)
    own = rf'(?:href|src|data-htmx)="((?:{BASE}|/[\w-]+/madoguchi)/static/[^"]+)"'
    if b'data-place="inside"' not in html:
        own = own.replace("|data-htmx", "")  # the entrance loads LINE's SDK instead
    files = set(re.findall(own, html.decode()))
    return Weight(len(html), len(html) + sum(len(_get(port, one)) for one in files), len(files))


def _get(port: int, path: str, headers: dict[str, str] | None = None) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"accept-encoding": "gzip", **(headers or {})})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} was answered {answer.status}")
    return body


def _ask_ready(settings: Settings, size: int) -> float:
    port = free_port()
    argv = [sys.executable, "-m", "bench.peers", "blank", str(port)]
    with Process(argv, settings.cores.measured, env={"BLANK_BYTES": str(size)}) as process:
        wait_until_answered(f"http://127.0.0.1:{port}/health/live", process)
        return _ask(settings, port, "/page", {})


def _ask(settings: Settings, port: int, path: str, headers: dict[str, str]) -> float:
    """Milliseconds that one page takes, one after another over one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    count, took = 20 if settings.quick else COUNT, []
    for _ in range(count + WARM_UP):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    connection.close()
    return median(took[WARM_UP:])
