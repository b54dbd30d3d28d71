"""Whose code runs: the worker's own side of the watch that its supervisor keeps.

`Attributed` says on the event loop whose coroutine is running, step by step; `Watch` says that the
loop turns and notices a plugin's thread that burns CPU without end.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any, Generic, TypeVar

from madoguchi.beat import LOOP, Beat
from madoguchi.logs import flush

T = TypeVar("T")


class Attributed(Generic[T]):
    """A plugin's coroutine that holds the loop's slot exactly while its own code runs.

    ``await Attributed(beat, "mihon/garbage_bot", handler(ctx))`` gives what the coroutine gives and
    raises what it raises. At every suspension the slot says again what it said before, so a
    coroutine that only waits is never taken for one that hangs.
    """

    __slots__ = ("_beat", "_coroutine", "_label")

    def __init__(self, beat: Beat, label: str, coroutine: Coroutine[Any, Any, T]) -> None:
        self._beat = beat
        self._label = label
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        marks = self._beat.marks
        mark = self._beat.mark(self._label)
        send = self._coroutine.send
        step: Callable[[Any], Any] = send
        argument: Any = None
        while True:
            before = marks[LOOP]
            marks[LOOP] = mark
            try:
                waits_for = step(argument)
            except StopIteration as end:
                return end.value
            finally:
                marks[LOOP] = before
            try:
                argument = yield waits_for
                step = send
            except BaseException as error:
                argument, step = error, self._coroutine.throw


def attribute_tasks(beat: Beat, loop: asyncio.AbstractEventLoop) -> None:
    """From now on a task that a plugin's code starts on ``loop`` runs under that plugin's label.

    Tasks that nobody's code starts (the core's own) stay as they are.
    """

    def start(
        loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Future[Any]:
        if running := beat.call_in(LOOP):
            coroutine = _attributed(beat, running[1], coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    loop.set_task_factory(start)


async def _attributed(beat: Beat, label: str, coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        return await Attributed(beat, label, coroutine)
    except (SystemExit, KeyboardInterrupt) as error:  # these would end the loop, and nobody named
        raise RuntimeError(f"a task of {label} raised {error!r}") from error


class Watch:
    """A task on the worker's loop: the loop's beat, the writers' and an eye on the threads.

    ``writers`` gives for a slot of `Beat.add_writer` the ``time.monotonic()`` at which that store's
    writer was last seen alive (``lambda: store.last_write_beat``); it may be filled later.
    A thread that has used more than ``cpu_limit`` seconds of CPU time inside one call is blamed;
    one that only waits is not. If the supervisor dies, the worker ends itself (on Linux the kernel
    has ended it already).
    """

    def __init__(
        self,
        beat: Beat,
        *,
        writers: Mapping[int, Callable[[], float]] | None = None,
        cpu_limit: float = 5.0,
        period: float = 0.25,
    ) -> None:
        self._beat = beat
        self._writers = {} if writers is None else writers
        self._cpu_limit = cpu_limit
        self._period = period
        self._parent = os.getppid()
        self._seen: dict[int, tuple[int, float]] = {}  # slot: call, CPU time when first seen in it

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._beat.loop()
            for slot, last_seen in self._writers.items():
                self._beat.writer(slot, last_seen())
            self.check_threads()
            flush()
            if os.getppid() != self._parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            await asyncio.sleep(self._period)

    def check_threads(self) -> None:
        """Blame the plugin whose thread has burned CPU for too long inside one call."""
        for slot, used in self._beat.thread_times().items():
            running = self._beat.call_in(slot)
            if running is None:
                self._seen.pop(slot, None)
                continue
            call, label = running
            first_call, first_used = self._seen.setdefault(slot, (call, used))
            if call != first_call:
                self._seen[slot] = call, used
            elif used - first_used > self._cpu_limit:
                self._beat.blame(
                    label, f"used more than {self._cpu_limit:g} s of CPU time in one call"
                )
