"""Processes and cores: start something on a core, and see what it uses. Linux only."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the measured programs run, and where the load comes from."""

    measured: int
    load: int

    @classmethod
    def pick(cls) -> Self:
        """The first two cores that this process may use; one plays both if there is no other."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            print("only one core: load and measured programs share it", file=sys.stderr)
        return cls(cores[0], cores[1 % len(cores)])


class Process:
    """A program on one core, in a session of its own; it ends with the block."""

    def __init__(
        self,
        argv: Sequence[str],
        core: int,
        *,
        env: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        talk: bool = False,
    ) -> None:
        pipe = subprocess.PIPE if talk else subprocess.DEVNULL
        self._child = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *argv],
            env={**os.environ, **(env or {})},
            stdin=pipe,
            stdout=pipe if talk else output,
            stderr=output,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ask it to stop; what is left of its session after 15 s is killed."""
        self._child.terminate()
        try:
            self._child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    @property
    def pid(self) -> int:
        """Its process id: `taskset` becomes the program."""
        return self._child.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._child.poll() is not None

    def ask(self, line: bytes) -> bytes:
        """Write a line to a process that was made with `talk`, and read one."""
        assert self._child.stdin is not None
        self._child.stdin.write(line + b"\n")
        self._child.stdin.flush()
        return self.hear()

    def wait(self, patience: float) -> None:
        """Wait until it has ended by itself; RuntimeError if it failed."""
        if self._child.wait(patience) != 0:
            raise RuntimeError(f"process {self.pid} failed")

    def hear(self) -> bytes:
        """The next line that it prints; RuntimeError if it ended instead."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"process {self.pid} ended in the middle of a bench")
        return line


def find_child(pid: int, module: str) -> int:
    """The child of `pid` that was started as `python -m <module>`; LookupError if there is none."""
    listed = [tasks.read_text().split() for tasks in Path(f"/proc/{pid}/task").glob("*/children")]
    for child in map(int, itertools.chain(*listed)):
        argv = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if module.encode() in argv:
            return child
    raise LookupError(f"process {pid} has no child {module}")


def cpu_seconds(*pids: int) -> float:
    """CPU time, user and system, that these processes have used so far."""
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _TICKS


def resident_megabytes(pid: int | str) -> float:
    """Resident memory (RSS) of a process in MB of 1,000,000 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(f"process {pid} is gone")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def wait_until_answered(
    url: str, process: Process, patience: float = 60, post: bool = False
) -> None:
    """Ask until the answer is 200. RuntimeError if the process ends or the patience does."""
    until = time.monotonic() + patience
    while time.monotonic() < until and not process.has_ended:
        request = urllib.request.Request(url, b"" if post else None)
        try:
            with urllib.request.urlopen(request, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{url} does not answer 200")


def describe() -> str:
    """This machine in one line, for the record."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = ".".join(map(str, sys.version_info[:3]))
    system = os.uname()
    cores = len(os.sched_getaffinity(0))
    return (
        f"{model}, {cores} cores, {memory:.0f} GiB; {system.sysname} {system.release}; "
        f"Python {version}"
    )
