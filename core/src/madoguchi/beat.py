"""The beat: a piece of memory that a child shares with its supervisor.

The child writes "my loop turned", "my writer lives" and "this plugin's code runs now"; the
supervisor reads it when the child no longer answers. Each write is one store into mapped memory
(well under 1 µs), and what was written stays readable after ``kill -9`` of the child.

Layout, native byte order: a header of 512 bytes (magic, how many places and labels are used, the
blamed label and why), then per place a mark (call number and label), a stamp (``time.monotonic()``,
which all processes of a machine share) and who it is (kind and native thread id), then the labels.
"""

import json
import mmap
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

BEAT = "MADOGUCHI_BEAT"
READY_FD = "MADOGUCHI_READY_FD"
QUARANTINE = "MADOGUCHI_QUARANTINE"

LOOP = 0
"""The slot of the event loop; every other slot is given out when a thread first needs one."""

KINDS = ("loop", "writer", "thread")
MAGIC = b"mdg-bt01"
SLOTS = 4096
LABELS = 4096
LABEL_BYTES = 128
REASON_BYTES = 400
HEADER = 512
SIZE = HEADER + SLOTS * 24 + LABELS * LABEL_BYTES

# Where the header's numbers stand, in units of 4 bytes.
_SLOTS_USED, _LABELS_USED, _BLAMED, _REASON_LENGTH = 2, 3, 4, 5
_REASON = 64
_INDEX_BITS = 16


@dataclass(frozen=True, slots=True)
class Place:
    """One slot as the supervisor sees it: what it is and whose code runs there now."""

    slot: int
    kind: str
    """``loop``, ``writer`` or ``thread``."""
    thread: int
    """The operating system's id of the thread (``threading.get_native_id()``); 0: not known."""
    label: str | None
    """``gateway/plugin`` while that plugin's code runs here, else None."""
    call: int
    """Differs between two calls, so that one long call can be told from many short ones."""
    stamp: float | None
    """``time.monotonic()`` of the last sign of life; None: this place gives none."""


@dataclass(frozen=True, slots=True)
class State:
    """A child's beat at one moment."""

    places: tuple[Place, ...]
    blamed: tuple[str, str] | None
    """Label and reason, if the child itself asked to be started again without a plugin."""
    now: float

    @property
    def loop(self) -> Place:
        """The event loop's place."""
        return self.places[LOOP]

    @property
    def loop_age(self) -> float | None:
        """Seconds since the event loop turned; None: it never did."""
        return None if self.loop.stamp is None else self.now - self.loop.stamp

    @property
    def writer_age(self) -> float | None:
        """Seconds since the quietest of the writers was seen alive; None: there is none."""
        stamps = [p.stamp for p in self.places if p.kind == "writer" and p.stamp is not None]
        return self.now - min(stamps) if stamps else None

    @property
    def running(self) -> tuple[Place, ...]:
        """The places where a plugin's code runs now."""
        return tuple(place for place in self.places if place.label is not None)


