"""A demo to drive."""

import codecs
import json
import os
import pty
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0
"""Seconds; a busy machine is no reason to fail."""

# Becomes the command given, on the terminal that it inherits with the number given first.
ON_A_TERMINAL = """
import fcntl, os, sys, termios
terminal = int(sys.argv[1])
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
for number in range(3):
    os.dup2(terminal, number)
os.close(terminal)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Demo:
    """`madoguchi demo` as a person sees it: a program on a terminal, and the residents' phones."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.sim_port = free_ports()
        self.phone = f"http://127.0.0.1:{self.sim_port}"
        self.output = ""
        self.process: subprocess.Popen[bytes] | None = None

    # The terminal

    def launch(self, *options: str, through: tuple[str, ...] = ()) -> None:
        """Start it and do not wait; ``through`` is a command that runs the command after it."""
        screen, terminal = pty.openpty()
        command = [sys.executable, "-c", ON_A_TERMINAL, str(terminal), *through]
        command += [str(Path(sys.executable).with_name("madoguchi")), "demo"]
        command += ["--port", str(self.port), "--sim-port", str(self.sim_port)]
        command += ["--data", str(self.data), *options]
        self.output = ""
        self.process = subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, pass_fds=[terminal]
        )
        os.close(terminal)
        self._screen = screen
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        """Read what is shown until nobody is left who could write there."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                shown = os.read(self._screen, 65536)
            except OSError:
                return
            if not shown:
                return
            self.output += decoder.decode(shown).replace("\r\n", "\n")

    def start(self, *options: str) -> float:
        """Start it and wait for the phone's address; the seconds that it took."""
        began = time.monotonic()
        self.launch(*options)
        eventually(lambda: self.phone in self.output or self.process.poll() is not None)
        assert self.process.poll() is None, self.output
        return time.monotonic() - began

    def press_ctrl_c(self) -> int:
        """What the terminal does: SIGINT to the group in its foreground. The exit code."""
        os.write(self._screen, b"\x03")
        return self.wait()

    def kill(self) -> None:
        """`kill -9` of the program itself, the supervisor."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for the end of the program and of everything that has its terminal."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert not self._reader.is_alive(), "somebody still holds the terminal"
        os.close(self._screen)
        self.process = None
        return code

    # Its processes

    def processes(self) -> dict[int, str]:
        """Every process that belongs to this demo, whoever its parent is now."""
        marks = (os.fsencode(self.data), f"MIHON_LINE_PLATFORM={self.phone}".encode())
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                told = command + (folder / "environ").read_bytes()
            except OSError:  # it ended while we looked
                continue
            if any(mark in told for mark in marks):
                found[int(folder.name)] = command.replace(b"\0", b" ").decode()
        return found

    def pid_of(self, what: str) -> int:
        """The process whose command contains these words."""

        def find() -> int | None:
            return next((pid for pid, line in self.processes().items() if what in line), None)

        return eventually(find)

    # The phones

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The control API's answer. Raises OSError if the simulator is not there."""
        connection = HTTPConnection("127.0.0.1", self.sim_port, timeout=PATIENCE)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, (answer.status, told)
        return json.loads(told) if answer.headers.get_content_subtype() == "json" else told.decode()

    def newcomer(self, name: str = "見本 花子") -> str:
        """A resident who adds the account and has been greeted; the user id."""
        user_id = self.call("POST", "/sim/residents", {"displayName": name})["userId"]
        self.hears(user_id, "友だち追加ありがとうございます。")
        return user_id

    def says(self, user_id: str, text: str) -> dict[str, Any]:
        return self.call(
            "POST", f"/sim/residents/{user_id}/messages", {"type": "text", "text": text}
        )

    def chat(self, user_id: str) -> list[tuple[str, str]]:
        """Who said what, in order."""
        entries = self.call("GET", f"/sim/residents/{user_id}/chat")["entries"]
        return [(entry["from"], entry["message"]["text"]) for entry in entries]

    def hears(self, user_id: str, text: str, times: int = 1) -> None:
        """Wait until the bot has said this, as often as that and not more often."""

        def heard() -> bool:
            try:
                said = [words for who, words in self.chat(user_id) if who == "bot"]
            except OSError:  # the simulator is being started again
                return False
            count = sum(text in words for words in said)
            assert count <= times, said
            return count == times

        eventually(heard)


@pytest.fixture(scope="session")
def new_demo() -> Iterator[Callable[[Path], Demo]]:
    """Makes demos, and ends those that a failing test has left."""
    with ExitStack() as stack:

        def make(data: Path) -> Demo:
            demo = Demo(data)
            stack.callback(end, demo)
            return demo

        yield make


def end(demo: Demo) -> None:
    if demo.process is not None:
        demo.process.send_signal(signal.SIGTERM)
        demo.wait()


@pytest.fixture(scope="session", name="eventually")
def _eventually() -> Callable[..., Any]:
    return eventually


def eventually(condition: Callable[[], Any]) -> Any:
    """The condition's value as soon as it is true; fails if it never is."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.05)
    return value


def free_ports() -> tuple[int, int]:
    """A port whose neighbour is free as well, and a third; none that the system gives away."""
    while True:
        port = random.randrange(10_000, 30_000)
        try:
            with ExitStack() as stack:
                for number in range(port, port + 5):
                    stack.enter_context(socket.create_server(("127.0.0.1", number)))
                return port, port + 2
        except OSError:
            continue
