"""The supervisor: parent of the door, the worker and the embedded Valkey.

It starts them, starts again what dies, ends and starts again what hangs or grows over its limit
(without the plugin that was at fault), and leaves no process behind. It imports nothing but the
standard library and its neighbours, so that it stays small.

What a child can do, through `madoguchi.beat`:

* ``say_ready()`` writes ``READY`` to the pipe ``MADOGUCHI_READY_FD``: it serves;
* ``Beat.from_environment()`` opens the shared memory ``MADOGUCHI_BEAT``; a child that never beats
  is watched for its end and its memory only;
* ``quarantined()`` reads ``MADOGUCHI_QUARANTINE``: plugins that it must leave out;
* exit code 78 (EX_CONFIG): do not start me again, a person has to repair something first.
"""

import contextlib
import fcntl
import logging
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from madoguchi.beat import State
from madoguchi.culprit import find_silence, who_crashed, who_is_silent, who_works
from madoguchi.process import how_it_ended, memory_of
from madoguchi.seat import Child, Limits, Seat, ValkeySeat
from madoguchi.valkey import ValkeyError

__all__ = ["Child", "Children", "Limits", "Supervisor", "is_running"]

log = logging.getLogger("madoguchi.supervisor")

EX_CONFIG = 78
LOCK = "supervisor.lock"
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
_MB = 1024 * 1024


Children = Sequence[Child] | Callable[[str | None], Sequence[Child]]


class AlreadyRunning(RuntimeError):
    """Another supervisor holds the run folder."""


