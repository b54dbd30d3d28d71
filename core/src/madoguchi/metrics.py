"""Numbers for those who look after a deployment, in Prometheus' text format.

Every process counts on a sheet of its own; all sheets lie in one memory that the supervisor makes,
so that whoever is asked shows the numbers of all, also of a process that hangs or was started
again. Counting is an addition in mapped memory, about 0.2 µs. Labels are names of gateways, plugins
and jobs and words of ours: nothing about a resident ever becomes a label.
"""

import logging
import math
import mmap
import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("madoguchi.metrics")

SHEET = "MADOGUCHI_SHEET"
"""Tells a child where the memory is and which sheet is its own: `path:number`."""
MAGIC = b"mdg-mt01"
SHEETS = 32
ROWS = 16_384
NAME_BYTES = 192
_SHEET_BYTES = ROWS * (8 + NAME_BYTES)
_HEADER = 8 + SHEETS * 8
SIZE = _HEADER + SHEETS * _SHEET_BYTES
"""Bytes; the system gives only those that are written to."""
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; upper ends of a histogram's buckets."""


class Sheet:
    """One process's rows: names, each with a value."""

    def __init__(self, memory: mmap.mmap, number: int) -> None:
        view, start = memoryview(memory), _HEADER + number * _SHEET_BYTES
        self._used = view[8:_HEADER].cast("Q")
        self._number = number
        self._names = view[start + ROWS * 8 : start + _SHEET_BYTES]
        self.values = view[start : start + ROWS * 8].cast("d")
        self._rows = {name: row for row, name in enumerate(self._read())}

    def _read(self) -> Iterator[str]:
        for row in range(self._used[self._number]):
            name = bytes(self._names[row * NAME_BYTES : (row + 1) * NAME_BYTES])
            yield name.rstrip(b"\0").decode("utf-8", "replace")

    def row(self, name: str) -> int:
        """The row of a name; a new one if need be. The last row is for what found no place."""
        found = self._rows.get(name)
        if found is not None:
            return found
        text, row = name.encode(), self._used[self._number]
        if row >= ROWS - 1 or len(text) > NAME_BYTES:
            log.error("no row for %s: it is not counted", name)
            row = ROWS - 1
        else:
            self._names[row * NAME_BYTES : row * NAME_BYTES + len(text)] = text
            self._used[self._number] = row + 1
        self._rows[name] = row
        return row

    def series(self) -> Iterator[tuple[str, float]]:
        """Every name and its value now."""
        yield from zip(self._read(), self.values, strict=False)


@dataclass(frozen=True, slots=True)
class Lent:
    """A sheet for a child."""

    told: str
    """The value of `MADOGUCHI_SHEET`."""
    keep: tuple[int, ...]
    """Descriptors that the child has to inherit."""


class Lender:
    """The supervisor's side: makes the memory, counts on its first sheet, lends the others."""

    def __init__(self, folder: Path) -> None:
        self._keep: tuple[int, ...] = ()
        if hasattr(os, "memfd_create"):  # memory that no disk stands behind: see Beat.create
            self._keep = (os.memfd_create("madoguchi.sheets"),)
            self._path = Path(f"/proc/self/fd/{self._keep[0]}")
        else:
            self._path = folder / "sheets"
            self._path.write_bytes(b"")
        os.truncate(self._path, SIZE)
        open_sheet(self._path, 0)

    def lend(self, number: int) -> Lent:
        """A sheet for a child's place; the place keeps it through all its lives."""
        return Lent(f"{self._path}:{number}", self._keep)

    def close(self) -> None:
        """Close the descriptor; what is mapped stays."""
        for descriptor in self._keep:
            os.close(descriptor)


class Metric:
    """A number, or one for each combination of its labels. To be used from one thread."""

    def __init__(self, kind: str, name: str, about: str, *labels: str) -> None:
        self.kind, self.name, self.about, self._labels = kind, name, about, labels
        self.rows: dict[tuple[str, ...], int] = {}
        METRICS[name] = self

    @property
    def names(self) -> tuple[str, ...]:
        """What the names of its series begin with."""
        return (self.name,)

    def series(self, labels: tuple[str, ...], ending: str = "", **more: str) -> str:
        """The name of a series: `madoguchi_jobs_total{gateway="mihon",…}`."""
        given = {**dict(zip(self._labels, labels, strict=True)), **more}
        shown = ",".join(f'{label}="{_escape(value)}"' for label, value in given.items())
        return f"{self.name}{ending}{{{shown}}}" if shown else f"{self.name}{ending}"

    def row(self, labels: tuple[str, ...]) -> int:
        """The row in this process's sheet."""
        row = self.rows.get(labels)
        if row is None:
            row = self.rows[labels] = _sheet.row(self.series(labels))
        return row


class Counter(Metric):
    """A number that only grows."""

    def __init__(self, name: str, about: str, *labels: str) -> None:
        super().__init__("counter", name, about, *labels)

    def add(self, *labels: str, n: float = 1) -> None:
        """Count."""
        _sheet.values[self.row(labels)] += n


class Gauge(Metric):
    """A number as it is now; of several processes' the highest is shown."""

    def __init__(self, name: str, about: str, *labels: str) -> None:
        super().__init__("gauge", name, about, *labels)

    def set(self, *labels: str, to: float) -> None:
        """Say what it is now; not a number takes it off the page."""
        _sheet.values[self.row(labels)] = to


