"""Whole deployments, as processes, for the tests of what one plugin or city may do to others."""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from madoguchi import serving
from madoguchi.process import spawn, sweep
from madoguchi.testing import LoopThread, install
from madoguchi_simulator import Channel, Simulator

TOYS = Path(__file__).parent / "toys"
CITY = """
[city]
label = "{name}市"
phone = "0100-00-0000"
hours = "平日"
greeting = "{name}市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "{channel}"
channel_secret = {{ env = "{variable}_SECRET" }}
access_token = {{ env = "{variable}_TOKEN" }}
platform = "{platform}"
"""


class Served:
    """`madoguchi serve` as its users start it: a supervisor, a door, a worker, a Valkey.

    The simulated LINE of each city lives in the test, where nothing of this can harm it.
    """

    def __init__(self, folder: Path, cities: Mapping[str, str], plugins: Mapping[str, Any]) -> None:
        self.config, self.data = folder / "config", folder / "data"
        self.config.mkdir(exist_ok=True)
        self.thread = LoopThread()
        self.door_port, self.port = free_ports(2)
        self._stack = ExitStack()
        self._log = folder / "serve.log"
        self.environment = os.environ | {"PYTHONPATH": str(folder / "site-packages")}
        for name, files in plugins.items():
            install(folder / "site-packages", name, files)
        self.lines = {name: self._open_line(name, toml) for name, toml in cities.items()}
        self._start()

    def _open_line(self, name: str, toml: str) -> Simulator:
        """A LINE for one city, and the city's file that leads to it."""
        channel = Channel(
            id=str(1_000_000_000 + len(self.environment)),
            secret=f"secret of {name}",
            access_token=f"token-of-{name}",
        )
        line = self.thread.call(Simulator, channel)
        line.set_webhook_url(self.webhook(name))
        self._enter(line)
        address = self._enter(serving.serving(line.app))
        self.environment |= {
            f"{name.upper()}_SECRET": channel.secret,
            f"{name.upper()}_TOKEN": channel.access_token,
        }
        head = CITY.format(name=name, variable=name.upper(), channel=channel.id, platform=address)
        (self.config / f"{name}.toml").write_text(f"{head}\n{toml}", "utf-8")
        return line

    def _enter(self, context: Any) -> Any:
        """Enter an asynchronous context in the lines' loop, until the end of the test."""
        entered = self.thread.run(context.__aenter__())
        self._stack.callback(lambda: self.thread.run(context.__aexit__(None, None, None)))
        return entered

    def _start(self) -> None:
        command = [str(Path(sys.executable).with_name("madoguchi")), "serve"]
        command += ["--config", str(self.config), "--data", str(self.data)]
        command += ["--port", str(self.port), "--door-port", str(self.door_port)]
        with self._log.open("wb") as log:
            self._process = spawn(command, env=self.environment, output=log)
        self._stack.callback(self.stop)
        self.until(lambda: self.get("/health/ready"), "the worker answers")
        self.until(lambda: answers(f"http://127.0.0.1:{self.door_port}/health/live"), "the door")

    def webhook(self, name: str) -> str:
        return f"http://127.0.0.1:{self.door_port}/{name}/webhook"

    def get(self, path: str) -> tuple[int, str] | None:
        """Status and body of a page of the worker; None if it does not answer."""
        return answers(f"http://127.0.0.1:{self.port}{path}")

    def health(self) -> dict[str, Any]:
        """`/health/ready`; empty while the worker does not answer."""
        found = self.get("/health/ready")
        return json.loads(found[1])["gateways"] if found else {}

    def health_of(self, city: str, plugin: str) -> str:
        """What `/health/ready` says of a plugin: `well`, or why not."""
        return self.health().get(city, {}).get("plugins", {}).get(plugin, "")

    def until(self, condition: Callable[[], Any], what: str, patience: float = 60) -> Any:
        """What `condition()` gives as soon as it is true."""
        end = time.monotonic() + patience
        while not (found := condition()):
            assert self._process.poll() is None, self._log.read_text("utf-8")
            assert time.monotonic() < end, f"not in {patience:g} s: {what}\n{self.log()[-5000:]}"
            time.sleep(0.05)
        return found

    def log(self) -> str:
        return self._log.read_text("utf-8")

    def add_resident(self, city: str, name: str = "花子", user_id: str = "") -> str:
        """A friend from before the gateway, so that no greeting mixes with the answers."""
        add = self.lines[city].add_resident
        return self.thread.run(add(name, follow="before", user_id=user_id))

    def say(self, city: str, user_id: str, words: str) -> int:
        """A resident types something; the status of the webhook."""
        message = {"type": "text", "text": words}
        return self.thread.run(self.lines[city].send_message(user_id, message))["status"]

    def answers(self, city: str, user_id: str) -> list[str]:
        """What the account has said to a resident."""
        entries = self.thread.call(self.lines[city].chats.entries, user_id, 0)
        return [entry["message"].get("text", "") for entry in entries if entry["from"] == "bot"]

    def stop(self) -> None:
        """SIGTERM; the exit code has to be 0."""
        self._process.terminate()
        try:
            assert self._process.wait(40) == 0, self.log()
        finally:
            sweep(self._process)

    def close(self) -> None:
        self._stack.close()
        for line in self.lines.values():
            self.thread.call(line.close)
        self.thread.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Run `madoguchi serve`: `with serve({"mihon": "[plugins.toy]"}, {"toy": source}) as served`.

    The first argument says what each city's file holds beyond the usual, the second one the
    sources of plugins; `overrides` are files to put beside the cities' files.
    """

    def start(
        cities: Mapping[str, str],
        plugins: Mapping[str, Any],
        overrides: Mapping[str, str] | None = None,
    ) -> closing[Served]:
        folder = tmp_path_factory.mktemp("served")
        for path, text in (overrides or {}).items():
            file = folder / "config" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return closing(Served(folder, cities, plugins))

    return start


@pytest.fixture
def toy_source() -> Callable[[str], dict[str, str]]:
    """The files of a plugin in `tests/isolation/toys`: one for each way to misbehave."""

    def read(name: str) -> dict[str, str]:
        folder = TOYS / name
        if folder.is_dir():
            return {str(p.relative_to(folder)): p.read_text("utf-8") for p in folder.rglob("*.py")}
        return {"__init__.py": folder.with_suffix(".py").read_text("utf-8")}

    return read


def answers(url: str) -> tuple[int, str] | None:
    """Status and body of what answers there, if anything does."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except (OSError, HTTPException):  # nobody there, or gone in the middle of an answer
        return None


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        enter, anywhere = stack.enter_context, ("127.0.0.1", 0)
        opened = [enter(socket.create_server(anywhere)) for _ in range(count)]
        return [one.getsockname()[1] for one in opened]
