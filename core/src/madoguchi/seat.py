"""A child's place under the supervisor: what to run there, and the process of the moment."""

import contextlib
import json
import logging
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from madoguchi.beat import BEAT, QUARANTINE, READY_FD, Beat
from madoguchi.metrics import SHEET, Lent
from madoguchi.process import how_it_ended, spawn, sweep
from madoguchi.valkey import Valkey, ValkeyError, start_valkey

log = logging.getLogger("madoguchi.supervisor")


@dataclass(frozen=True)
class Child:
    """A process to keep running."""

    name: str
    """For the log: ``door``, ``worker``."""
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment."""
    stdin: bytes | None = None
    """What it reads from its standard input, anew at each start; secrets go this way."""
    memory_limit: int | None = None
    """Bytes of resident memory above which it is ended and started again."""
    sockets: Sequence[int] = ()
    """Descriptors of listening sockets that it is lent."""
    renews: bool = False
    """Started anew when a person asks for it (SIGUSR1), so that it takes up another release."""
    says_ready: bool = True
    """False for a program that knows nothing of us: it counts as ready when it has started."""
    drain: float = 10.0
    """Seconds between SIGTERM and SIGKILL when the supervisor stops."""


@dataclass(frozen=True)
class Limits:
    """When the supervisor steps in; all in seconds."""

    silence: float = 5.0
    """Longest silence of a loop or a writer."""
    start: float = 60.0
    """Longest time from the start, or the last beat, to READY."""
    load: float = 15.0
    """Longest time that one plugin's code may take without a pause before READY."""
    tick: float = 0.25
    """How often the children are looked at."""
    backoff: tuple[float, ...] = (0.1, 0.5, 2.0, 5.0)
    """Waits before the first, second … start again; the last one repeats."""
    health: float = 60.0
    """A child that lived this long begins with the first wait again."""


