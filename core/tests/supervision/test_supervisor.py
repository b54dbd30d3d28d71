"""What is killed, ends or does not end: the supervisor heals it, stops it, leaves nothing."""

import contextlib
import os
import re
import signal
import socket
import sys
import textwrap
from pathlib import Path

import pytest

LINUX = sys.platform == "linux"

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_worker_then_door_and_leaves_no_process(serve, number):
    serving = serve(CITY)
    serving.wait("all ready")
    if LINUX:
        assert len(serving.processes()) == 4
    assert serving.stop(number) == 0
    assert re.findall(r"^(\w+) stopped", serving.text(), re.M) == ["worker", "door"]
    if LINUX:
        assert serving.processes() == []


RENEWING = """
    sys.exit(
        Supervisor(
            [plain("door"), *(plain(f"worker{n}", renews=True) for n in (1, 2))],
            run_folder=folder,
            limits=Limits(**limits),
            on_ready=lambda: logging.info("all ready"),
        ).run()
    )
"""


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
def test_workers_are_renewed_one_after_the_other_and_the_door_stays(serve, number):
    serving = serve(RENEWING)
    serving.wait("all ready")
    serving.process.send_signal(number)
    serving.wait("all workers are started anew")
    told = re.findall(r"^(\w+) (?:\(pid \d+\) )?(started|is ready|stopped)", serving.text(), re.M)
    renewed = [(f"worker{n}", what) for n in (1, 2) for what in ("stopped", "started", "is ready")]
    assert told[6:] == renewed
    assert "starting again" not in serving.text(), "nobody took it for a death"
    assert serving.stop() == 0


@pytest.mark.skipif(not LINUX, reason="looks into /proc")
def test_while_a_worker_is_away_the_other_is_not_renewed(serve):
    serving = serve(RENEWING)
    serving.wait("all ready")
    killed = serving.pid("worker2")
    serving.process.send_signal(
        signal.SIGSTOP
    )  # so that it hears of the death and the wish at once
    os.kill(killed, signal.SIGKILL)
    serving.until(lambda: ") Z " in Path(f"/proc/{killed}/stat").read_text(), "worker2 is dead")
    serving.process.send_signal(signal.SIGUSR1)
    serving.process.send_signal(signal.SIGCONT)
    serving.wait("all workers are started anew")
    told = re.findall(r"^(worker\d) (?:\(pid \d+\) )?(is ready|stopped)", serving.text(), re.M)
    assert told[2:4] == [("worker2", "is ready"), ("worker1", "stopped")]
    assert serving.stop() == 0


def test_a_worker_that_does_not_leave_is_killed_and_started_anew(serve):
    stubborn = """
        handler = "asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)"
        WORKER = WORKER.replace(handler, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        sys.exit(
            Supervisor(
                [plain("door"), plain("worker", renews=True, drain=0.2)],
                run_folder=folder,
                limits=Limits(**limits),
            ).run()
        )
    """
    serving = serve(stubborn)
    serving.wait("worker is ready")
    serving.process.send_signal(signal.SIGUSR1)
    serving.wait("worker took too long to end; killing it")
    serving.wait("all workers are started anew")
    serving.process.send_signal(signal.SIGINT)
    assert serving.end() == 0


@pytest.mark.skipif(not LINUX, reason="the kernel tells children of a parent's death on Linux only")
def test_kill_9_of_the_supervisor_leaves_no_process_and_the_next_start_works(serve, free_port):
    hold = textwrap.dedent(f"""
        import fcntl, socket
        lock = open(os.environ["LOCK"], "w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        listening = socket.create_server(("127.0.0.1", {free_port}))
        asyncio.run(main(None))
    """)
    code = f"""
        argv, env = [PYTHON, "-c", WORKER + {hold!r}, "door"], {{"LOCK": str(folder / "lock")}}
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
    assert serving.end() == 78
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
    assert second.end() == 1
    assert "a supervisor already runs in" in second.text()
    assert first.stop() == 0
    assert "ended by itself" not in first.text()


def test_a_child_that_does_not_stop_is_killed_with_all_it_started(misbehave):
    deaf = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
        say(f"started {started.pid}")
        await asyncio.sleep(99)
    """
    serving = misbehave(deaf, drain=0.3)
    grandchild = int(serving.wait(r"worker started (\d+)")[0])
    assert serving.stop() == 0
    assert "worker did not stop in 0.3 s; killing it" in serving.text()

    def is_gone() -> bool:
        with contextlib.suppress(OSError):
            os.kill(grandchild, 0)
            stat = Path(f"/proc/{grandchild}/stat")
            return LINUX and stat.read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    serving.until(is_gone, "the end of the grandchild")


def test_a_second_signal_does_not_wait_for_the_children(misbehave):
    deaf = 'signal.signal(signal.SIGTERM, signal.SIG_IGN); say("deaf"); await asyncio.sleep(99)'
    serving = misbehave(deaf, drain=600.0)
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
    assert serving.end() == 0
    assert serving.wait("heavy: (.*)") == ["[]"]
