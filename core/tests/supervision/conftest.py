"""One supervisor process with real children, for the tests of what it does."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DEADLINE = 60

WORKER = """
import asyncio, ctypes, os, re, signal, subprocess, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from madoguchi.beat import LOOP, Beat, quarantined, say_ready
from madoguchi.watch import Attributed, Watch

NAME = sys.argv[1]
beat = Beat.from_environment()
writers = {}

def say(what):
    print(NAME, what, flush=True)

def in_thread(label, function, *args):
    pool = ThreadPoolExecutor(1)
    asyncio.get_running_loop().run_in_executor(pool, beat.call, label, function, *args)

async def under(label, coroutine):
    return await Attributed(beat, label, coroutine)

async def main(misbehave):
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    watch = asyncio.create_task(Watch(beat, writers=writers, cpu_limit=1.0, period=0.05).run())
    say(f"left out: {sorted(quarantined())}")
    say_ready()
    await asyncio.sleep(0.1)
    if misbehave and "mihon/bad" not in quarantined():
        await misbehave()
    await stopped.wait()
    say("stopped")
"""

STARTER = """
import logging, sys
from pathlib import Path
from madoguchi.supervisor import Child, Limits, Supervisor

logging.basicConfig(level=logging.INFO, format="%(message)s")
folder = Path(sys.argv[1])
PYTHON = sys.executable
WORKER = (folder / "worker.py").read_text()
limits = dict(silence=1.0, load=1.0, backoff=(0.05, 0.1), tick=0.05)
"""

PLAIN = """
def plain(name, **options):
    return Child(name, [PYTHON, "-c", WORKER + "asyncio.run(main(None))", name], **options)
"""


class Serving:
    """One supervisor process; everything it starts carries a mark in its environment."""

    def __init__(self, folder: Path, code: str) -> None:
        self.folder = folder
        (folder / "worker.py").write_text(WORKER)
        (folder / "serve.py").write_text(STARTER + PLAIN + textwrap.dedent(code))
        self.mark = f"MADOGUCHI_TEST_MARK={uuid.uuid4()}"
        self.said = folder / f"said-{time.monotonic_ns()}.txt"
        name, _, value = self.mark.partition("=")
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, folder / "serve.py", folder],
                env={**os.environ, name: value},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.said.read_text()

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {DEADLINE} s"
            time.sleep(0.02)

    def wait(self, pattern: str, times: int = 1) -> list[str]:
        def found() -> bool:
            if self.process.poll() is not None:
                assert len(re.findall(pattern, self.text())) >= times, self.text()
            return len(re.findall(pattern, self.text())) >= times

        try:
            self.until(found, f"{pattern!r} × {times}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None
        return re.findall(pattern, self.text())

    def pid(self, name: str) -> int:
        return int(re.findall(rf"^{name} \(pid (\d+)\) started", self.text(), re.M)[-1])

    def processes(self) -> list[int]:
        """Ids of the living processes that carry the mark, Valkey's too (Linux)."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                about = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
                # Valkey writes its title over its environment; the title names its socket.
                if self.mark.encode() in about or f"{self.folder}/valkey/".encode() in about:
                    found.append(int(folder.name))
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def end(self) -> int:
        """The exit code, after it has ended by itself."""
        return self.process.wait(DEADLINE)

    def left_out(self) -> str:
        """What the second life of the worker was told to leave out."""
        return self.wait(r"worker left out: (\[.*\])", times=2)[1]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Serving]]:
    started: list[Serving] = []

    def start(code: str) -> Serving:
        started.append(Serving(tmp_path, code))
        return started[-1]

    yield start
    for serving in started:
        if serving.process.poll() is None:
            serving.process.send_signal(signal.SIGTERM)
            serving.process.send_signal(signal.SIGTERM)
            serving.process.wait(DEADLINE)


@pytest.fixture
def misbehave(serve: Callable[[str], Serving]) -> Callable[..., Serving]:
    """Serve with one worker whose plugin ``mihon/bad`` does what the text says, unless left out."""

    def start(body: str, *, before: str = "", **options: object) -> Serving:
        return serve(before + _misbehaving(body, options))

    return start


def _misbehaving(body: str, options: dict[str, object]) -> str:
    """A supervisor of one worker whose plugin ``mihon/bad`` does ``body`` (an async function's)."""
    code = "\nasync def misbehave():\n" + textwrap.indent(textwrap.dedent(body), "    ")
    code += "\nasyncio.run(main(misbehave))\n"
    options.setdefault("drain", 0.5)
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return (
        f"argv = [PYTHON, '-c', WORKER + {code!r}, 'worker']\n"
        f"children = [Child('worker', argv{given})]\n"
        "sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())"
    )
