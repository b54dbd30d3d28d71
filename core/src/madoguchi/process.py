"""Processes of the operating system: start one that ends with us, measure it, end it."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    output: IO[bytes] | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``argv`` in a session of its own (Ctrl-C in the terminal reaches us alone).

    On Linux the kernel kills it when the thread that called this function ends, ``kill -9``
    included. ``keep`` names file descriptors that it inherits; ``output`` takes its standard
    output and error, else they are ours. Raises OSError if the program cannot be started.
    """
    return subprocess.Popen(
        argv,
        env=env,
        stdin=stdin,
        stdout=output,
        stderr=output,
        pass_fds=keep,
        start_new_session=True,
        preexec_fn=_end_with_parent(),
    )


def _end_with_parent() -> Callable[[], None] | None:
    if not _LINUX:
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_for_signal


def sweep(process: subprocess.Popen[bytes]) -> None:
    """Kill (SIGKILL) the process and whatever it has started in its session, and reap it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM when only zombies are left
        process.kill()
    process.wait()


def how_it_ended(code: int) -> str:
    """A return code of Popen in words: "exit code 1", "SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def memory_of(pid: int) -> int | None:
    """Bytes of memory that the process holds (resident set), None if it is gone."""
    try:
        if _LINUX:
            return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * resource.getpagesize()
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
        return int(told.stdout) * 1024
    except (OSError, ValueError, IndexError, subprocess.CalledProcessError):
        return None


def cpu_of_thread(pid: int, thread: int) -> float | None:
    """Seconds of CPU time that a thread (native id) of another process has used.

    None where the system does not say (macOS) or the thread is gone.
    """
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_bytes().split()[0]) / 1e9
    except (OSError, ValueError, IndexError):
        return None
