"""The supervisor with real processes: what dies, hangs, grows or crashes, and what is left."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LINUX = sys.platform == "linux"
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


def eventually(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, f"{what}: not within {DEADLINE} s"
        time.sleep(0.02)


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

    def wait(self, pattern: str, times: int = 1) -> "list[str]":
        def found() -> bool:
            if self.process.poll() is not None:
                assert len(re.findall(pattern, self.text())) >= times, self.text()
            return len(re.findall(pattern, self.text())) >= times

        try:
            eventually(found, f"{pattern!r} × {times}")
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


def misbehaving(body: str, **options: object) -> str:
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


def left_out_after(serving: Serving) -> str:
    """What the second life of the worker was told to leave out."""
    return serving.wait(r"worker left out: (\[.*\])", times=2)[1]


CITY = """
    sys.exit(
        Supervisor(
            lambda url: [plain("door"), plain("worker", env={"REDIS_URL": url})],
            folder / "valkey",
            run_folder=folder,
            limits=Limits(**limits),
            on_ready=lambda: logging.info("all ready"),
        ).run()
    )
"""


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def test_what_is_killed_is_started_again(serve):
    serving = serve(CITY)
    serving.wait("all ready")
    path = Path(serving.wait(r"unix://(\S+)")[0])
    assert answers(path)
    for name in ("door", "worker"):
        os.kill(serving.pid(name), signal.SIGKILL)
        serving.wait(rf"{name} is ready", times=2)
    os.kill(serving.pid("valkey"), signal.SIGKILL)
    assert len(set(serving.wait(r"valkey \(pid \d+\) started on (\S+)", times=2))) == 1
    assert answers(path)
    assert len(re.findall("all ready", serving.text())) == 1
    assert serving.stop() == 0
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_ends_worker_then_door_and_leaves_no_process(serve, number):
    serving = serve(CITY)
    serving.wait("all ready")
    if LINUX:
        assert len(serving.processes()) == 4
    assert serving.stop(number) == 0
    assert re.findall(r"^(\w+) stopped", serving.text(), re.M) == ["worker", "door"]
    if LINUX:
        assert serving.processes() == []


@pytest.mark.skipif(not LINUX, reason="the kernel tells children of a parent's death on Linux only")
def test_kill_9_of_the_supervisor_leaves_no_process_and_the_next_start_works(serve, free_port):
    hold = WORKER + textwrap.dedent(f"""
        import fcntl, socket
        lock = open(os.environ["LOCK"], "w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        listening = socket.create_server(("127.0.0.1", {free_port}))
        asyncio.run(main(None))
    """)
    code = f"""
        argv, env = [PYTHON, "-c", {hold!r}, "door"], {{"LOCK": str(folder / "lock")}}
        children, run = [Child("door", argv, env)], folder / "run"
        sys.exit(Supervisor(children, folder / "valkey", run_folder=run).run())
    """
    first = serve(code)
    first.wait("door is ready")
    socket.create_connection(("127.0.0.1", free_port)).close()
    processes = first.processes()
    assert len(processes) == 3
    first.process.kill()
    first.process.wait()
    second = serve(code)
    second.wait("door is ready")
    assert "ended by itself" not in second.text()
    assert not set(processes) & set(second.processes())
    assert len(second.processes()) == 3
    assert second.stop() == 0
    assert second.processes() == []


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_a_plugin_that_blocks_the_loop_is_left_out_and_one_that_waits_is_not(serve):
    serving = serve(
        misbehaving("""
            waiting = asyncio.create_task(under("mihon/good", asyncio.sleep(99)))
            in_thread("mihon/asleep", time.sleep, 99)
            async def bad():
                await asyncio.sleep(0.01)
                time.sleep(99)
            await under("mihon/bad", bad())
        """)
    )
    assert left_out_after(serving) == "['mihon/bad']"
    serving.wait("plugin mihon/bad is left out from now on: the event loop was silent")
    assert serving.stop() == 0


def test_where_there_is_no_memfd_the_beat_is_a_file(serve):
    serving = serve(
        "import os\nvars(os).pop('memfd_create', None)\n"
        + misbehaving("""
            async def bad():
                time.sleep(99)
            await under("mihon/bad", bad())
        """)
    )
    assert left_out_after(serving) == "['mihon/bad']"
    assert (serving.folder / "worker.beat").exists()


def test_a_silent_loop_without_a_plugin_is_started_again_with_all_plugins(serve):
    serving = serve(misbehaving("time.sleep(99)"))
    assert left_out_after(serving) == "[]"


def test_a_thread_that_burns_cpu_is_blamed_and_one_that_sleeps_is_not(serve):
    serving = serve(
        misbehaving("""
            in_thread("mihon/asleep", time.sleep, 99)
            def burn():
                while True:
                    pass
            in_thread("mihon/bad", burn)
        """)
    )
    assert left_out_after(serving) == "['mihon/bad']"
    serving.wait("used more than 1 s of CPU time in one call")


@pytest.mark.skipif(not LINUX, reason="CPU times of single threads are told on Linux only")
def test_a_thread_that_never_lets_go_of_the_interpreter_is_named(serve):
    serving = serve(
        misbehaving("""
            in_thread("mihon/asleep", time.sleep, 99)
            in_thread("mihon/bad", re.match, "(a+)+$", "a" * 60 + "b")
        """)
    )
    assert left_out_after(serving) == "['mihon/bad']"
    serving.wait("plugin mihon/bad is left out from now on: the event loop was silent")


def test_a_unit_that_holds_the_writer_is_left_out(serve):
    serving = serve(
        misbehaving("""
            def write():
                beat.unit("mihon/good")
                beat.unit(None)
                last_seen = time.monotonic()
                writers[beat.add_writer()] = lambda: last_seen
                beat.unit("mihon/bad")
                time.sleep(99)
            in_thread("mihon/asleep", time.sleep, 99)
            threading.Thread(target=write, daemon=True).start()
        """)
    )
    assert left_out_after(serving) == "['mihon/bad']"
    serving.wait("left out from now on: a database writer was silent")


def test_a_writer_that_stands_still_without_a_plugin_is_started_again(serve):
    serving = serve(
        misbehaving("""
            last_seen = time.monotonic()
            writers[beat.add_writer()] = lambda: last_seen
            in_thread("mihon/asleep", time.sleep, 99)
        """)
    )
    serving.wait(r"worker \(pid \d+\) a database writer was silent for more than 1 s")
    assert left_out_after(serving) == "[]"


@pytest.mark.parametrize("where", ["loop", "thread"])
def test_a_memory_eater_is_stopped_and_named(serve, where):
    eat = """
        def eat():
            eaten = []
            while True:
                eaten.append(bytearray(os.urandom(1 << 16) * 16))
        async def eat_on_loop():
            eat()
        in_thread("mihon/asleep", time.sleep, 99)
    """
    eat += {
        "loop": '    await under("mihon/bad", eat_on_loop())',
        "thread": '    in_thread("mihon/bad", eat)',
    }[where]
    serving = serve(misbehaving(eat, memory_limit=150 << 20))
    expected = "['mihon/bad']" if LINUX or where == "loop" else "[]"
    assert left_out_after(serving) == expected
    serving.wait(r"worker \(pid \d+\) used \d+ MB of memory, over its limit of 150 MB")


@pytest.mark.parametrize("crash", ["ctypes.string_at(0)", "os._exit(3)"])
def test_a_plugin_that_takes_the_process_with_it_is_left_out(serve, crash):
    serving = serve(
        misbehaving(f"""
            async def bad():
                {crash}
            await under("mihon/bad", bad())
        """)
    )
    assert left_out_after(serving) == "['mihon/bad']"
    serving.wait("left out from now on: the process ended")


def test_a_plugin_that_ran_when_somebody_killed_the_worker_stays_in(serve):
    serving = serve(
        misbehaving('beat.enter(LOOP, "mihon/bad"); say("busy"); await asyncio.sleep(99)')
    )
    serving.wait("worker busy")
    os.kill(serving.pid("worker"), signal.SIGKILL)
    assert left_out_after(serving) == "[]"


def test_a_plugin_that_never_ends_loading_is_left_out(serve):
    load = WORKER + textwrap.dedent("""
        if "mihon/bad" not in quarantined():
            beat.enter(LOOP, "mihon/good")
            beat.enter(LOOP, "mihon/bad")
            time.sleep(99)
        asyncio.run(main(None))
    """)
    serving = serve(
        f"children = [Child('worker', [PYTHON, '-c', {load!r}, 'worker'])]\n"
        "sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())"
    )
    assert serving.wait(r"worker left out: (\[.*\])") == ["['mihon/bad']"]
    serving.wait("worker was held up by mihon/bad for more than 1 s while starting")


def test_a_child_that_is_never_ready_is_started_again(serve):
    serving = serve("""
        children = [Child("worker", [PYTHON, "-c", "import time; time.sleep(99)"])]
        limits = Limits(start=0.3, backoff=(0.05,), tick=0.05)
        sys.exit(Supervisor(children, run_folder=folder, limits=limits).run())
    """)
    serving.wait(r"worker \(pid \d+\) was not ready after 0.3 s", times=2)
    assert serving.stop() == 0


def test_a_program_that_is_missing_is_tried_again(serve):
    serving = serve("""
        children = [Child("worker", ["/nonexistent/program"])]
        sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())
    """)
    serving.wait("worker cannot be started: .*/nonexistent/program", times=2)
    assert serving.stop() == 0


def test_exit_code_78_stops_all_and_is_passed_on(serve):
    serving = serve("""
        code = "import time; time.sleep(1); exit(78)"
        children = [plain("door"), Child("worker", [PYTHON, "-c", code])]
        sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())
    """)
    assert serving.process.wait(DEADLINE) == 78
    assert len(re.findall(r"worker \(pid \d+\) started", serving.text())) == 1
    assert "door stopped" in serving.text() or "door is ready" not in serving.text()


def test_other_exit_codes_mean_another_start(serve):
    serving = serve("""
        ends = {"worker": "exit(0)", "door": "exit(1)"}
        children = [Child(name, [PYTHON, "-c", code]) for name, code in ends.items()]
        sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())
    """)
    serving.wait(r"worker \(pid \d+\) ended by itself \(exit code 0\); starting again", times=2)
    serving.wait(r"door \(pid \d+\) ended by itself \(exit code 1\); starting again", times=2)
    assert serving.stop() == 0


def test_a_second_supervisor_in_the_same_folder_is_refused(serve):
    first = serve(CITY)
    first.wait("all ready")
    second = serve(CITY)
    assert second.process.wait(DEADLINE) == 1
    assert "a supervisor already runs in" in second.text()
    assert first.stop() == 0
    assert "ended by itself" not in first.text()


def test_a_child_that_does_not_stop_is_killed_with_all_it_started(serve):
    deaf = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
        say(f"started {started.pid}")
        await asyncio.sleep(99)
    """
    serving = serve(misbehaving(deaf, drain=0.3))
    grandchild = int(serving.wait(r"worker started (\d+)")[0])
    assert serving.stop() == 0
    assert "worker did not stop in 0.3 s; killing it" in serving.text()

    def is_gone() -> bool:
        with contextlib.suppress(OSError):
            os.kill(grandchild, 0)
            stat = Path(f"/proc/{grandchild}/stat")
            return LINUX and stat.read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    eventually(is_gone, "the end of the grandchild")


def test_a_second_signal_does_not_wait_for_the_children(serve):
    deaf = 'signal.signal(signal.SIGTERM, signal.SIG_IGN); say("deaf"); await asyncio.sleep(99)'
    serving = serve(misbehaving(deaf, drain=600.0))
    serving.wait("worker deaf")
    serving.process.send_signal(signal.SIGINT)
    serving.wait("stopping worker")
    assert serving.stop(signal.SIGINT) == 0


def test_standard_input_is_given_whole_at_each_start(serve):
    serving = serve("""
        read = "import sys, time; print('got', len(sys.stdin.buffer.read()), flush=True)"
        children = [Child("worker", [PYTHON, "-c", read], stdin=b"secret" * 100_000)]
        sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())
    """)
    serving.wait("got 600000", times=2)
    assert serving.stop() == 0


def test_it_stays_small_and_needs_no_framework(serve):
    serving = serve("""
        heavy = {"asyncio", "sqlalchemy", "pydantic", "redis", "valkey", "aiohttp", "starlette"}
        print("heavy:", sorted(heavy & set(sys.modules)), flush=True)
    """)
    assert serving.process.wait(DEADLINE) == 0
    assert serving.wait("heavy: (.*)") == ["[]"]