class Backoff:
    """How long to wait before the next start."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deaths = 0

    def next(self, lived: float) -> float:
        """Seconds to wait after a life of ``lived`` seconds."""
        if lived >= self._limits.health:
            self._deaths = 0
        waits = self._limits.backoff
        wait = waits[min(self._deaths, len(waits) - 1)]
        self._deaths += 1
        return wait


class Seat:
    """One child, through all its lives."""

    def __init__(self, child: Child, limits: Limits, selector: selectors.BaseSelector) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.beat: Beat | None = None
        self.start_at = 0.0
        """``time.monotonic()`` of the next start, while there is no process."""
        self.started_at = 0.0
        self.ready_at: float | None = None
        self.leaves_by: float | None = None
        """``time.monotonic()`` until when it may finish, if it was asked to leave its place."""
        self._backoff = Backoff(limits)
        self._selector = selector
        self._pipes: set[int] = set()
        self._call = (0, 0.0)

    def start(self, run_folder: Path, quarantine: Mapping[str, str], numbers: Lent) -> None:
        """Start the process; if the program cannot be started, wait and try again."""
        told, tells = os.pipe()
        env = {**os.environ, **self.child.env, READY_FD: str(tells)}
        env[QUARANTINE] = json.dumps(quarantine)
        env[SHEET] = numbers.told
        keep = [tells]
        if hasattr(os, "memfd_create"):  # memory that no disk stands behind: see Beat.create
            keep.append(os.memfd_create(f"{self.child.name}.beat"))
            env[BEAT] = f"/proc/self/fd/{keep[-1]}"
        else:
            env[BEAT] = str(run_folder / f"{self.child.name}.beat")
            Path(env[BEAT]).unlink(missing_ok=True)
        source, feeds = (subprocess.DEVNULL, -1) if self.child.stdin is None else os.pipe()
        self.beat = Beat.create(Path(env[BEAT]))
        self.ready_at = None
        self.started_at = time.monotonic()
        try:
            self.process = spawn(
                self.child.argv,
                env=env,
                stdin=source,
                keep=[*keep, *self.child.sockets, *numbers.keep],
            )
        except OSError as error:
            self.start_at = self.started_at + self._backoff.next(0)
            log.error("%s cannot be started: %s", self.child.name, error)
            for end in (told, feeds):
                if end >= 0:
                    os.close(end)
            return
        finally:
            for end in (*keep, source):
                if end >= 0:
                    os.close(end)
        log.info("%s (pid %d) started", self.child.name, self.process.pid)
        if not self.child.says_ready:
            self.ready_at = self.started_at
        self._attend(told, selectors.EVENT_READ, lambda: self._hear(told))
        if self.child.stdin is not None:
            rest = memoryview(self.child.stdin)
            self._attend(feeds, selectors.EVENT_WRITE, lambda: self._feed(feeds, rest))

    def end(self) -> None:
        """Kill what is left of the process and whatever it started; free what belongs to it."""
        if self.process is not None:
            sweep(self.process)
            self.process = None
        self.ready_at = self.leaves_by = None
        for pipe in list(self._pipes):
            self._leave(pipe)
        if self.beat is not None:
            self.beat.close()
            self.beat = None

    def leave(self) -> None:
        """Ask the process to finish and end, so that another one can take its place."""
        self.leaves_by = time.monotonic() + self.child.drain
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()

    def rest(self) -> float:
        """Set the time of the next start; returns the seconds until then."""
        now = time.monotonic()
        wait = self._backoff.next(now - self.started_at)
        self.start_at = now + wait
        return wait

    def held_since(self, call: int) -> float:
        """``time.monotonic()`` since when the loop has been seen in the same call."""
        if call != self._call[0]:
            self._call = call, time.monotonic()
        return self._call[1]

    def _hear(self, pipe: int) -> None:
        heard = os.read(pipe, 64)
        if b"READY" in heard and self.ready_at is None:
            self.ready_at = time.monotonic()
            took = self.ready_at - self.started_at
            log.info("%s is ready after %.1f s", self.child.name, took)
        if not heard:
            self._leave(pipe)

    def _feed(self, pipe: int, rest: memoryview) -> None:
        try:
            rest = rest[os.write(pipe, rest) :]
        except BrokenPipeError:  # it died or closed its input; its end is noticed elsewhere
            rest = rest[:0]
        if rest:
            self._selector.modify(pipe, selectors.EVENT_WRITE, lambda: self._feed(pipe, rest))
        else:
            self._leave(pipe)

    def _attend(self, pipe: int, events: int, act: Callable[[], None]) -> None:
        os.set_blocking(pipe, False)
        self._selector.register(pipe, events, act)
        self._pipes.add(pipe)

    def _leave(self, pipe: int) -> None:
        self._selector.unregister(pipe)
        self._pipes.remove(pipe)
        os.close(pipe)


class ValkeySeat:
    """The embedded Valkey, through all its lives; always on the same socket."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._backoff = Backoff(limits)
        self._server: Valkey | None = None
        self._started_at = 0.0
        self.start_at: float | None = None
        """``time.monotonic()`` of the next start, while there is no server."""

    def start(self) -> str:
        """Start the server, returns its URL. Raises ValkeyError."""
        self._started_at = time.monotonic()
        self._server = start_valkey(self._folder)
        self.start_at = None
        log.info("valkey (pid %d) started on %s", self._server.process.pid, self._server.url)
        return self._server.url

    def look(self) -> None:
        """Start the server again if it died."""
        now = time.monotonic()
        if self._server is not None and (code := self._server.process.poll()) is not None:
            self._server = None
            self._again(f"ended by itself ({how_it_ended(code)})")
        elif self.start_at is not None and now >= self.start_at:
            try:
                self.start()
            except ValkeyError as error:
                self._again(str(error))

    def end(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _again(self, what: str) -> None:
        now = time.monotonic()
        wait = self._backoff.next(now - self._started_at)
        self.start_at = now + wait
        log.warning("valkey %s; starting again in %g s", what, wait)