class Histogram(Metric):
    """How often something took how many seconds."""

    def __init__(self, name: str, about: str, *labels: str) -> None:
        super().__init__("histogram", name, about, *labels)

    @property
    def names(self) -> tuple[str, ...]:
        """See `Metric.names`."""
        return tuple(f"{self.name}{ending}" for ending in ("_bucket", "_sum", "_count"))

    def observe(self, *labels: str, seconds: float) -> None:
        """Count one that took so long."""
        first, values = self.row(labels), _sheet.values
        for row in range(first + bisect_left(BOUNDS, seconds), first + len(BOUNDS)):
            values[row] += 1
        values[first + len(BOUNDS)] += 1
        values[first + len(BOUNDS) + 1] += seconds
        values[first + len(BOUNDS) + 2] += 1

    def row(self, labels: tuple[str, ...]) -> int:
        """The first of its rows: the buckets, then the sum, then the count."""
        row = self.rows.get(labels)
        if row is None:
            names = [self.series(labels, "_bucket", le=f"{bound:g}") for bound in BOUNDS]
            names.append(self.series(labels, "_bucket", le="+Inf"))
            names += [self.series(labels, ending) for ending in ("_sum", "_count")]
            row = self.rows[labels] = min([_sheet.row(name) for name in names])
        return row


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def open_sheet(path: Path, number: int) -> None:
    """From now on this process counts on that sheet. What it counted in an earlier life stays."""
    global _memory, _sheet
    with path.open("rb+") as file:
        if os.fstat(file.fileno()).st_size != SIZE:
            log.warning("%s is of another release: this process is not counted", path)
            return
        memory = mmap.mmap(file.fileno(), SIZE)
    if memory[:8] not in (MAGIC, bytes(8)):
        log.warning("%s is of another release: this process is not counted", path)
        return
    memory[:8] = MAGIC
    _memory, _sheet = memory, Sheet(memory, number)
    gauges = {
        name for metric in METRICS.values() if metric.kind == "gauge" for name in metric.names
    }
    for row, (name, _) in enumerate(_sheet.series()):
        if name.partition("{")[0] in gauges:
            _sheet.values[row] = math.nan
    for metric in METRICS.values():
        metric.rows.clear()


def open_from_environment() -> None:
    """Count on the sheet that the supervisor named, if there is one."""
    if told := os.environ.get(SHEET):
        path, _, number = told.rpartition(":")
        open_sheet(Path(path), int(number))


def write_page() -> str:
    """All numbers of all processes, as Prometheus reads them."""
    kinds = {name: metric.kind for metric in METRICS.values() for name in metric.names}
    found: dict[str, float] = {}
    for number in range(SHEETS):
        for name, value in Sheet(_memory, number).series():
            if math.isnan(value):
                continue
            known = found.get(name)
            is_gauge = kinds.get(name.partition("{")[0]) == "gauge"
            found[name] = (
                value if known is None else max(known, value) if is_gauge else known + value
            )
    lines = []
    for metric in METRICS.values():
        theirs = [name for name in found if name.partition("{")[0] in metric.names]
        if theirs:
            lines += [f"# HELP {metric.name} {metric.about}", f"# TYPE {metric.name} {metric.kind}"]
            lines += [f"{name} {found[name]:.15g}" for name in theirs]
    return "\n".join(lines) + "\n"


METRICS: dict[str, Metric] = {}
_memory = mmap.mmap(-1, SIZE)
_sheet = Sheet(_memory, 0)

WEBHOOKS = Counter(
    "madoguchi_webhooks_total", "Webhooks that the door answered.", "gateway", "status"
)
RECEIVED = Counter("madoguchi_events_received_total", "Events that the door stored.", "gateway")
PENDING = Gauge("madoguchi_events_pending", "Events stored and not handled.", "gateway")
OLDEST = Gauge(
    "madoguchi_event_oldest_pending_seconds", "How long the oldest of them has waited.", "gateway"
)
HANDLED = Counter(
    "madoguchi_events_handled_total", "Events handled, by how that ended.", "gateway", "outcome"
)
TURNS = Histogram(
    "madoguchi_turn_seconds", "From the beginning of a turn until its answer is out.", "gateway"
)
ANSWERS = Counter(
    "madoguchi_line_answers_total", "LINE's answers to what was sent.", "gateway", "call", "answer"
)
OUTGOING = Gauge("madoguchi_outgoing_waiting", "Messages that wait to be sent.", "gateway")
SET_ASIDE = Gauge(
    "madoguchi_events_set_aside", "Events that wait for a person: inbox list.", "gateway"
)
FAILURES = Counter(
    "madoguchi_plugin_failures_total", "Calls of a plugin that failed.", "gateway", "plugin"
)
CIRCUITS = Gauge(
    "madoguchi_plugin_circuit_open", "1: left alone for 30 s after failures.", "gateway", "plugin"
)
QUARANTINED = Gauge(
    "madoguchi_plugin_quarantined", "1: out of service until a restart.", "gateway", "plugin"
)
CLOSED = Gauge("madoguchi_gateway_closed", "1: a gateway that could not be started.", "gateway")
JOBS = Counter(
    "madoguchi_job_runs_total", "Work at set times, by how it ended.", "gateway", "job", "outcome"
)
READY = Gauge("madoguchi_process_ready", "1: the process serves.", "process")
MEMORY = Gauge("madoguchi_process_memory_bytes", "Memory that a process holds.", "process")
RESTARTS = Counter(
    "madoguchi_process_restarts_total", "Deaths and stops without anybody's wish.", "process"
)
