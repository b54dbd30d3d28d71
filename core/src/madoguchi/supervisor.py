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

SIGUSR1 (`madoguchi restart`) renews the workers: one after the other ends in order and is started
again, with whatever release stands there now, while the door stays.
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
from madoguchi.metrics import MEMORY, READY, RESTARTS, Lender
from madoguchi.process import how_it_ended, memory_of
from madoguchi.renewing import LOCK, RENEW
from madoguchi.seat import Child, Limits, Seat, ValkeySeat
from madoguchi.valkey import ValkeyError

__all__ = ["Child", "Children", "Limits", "Supervisor"]

log = logging.getLogger("madoguchi.supervisor")

EX_CONFIG = 78
MEASURED_EVERY = 5.0
"""Seconds between two looks at what `/metrics` says of the processes."""
_STOPS = (signal.SIGTERM, signal.SIGINT)
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
_MB = 1024 * 1024


Children = Sequence[Child] | Callable[[str | None], Sequence[Child]]


class AlreadyRunning(RuntimeError):
    """Another supervisor holds the run folder."""


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
        self._renew = False
        self._to_renew: list[Seat] | None = None  # None: nobody is being renewed
        self._renewals = 0
        self._note: Callable[[], object] = lambda: None
        self._wake: int | None = None
        self._exit_code = 0
        self._measured = 0.0
        self._looked = 0.0  # time of the last tick
        self._since = 0.0  # silence is counted from here, after a pause of the whole machine

    def run(self) -> int:
        """Run until SIGTERM or SIGINT (a second one does not wait for the children).

        SIGHUP means the same where there is a terminal that can be closed; elsewhere, as for other
        services, it renews the workers.

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
        numbers = Lender(self._run_folder)
        try:
            url = None
            if self._valkey_folder is not None:
                self._valkey = ValkeySeat(self._valkey_folder, self._limits)
                url = self._valkey.start()
            children = self._children(url) if callable(self._children) else self._children
            self._seats = [Seat(child, self._limits, self._selector) for child in children]
            self._looked = self._since = time.monotonic()
            while not self._stops:
                self._look(numbers)
                self._wait(self._limits.tick)
            self._stop_children()
        finally:
            for seat in self._seats:
                seat.end()
            if self._valkey is not None:
                self._valkey.end()
            self._selector.close()
            numbers.close()
        return self._exit_code

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        self._run_folder.mkdir(parents=True, exist_ok=True)
        lock = self._run_folder / LOCK
        lock.touch()
        with lock.open("r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(
                    f"a supervisor already runs in {self._run_folder}: stop it first"
                ) from None

            def note() -> None:
                """Leave word for `madoguchi restart`: who to ask, and how often it was done."""
                file.seek(0)
                file.write(f"{os.getpid()} {self._renewals}".encode())
                file.truncate()

            note()
            self._note = note
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
            handlers: dict[int, Callable[..., None]] = dict.fromkeys(_STOPS, self._on_signal)
            handlers[RENEW] = self._on_renew
            handlers[signal.SIGHUP] = self._on_signal if _has_terminal() else self._on_renew
            handlers[signal.SIGCHLD] = lambda *_: None  # it only has to wake us
            before = {number: signal.getsignal(number) for number in handlers}
            waked_before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
            for number, handler in handlers.items():
                signal.signal(number, handler)
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

    def _on_renew(self, number: int, _frame: object) -> None:
        self._renew = True

    def _wait(self, seconds: float) -> None:
        """Sleep until something happens; move bytes to and from the children's pipes."""
        now = time.monotonic()
        due = [seat.start_at for seat in self._seats if seat.process is None]
        until = min([now + seconds, *due]) if not self._stops else now + seconds
        for key, _ in self._selector.select(max(0.0, until - now)):
            key.data()

    def _look(self, numbers: Lender) -> None:
        """One round: start what is due, find what died, hangs, grew or is blamed."""
        now = time.monotonic()
        if now - self._looked > self._limits.tick + 1:
            self._since = now  # the machine slept or we did not get the CPU: nobody is to blame
        self._looked = now
        if self._valkey is not None:
            self._valkey.look()
        for number, seat in enumerate(self._seats, 1):
            if seat.process is None:
                if now >= seat.start_at:
                    seat.start(self._run_folder, self._quarantine, numbers.lend(number))
            elif (code := seat.process.poll()) is not None:
                self._died(seat, code)
            elif seat.leaves_by is None:
                self._examine(seat, seat.process.pid)
            elif now > seat.leaves_by:
                log.warning("%s took too long to end; killing it", seat.child.name)
                self._replace(seat)
        self._go_on_renewing()
        self._measure(now)
        if self._on_ready is not None and all(seat.ready_at for seat in self._seats):
            self._on_ready()
            self._on_ready = None

    def _measure(self, now: float) -> None:
        for seat in self._seats:
            READY.set(seat.child.name, to=seat.ready_at is not None)
        if now < self._measured + MEASURED_EVERY:
            return
        self._measured = now
        MEMORY.set("supervisor", to=memory_of(os.getpid()) or 0)
        for seat in self._seats:
            used = memory_of(seat.process.pid) if seat.process else None
            MEMORY.set(seat.child.name, to=used or 0)
            RESTARTS.add(seat.child.name, n=0)

    def _go_on_renewing(self) -> None:
        """One worker after the other: the next one leaves when all the others are ready."""
        if self._renew:
            self._renew = False
            self._quarantine.clear()  # another release may have repaired it
            self._to_renew = [seat for seat in self._seats if seat.child.renews]
        if self._to_renew is None:
            return
        if any(seat.ready_at is None or seat.leaves_by is not None for seat in self._seats):
            return
        if self._to_renew:
            seat = self._to_renew.pop(0)
            log.info("%s is asked to end, to be started anew", seat.child.name)
            seat.leave()
        else:
            self._to_renew = None
            self._renewals += 1
            self._note()
            log.info("all workers are started anew")

    def _replace(self, seat: Seat) -> None:
        seat.end()
        seat.start_at = time.monotonic()

    def _died(self, seat: Seat, code: int) -> None:
        if seat.leaves_by is not None:
            self._replace(seat)
            return
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
        RESTARTS.add(seat.child.name)
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


def _has_terminal() -> bool:
    """Whether a terminal controls this process; closing it sends SIGHUP, too."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True