def is_running(run_folder: Path) -> bool:
    """Whether a supervisor holds this run folder."""
    try:
        with (run_folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class Supervisor:
    """Keeps ``children`` running: started in the order given, stopped in reverse.

    ``children`` may be a function of the embedded Valkey's URL (None without ``valkey_folder``).
    ``run_folder`` holds the lock, so that one folder has one supervisor. ``on_ready`` is called
    once, when every child has said READY.
    """

    def __init__(
        self,
        children: Children,
        valkey_folder: Path | None = None,
        *,
        run_folder: Path,
        limits: Limits | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self._children = children
        self._valkey_folder = valkey_folder
        self._run_folder = run_folder
        self._limits = limits or Limits()
        self._on_ready = on_ready
        self._selector = selectors.DefaultSelector()
        self._seats: list[Seat] = []
        self._valkey: ValkeySeat | None = None
        self._quarantine: dict[str, str] = {}
        self._stops = 0
        self._wake: int | None = None
        self._exit_code = 0
        self._looked = 0.0  # time of the last tick
        self._since = 0.0  # silence is counted from here, after a pause of the whole machine

    def run(self) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP (a second one does not wait for the children).

        Returns the exit code for the process: 0; 1 if another supervisor runs or the embedded
        Valkey cannot be started; 78 if a child said so.
        """
        try:
            with self._only_one(), self._signals():
                return self._run()
        except (AlreadyRunning, ValkeyError) as error:
            log.error("%s", error)
        return 1

    def stop(self) -> None:
        """End `run`, from a signal handler or another thread; a second time: without waiting."""
        self._stops += 1
        if self._wake is not None:
            os.write(self._wake, b"\0")

    def _run(self) -> int:
        try:
            url = None
            if self._valkey_folder is not None:
                self._valkey = ValkeySeat(self._valkey_folder, self._limits)
                url = self._valkey.start()
            children = self._children(url) if callable(self._children) else self._children
            self._seats = [Seat(child, self._limits, self._selector) for child in children]
            self._looked = self._since = time.monotonic()
            while not self._stops:
                self._look()
                self._wait(self._limits.tick)
            self._stop_children()
        finally:
            for seat in self._seats:
                seat.end()
            if self._valkey is not None:
                self._valkey.end()
            self._selector.close()
        return self._exit_code

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        self._run_folder.mkdir(parents=True, exist_ok=True)
        with (self._run_folder / LOCK).open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(
                    f"a supervisor already runs in {self._run_folder}: stop it first"
                ) from None
            yield

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals, the end of a child among them, end the wait at once."""
        wakes, wake = os.pipe()
        self._wake = wake
        for end in (wakes, wake):
            os.set_blocking(end, False)
        self._selector.register(wakes, selectors.EVENT_READ, lambda: os.read(wakes, 4096))
        try:
            if threading.current_thread() is not threading.main_thread():
                yield
                return
            before = {number: signal.getsignal(number) for number in (*_STOPS, signal.SIGCHLD)}
            waked_before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
            for number in _STOPS:
                signal.signal(number, self._on_signal)
            signal.signal(signal.SIGCHLD, lambda *_: None)
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(waked_before)
        finally:
            self._wake = None
            os.close(wakes)
            os.close(wake)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._stops += 1

    def _wait(self, seconds: float) -> None:
        """Sleep until something happens; move bytes to and from the children's pipes."""
        now = time.monotonic()
        due = [seat.start_at for seat in self._seats if seat.process is None]
        until = min([now + seconds, *due]) if not self._stops else now + seconds
        for key, _ in self._selector.select(max(0.0, until - now)):
            key.data()

    def _look(self) -> None:
        """One round: start what is due, find what died, hangs, grew or is blamed."""
        now = time.monotonic()
        if now - self._looked > self._limits.tick + 1:
            self._since = now  # the machine slept or we did not get the CPU: nobody is to blame
        self._looked = now
        if self._valkey is not None:
            self._valkey.look()
        for seat in self._seats:
            if seat.process is None:
                if now >= seat.start_at:
                    seat.start(self._run_folder, self._quarantine)
            elif (code := seat.process.poll()) is not None:
                self._died(seat, code)
            else:
                self._examine(seat, seat.process.pid)
        if self._on_ready is not None and all(seat.ready_at for seat in self._seats):
            self._on_ready()
            self._on_ready = None

    def _died(self, seat: Seat, code: int) -> None:
        if code == EX_CONFIG:
            log.error(
                "%s ended with exit code 78: repair what it reported; stopping all", seat.child.name
            )
            self._exit_code = code
            self._stops += 1
            return
        how = how_it_ended(code)
        # Whoever was ended by SIGKILL was ended from outside: what ran then is not at fault.
        if seat.beat is not None and (code >= 0 or -code in _CRASHES):
            labels = who_crashed(seat.beat.state(), by_signal=code < 0)
            self._leave_out(labels, f"the process ended ({how}) in its code")
        self._again(seat, f"ended by itself ({how})")

    def _examine(self, seat: Seat, pid: int) -> None:
        if seat.beat is None:
            return
        state = seat.beat.state()
        if state.blamed is not None:
            label, reason = state.blamed
            self._leave_out([label], reason)
            self._again(seat, f"asked to be started again without {label}")
            return
        limit = seat.child.memory_limit
        if limit is not None and (used := memory_of(pid) or 0) > limit:
            what = f"used {used // _MB} MB of memory, over its limit of {limit // _MB} MB"
            self._leave_out(who_works(seat.beat, pid), f"{seat.child.name} {what} in its code")
            self._again(seat, what)
            return
        if seat.ready_at is None:
            self._examine_start(seat, state)
        elif silence := find_silence(state, max(self._since, seat.ready_at), self._limits.silence):
            labels = who_is_silent(silence, seat.beat, pid)
            self._leave_out(labels, f"{silence.what} in its code")
            self._again(seat, silence.what)

    def _examine_start(self, seat: Seat, state: State) -> None:
        """A start may take long, but no plugin may stop it for long."""
        label, limits = state.loop.label, self._limits
        loaded_since = max(self._since, seat.held_since(state.loop.call))
        alive_at = max(self._since, seat.started_at, *(p.stamp or 0.0 for p in state.places))
        if label is not None and state.now - loaded_since > limits.load:
            what = f"held up by {label} for more than {limits.load:g} s while starting"
            self._leave_out([label], f"{seat.child.name} was {what}")
            self._again(seat, f"was {what}")
        elif state.now - alive_at > limits.start:
            self._again(seat, f"was not ready after {limits.start:g} s")

    def _leave_out(self, labels: Iterable[str], reason: str) -> None:
        for label in labels:
            self._quarantine[label] = reason
            log.error("plugin %s is left out from now on: %s", label, reason)

    def _again(self, seat: Seat, what: str) -> None:
        pid = seat.process.pid if seat.process else 0
        seat.end()
        wait = seat.rest()
        log.warning("%s (pid %d) %s; starting again in %g s", seat.child.name, pid, what, wait)

    def _stop_children(self) -> None:
        patience = self._stops
        for seat in reversed(self._seats):
            if seat.process is None:
                continue
            name, deadline = seat.child.name, time.monotonic() + seat.child.drain
            log.info("stopping %s (pid %d)", name, seat.process.pid)
            with contextlib.suppress(ProcessLookupError):
                seat.process.terminate()
            while seat.process.poll() is None and self._stops == patience:
                if (left := deadline - time.monotonic()) <= 0:
                    log.warning("%s did not stop in %g s; killing it", name, seat.child.drain)
                    break
                self._wait(min(left, self._limits.tick))
            seat.end()
