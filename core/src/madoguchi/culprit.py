"""Which plugin it was: what the supervisor concludes when a child hangs, grows or crashes.

Only a plugin whose code was running is ever named, and a plugin that merely waited in its thread
is not taken for one that worked: where the system tells the CPU time of single threads (Linux),
that decides. If nobody can be named with good reason, nobody is.
"""

import time
from collections import Counter
from dataclasses import dataclass

from madoguchi.beat import Beat, Place, State
from madoguchi.process import cpu_of_thread


@dataclass(frozen=True)
class Silence:
    """The loop or a writer that gave no sign of life for too long."""

    what: str
    """In words."""
    places: tuple[Place, ...]


def find_silence(state: State, since: float, limit: float) -> Silence | None:
    """The event loop, else the writers, if silent for more than ``limit`` seconds.

    Silence is counted from ``since`` (``time.monotonic()``) at the earliest.
    """
    # The loop passes on the writers' signs of life: without it they seem silent, too, and earlier.
    heard = state.now if state.loop.stamp is None else state.loop.stamp
    silent = [
        place
        for place in state.places
        if place.stamp is not None
        and (state.now if place.kind == "loop" else heard) - max(place.stamp, since) > limit
    ]
    if any(place.kind == "loop" for place in silent):
        return Silence(f"the event loop was silent for more than {limit:g} s", (state.loop,))
    if silent:
        # A writer has a slot for its signs of life and one for its units: the two stamps differ.
        quiet = tuple(
            place
            for place in state.places
            if place.kind == "writer" and place.stamp and state.now - place.stamp > limit / 2
        )
        return Silence(f"a database writer was silent for more than {limit:g} s", quiet)
    return None


def who_is_silent(silence: Silence, beat: Beat, pid: int) -> list[str]:
    """Labels of the plugins that hold up the loop or the writer."""
    if silence.places[0].kind == "loop":
        return who_works(beat, pid)
    return [place.label for place in silence.places if place.label is not None]


def who_works(beat: Beat, pid: int, seconds: float = 0.25, samples: int = 25) -> list[str]:
    """Labels of the plugins whose code keeps the process busy; takes ``seconds``.

    The loop's plugin if its thread burns CPU; else those whose threads do (C code that never lets
    go of the interpreter stops the loop from there); else the loop's, which then sleeps there; else
    the only one that runs, if the system does not tell CPU times.
    """
    seen: Counter[Place] = Counter()
    before = {p.thread: cpu_of_thread(pid, p.thread) for p in beat.state().places}
    for _ in range(samples):
        seen.update(Place(p.slot, p.kind, p.thread, p.label, 0, None) for p in beat.state().running)
        time.sleep(seconds / samples)
    steady = [place for place, times in seen.items() if times > samples / 2]
    burning = [p for p in steady if _used(pid, p.thread, before.get(p.thread)) > seconds / 10]
    on_loop = [p for p in burning if p.kind == "loop"]
    asleep_on_loop = [p for p in steady if p.kind == "loop"]
    found = on_loop or burning or asleep_on_loop
    if not found and len(steady) == 1 and None in before.values():
        found = steady
    return sorted({p.label for p in found if p.label is not None})


def who_crashed(state: State, by_signal: bool) -> list[str]:
    """Labels of the plugin that took the process with it: the one on the loop, else the only one.

    A process that ended with an exit code (not ``by_signal``) was ended from its loop or not by a
    plugin.
    """
    if state.loop.label is not None:
        return [state.loop.label]
    labels = {place.label for place in state.running if place.label is not None}
    return list(labels) if by_signal and len(labels) == 1 else []


def _used(pid: int, thread: int, before: float | None) -> float:
    now = cpu_of_thread(pid, thread)
    return 0.0 if now is None or before is None else now - before
