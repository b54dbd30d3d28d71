"""`madoguchi restart`: how a command finds the running supervisor and asks it for new workers."""

import fcntl
import os
import signal
import time
from pathlib import Path

from madoguchi.errors import MadoguchiError

LOCK = "supervisor.lock"
"""In the run folder; held by the supervisor, whose process id and count of renewals it holds."""
RENEW = signal.SIGUSR1
"""Asks a supervisor to start its workers anew."""


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


def renew_workers(run_folder: Path, patience: float) -> None:
    """Ask the supervisor for new workers; return when all of them are ready.

    Raises MadoguchiError if none runs, or if a worker is not ready within `patience` seconds.
    """
    if not is_running(run_folder):
        raise MadoguchiError(
            f"nothing runs with {run_folder.parent}: start it with `madoguchi serve`,"
            " or name its folder with --data"
        )
    supervisor, before = _read(run_folder)
    os.kill(supervisor, RENEW)
    deadline = time.monotonic() + patience
    while _read(run_folder) == (supervisor, before):
        if not is_running(run_folder):
            raise MadoguchiError("it was stopped meanwhile: start it with `madoguchi serve`")
        if time.monotonic() > deadline:
            raise MadoguchiError(
                f"a new worker was not ready within {patience:g} s; webhooks are stored and wait:"
                " its log says why. Put the former release back and restart again"
            )
        time.sleep(0.1)


def _read(run_folder: Path) -> tuple[int, int]:
    """The supervisor's process id, and how often it has renewed its workers."""
    supervisor, _, renewals = (run_folder / LOCK).read_text().partition(" ")
    return int(supervisor), int(renewals)