class Beat:
    """The shared memory, seen from either side. Make it with `create`, `open` or `private`."""

    __slots__ = (
        "_call",
        "_clocks",
        "_counts",
        "_index",
        "_local",
        "_lock",
        "_memory",
        "_stamps",
        "_whos",
        "marks",
    )

    def __init__(self, memory: mmap.mmap) -> None:
        view = memoryview(memory)
        marks, stamps, whos = (HEADER + SLOTS * 8 * n for n in range(3))
        self._memory = memory
        self._counts = view[:_REASON].cast("I")
        self.marks = view[marks:stamps].cast("Q")
        """What runs in each slot; 0: nothing. For `madoguchi.watch`, which writes it directly."""
        self._stamps = view[stamps:whos].cast("d")
        self._whos = view[whos : whos + SLOTS * 8].cast("Q")
        self._lock = threading.Lock()
        self._local = threading.local()
        self._clocks: dict[int, int] = {}
        self._index: dict[str, int] = {}
        self._call = 0

    # -- both sides ---------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path) -> "Beat":
        """The supervisor's side: a fresh, empty beat at ``path`` (what was there is emptied).

        The path should not lie on a disk: the kernel may let a store into a mapped file wait
        for the disk, and the event loop with it. `madoguchi.supervisor` uses a memfd.
        """
        with path.open("wb+") as file:
            file.truncate(SIZE)
            memory = mmap.mmap(file.fileno(), SIZE)
        return cls._empty(memory)

    @classmethod
    def open(cls, path: Path) -> "Beat":
        """The child's side of the beat at ``path``; the calling thread is the event loop's.

        Raises ValueError if the file is no beat.
        """
        with path.open("rb+") as file:
            if os.fstat(file.fileno()).st_size != SIZE:
                raise ValueError(f"{path} is no beat: the supervisor makes it with Beat.create()")
            memory = mmap.mmap(file.fileno(), SIZE)
        if memory[:8] != MAGIC:
            raise ValueError(f"{path} is no beat of this version: start both from one release")
        beat = cls(memory)
        beat._claim(LOOP, "loop")
        return beat

    @classmethod
    def private(cls) -> "Beat":
        """A beat that nobody else reads: for a process without a supervisor."""
        beat = cls._empty(mmap.mmap(-1, SIZE))
        beat._claim(LOOP, "loop")
        return beat

    @classmethod
    def from_environment(cls) -> "Beat":
        """The beat that the supervisor named in ``MADOGUCHI_BEAT``, else a private one."""
        path = os.environ.get(BEAT)
        return cls.open(Path(path)) if path else cls.private()

    @classmethod
    def _empty(cls, memory: mmap.mmap) -> "Beat":
        memory[:8] = MAGIC
        beat = cls(memory)
        beat._counts[_SLOTS_USED] = 1
        beat._counts[_LABELS_USED] = 1  # label 0 is "nobody"
        return beat

    def close(self) -> None:
        """Give the memory back. Nothing may use this beat afterwards."""
        for view in (self._counts, self.marks, self._stamps, self._whos):
            view.release()
        self._memory.close()

    # -- the child's side ---------------------------------------------------------------------

    def loop(self) -> None:
        """Say that the event loop turned."""
        self._stamps[LOOP] = time.monotonic()

    def add_writer(self) -> int:
        """A slot for the signs of life of a store's writer.

        From the first one on there must be one each second: see `madoguchi.watch.Watch`.
        """
        return self._take_slot("writer")

    def writer(self, slot: int, at: float) -> None:
        """Say that this writer was alive at ``at`` (a ``time.monotonic()``)."""
        self._stamps[slot] = at

    def mark(self, label: str) -> int:
        """A new call of ``label`` ("gateway/plugin") as the number that stands for it in a slot."""
        index = self._index.get(label) or self._add_label(label)
        self._call += 1
        return self._call << _INDEX_BITS | index

    def enter(self, slot: int, label: str) -> None:
        """From now on the code of ``label`` runs in this slot."""
        self.marks[slot] = self.mark(label)

    def leave(self, slot: int) -> None:
        """No plugin's code runs in this slot any more."""
        self.marks[slot] = 0

    def call(self, label: str, function: Callable[..., T], *args: object) -> T:
        """Run ``function(*args)`` in the calling thread of a pool under ``label``.

        Made for ``loop.run_in_executor(pool, beat.call, label, function, *args)``.
        """
        slot = self._own_slot("thread")
        self.enter(slot, label)
        try:
            return function(*args)
        finally:
            self.marks[slot] = 0

    def unit(self, label: str | None) -> None:
        """Say that a unit of ``label`` (None: the core's own, or none) runs in the calling thread.

        Made for ``open_store(on_unit=beat.unit)``. On the loop's own thread it does nothing: a
        unit that runs there is a step of a coroutine, which `madoguchi.watch.Attributed` knows.
        """
        if threading.get_native_id() == self._whos[LOOP] & 0xFFFFFFFF:
            return
        slot = self._own_slot("writer")
        if label is None:
            self.marks[slot] = 0
            self._stamps[slot] = 0.0
        else:
            self._stamps[slot] = time.monotonic()
            self.enter(slot, label)

    def blame(self, label: str, reason: str) -> None:
        """Ask the supervisor to end this process and start it again without ``label``.

        ``reason`` is in words. The first blame counts.
        """
        index = self._index.get(label) or self._add_label(label)
        with self._lock:
            if self._counts[_BLAMED]:
                return
            text = reason.encode()[:REASON_BYTES]
            self._memory[_REASON : _REASON + len(text)] = text
            self._counts[_REASON_LENGTH] = len(text)
            self._counts[_BLAMED] = index

    def call_in(self, slot: int) -> tuple[int, str] | None:
        """Number and label of the call that runs in ``slot`` now, or None."""
        mark = self.marks[slot]
        if not mark:
            return None
        return mark >> _INDEX_BITS, self._label(mark & (1 << _INDEX_BITS) - 1)

    def thread_times(self) -> dict[int, float]:
        """Seconds of CPU time that each thread with a slot has used, by slot.

        Empty where the system cannot tell (macOS).
        """
        times = {}
        for slot, clock in self._clocks.copy().items():
            try:
                times[slot] = time.clock_gettime(clock)
            except OSError:  # the thread has ended
                del self._clocks[slot]
        return times

    def _own_slot(self, kind: str) -> int:
        """The calling thread's slot; it gets one the first time."""
        slot = getattr(self._local, "slot", None)
        if slot is None:
            slot = self._local.slot = self._take_slot(kind)
        return slot

    def _take_slot(self, kind: str) -> int:
        with self._lock:
            slot = self._counts[_SLOTS_USED]
            if slot == SLOTS:
                raise RuntimeError(f"more than {SLOTS} threads run plugins: keep pools for reuse")
            self._claim(slot, kind)
            self._counts[_SLOTS_USED] = slot + 1
        return slot

    def _claim(self, slot: int, kind: str) -> None:
        self._whos[slot] = KINDS.index(kind) << 32 | threading.get_native_id()
        if kind == "thread" and hasattr(time, "pthread_getcpuclockid"):
            # Asked for here, by the thread itself: for a thread that has ended it is undefined.
            self._clocks[slot] = time.pthread_getcpuclockid(threading.get_ident())

    def _add_label(self, label: str) -> int:
        text = label.encode()
        if not 0 < len(text) < LABEL_BYTES or b"\0" in text:
            raise ValueError(f"label {label!r}: 1 to {LABEL_BYTES - 1} bytes, no NUL")
        with self._lock:
            if label in self._index:
                return self._index[label]
            index = self._counts[_LABELS_USED]
            if index == LABELS:
                raise RuntimeError(f"more than {LABELS} pairs of gateway and plugin in one worker")
            start = HEADER + SLOTS * 24 + index * LABEL_BYTES
            self._memory[start : start + len(text)] = text
            self._counts[_LABELS_USED] = index + 1
            self._index[label] = index
        return index

    # -- the supervisor's side ----------------------------------------------------------------

    def state(self) -> State:
        """What the child says now. Readable while the child writes, hangs or is dead."""
        blamed = None
        if index := self._counts[_BLAMED]:
            end = _REASON + self._counts[_REASON_LENGTH]
            blamed = self._label(index), self._memory[_REASON:end].decode(errors="replace")
        used = min(self._counts[_SLOTS_USED], SLOTS)
        return State(tuple(map(self._place, range(used))), blamed, time.monotonic())

    def _place(self, slot: int) -> Place:
        who, running = self._whos[slot], self.call_in(slot)
        call, label = running or (0, None)
        kind = KINDS[who >> 32 & 3]
        return Place(slot, kind, who & 0xFFFFFFFF, label, call, self._stamps[slot] or None)

    def _label(self, index: int) -> str:
        start = HEADER + SLOTS * 24 + index * LABEL_BYTES
        text = self._memory[start : start + LABEL_BYTES]
        return text.rstrip(b"\0").decode(errors="replace")


def say_ready() -> None:
    """Tell the supervisor that this child serves. Without a supervisor it does nothing."""
    if descriptor := os.environ.pop(READY_FD, None):
        with os.fdopen(int(descriptor), "wb", buffering=0) as pipe:
            pipe.write(b"READY\n")


def quarantined() -> Mapping[str, str]:
    """The plugins that this worker must not load: "gateway/plugin" and why, in words."""
    return json.loads(os.environ.get(QUARANTINE, "{}"))
