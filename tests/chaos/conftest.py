"""A deployment of real processes, a crowd that writes to it, and what LINE saw of the answers.

The door and the workers are `python -m` processes that are killed with SIGKILL and started again;
the simulated LINE lives in the test, so that its book is a witness that nothing here can harm.
"""

import asyncio
import json
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import make_url

from madoguchi import serving
from madoguchi.clock import Clock
from madoguchi.process import spawn, sweep
from madoguchi.testing import LoopThread, install
from madoguchi.testing.town import LIFF_ID
from madoguchi.testing.visitor import Visitor
from madoguchi.valkey import Valkey, start_valkey
from madoguchi_simulator import Channel, LiffApp, LoginChannel, Simulator

SERVER = "MADOGUCHI_TEST_DATABASE_URL"
CITY = """
public_url = "%s"
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "1000000001"
channel_secret = { env = "CHAOS_SECRET" }
access_token = { env = "CHAOS_TOKEN" }
platform = "%s"
liff = ["%s"]
%s
[plugins.tally]
[plugins.liff]
"""


class Deployment:
    """One city: its door and workers as processes, its simulated LINE in this one."""

    def __init__(self, folder: Path, thread: LoopThread, database_url: str | None) -> None:
        self.folder, self.thread, self.database_url = folder, thread, database_url
        self.clock = Clock(folder / "clock")
        self.door_port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {"worker": free_port()}
        self.pages_url = f"http://127.0.0.1:{self._ports['worker']}"
        self.channel = Channel(id="1000000001", secret="chaos-secret", access_token="chaos-token")
        self.simulator: Simulator = thread.call(self._make_simulator)
        self.redis: Valkey | None = None
        self._environment = os.environ | {
            "CHAOS_SECRET": self.channel.secret,
            "CHAOS_TOKEN": self.channel.access_token,
            "CHAOS_DATABASE": database_url or "",
            "PYTHONPATH": str(folder / "site-packages"),
        }

    def _make_simulator(self) -> Simulator:
        app = LiffApp(LIFF_ID, f"{self.pages_url}/mihon/liff")
        logins = [LoginChannel(app.channel_id, apps=(app,))]
        simulator = Simulator(self.channel, logins=logins, clock_file=self.folder / "clock")
        simulator.set_webhook_url(f"http://127.0.0.1:{self.door_port}/mihon/webhook")
        simulator.change_settings({"webhookTimeout": 20})
        return simulator

    def open(self, platform: str) -> None:
        """Write the city's file; make its tables, where the worker does not do it itself."""
        toy = Path(__file__).parent / "toy"
        files = {str(p.relative_to(toy)): p.read_text("utf-8") for p in toy.rglob("*.py")}
        install(self.folder / "site-packages", "tally", files)
        store = '[store]\ndatabase_url = { env = "CHAOS_DATABASE" }' if self.database_url else ""
        self.config = self.folder / "mihon.toml"
        self.config.write_text(CITY % (self.pages_url, platform, LIFF_ID, store), "utf-8")
        if self.database_url:
            assert self.command("migrate").returncode == 0

    def command(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """`madoguchi NAME` for this city."""
        command = [sys.executable, "-m", "madoguchi", name, "--config", str(self.config)]
        command += ["--data", str(self.folder / "data"), *options]
        return subprocess.run(
            command, env=self._environment, check=False, capture_output=True, text=True
        )

    def serve(self, *options: str) -> int:
        """All of it as `madoguchi serve`, ready; the port for pages."""
        pages = self._ports["worker"]
        command = [sys.executable, "-m", "madoguchi", "serve", "--config", str(self.config)]
        command += ["--data", str(self.folder / "data"), "--port", str(pages)]
        command += ["--door-port", str(self.door_port), *options]
        with (self.folder / "serve.log").open("ab") as log:
            self.processes["serve"] = spawn(command, env=self._environment, output=log)
        for port in (pages, self.door_port):
            self.wait_for(port)
        return pages

    def started(self, what: str) -> list[int]:
        """Process ids that `serve` has given to the door or to a worker, in order."""
        text = (self.folder / "serve.log").read_text("utf-8")
        return [int(pid) for pid in re.findall(rf"{what} \(pid (\d+)\) started", text)]

    def start_redis(self) -> None:
        self.redis = start_valkey(self.folder / "valkey")

    def stop_redis(self) -> None:
        assert self.redis is not None
        self.redis.stop()
        self.redis = None

    def empty_redis(self) -> None:
        """FLUSHALL, on this deployment's own server."""
        with Redis.from_url(self._redis_url) as redis:
            redis.flushall()

    def start_door(self, wait: bool = True) -> None:
        entrance = {
            "gateway": "mihon",
            "secret": self.channel.secret,
            "inbox": self.database_url or str(self.folder / "data" / "mihon"),
            "redis_url": self._redis_url,
        }
        place = {"host": "127.0.0.1", "entrances": [entrance]}
        self._start("door", "madoguchi.door", self.door_port, place, wait)

    def start_worker(self, name: str = "worker", wait: bool = True, ahead: float = 0.0) -> None:
        """Start a worker whose clock is `ahead` seconds ahead of the door's and LINE's."""
        port = self._ports.setdefault(name, free_port())
        place = {
            "config": str(self.config),
            "data": str(self.folder / "data"),
            "redis_url": self._redis_url,
        }
        if ahead:
            clock = self.folder / f"clock of {name}"
            if not clock.exists():
                Clock(clock).move(ahead)
            place["clock_file"] = str(clock)
        self._start(name, "madoguchi.worker", port, place, wait)

    @property
    def _redis_url(self) -> str:
        return f"unix://{self.folder / 'valkey' / 'valkey.sock'}"

    def _start(self, name: str, module: str, port: int, place: dict[str, Any], wait: bool) -> None:
        place = {"clock_file": str(self.folder / "clock"), "log_level": "WARNING", **place}
        place["port"] = port
        with (self.folder / f"{name}.log").open("ab") as log:
            process = spawn(
                [sys.executable, "-m", module],
                env=self._environment,
                stdin=subprocess.PIPE,
                output=log,
            )
        assert process.stdin is not None
        process.stdin.write(json.dumps(place).encode())
        process.stdin.close()
        self.processes[name] = process
        if wait:
            self.wait_for(port)

    def wait_for(self, port: int) -> None:
        """Wait until the process with this port serves."""
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < deadline, f"nobody serves on {port}: see {self.folder}"
                time.sleep(0.05)

    def stop(self, name: str) -> None:
        """SIGTERM, and wait: an orderly end."""
        process = self.processes.pop(name)
        process.terminate()
        assert process.wait(60) == 0

    def kill(self, name: str) -> None:
        """`kill -9`."""
        sweep(self.processes.pop(name))

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        if self.redis is not None:
            self.stop_redis()
        self.thread.call(self.simulator.close)

    def browser_of(self, user_id: str) -> Visitor:
        """A resident's browser, in which LINE opens the city's pages."""

        def sign_in(browser: Visitor) -> None:
            token = self.thread.call(self.simulator.log_in, user_id, LIFF_ID)["idToken"]
            browser.posts("/mihon/liff/session", [("id_token", token), ("liff_id", LIFF_ID)])

        return Visitor(self.pages_url, sign_in)

    def crowd(self, size: int) -> list[str]:
        """Friends from before the gateway, so that no greeting mixes with the answers."""

        async def gather() -> list[str]:
            add = self.simulator.add_resident
            return [await add(f"住民{n}", follow="before") for n in range(size)]

        return self.thread.run(gather())

    def configure(self, **settings: Any) -> None:
        """Settings of the simulator, by their names in the control API."""
        self.thread.call(self.simulator.change_settings, settings)

    def faults(self, *rules: dict[str, Any]) -> None:
        """What LINE does wrong from now on; nothing by no rules."""
        self.thread.call(self.simulator.set_faults, list(rules))

    def talk(self, crowd: list[str], each: int, words: str = "m", gap: float = 0.0) -> "Talk":
        """Every resident writes `each` messages in order, all residents at once."""
        self.wait_for(self.door_port)
        return Talk(self, crowd, each, words, gap)

    def book(self) -> list[dict[str, Any]]:
        """What LINE accepted, in order."""
        return self.thread.call(lambda: list(self.simulator.book.sends()))

    def said(self) -> dict[str, list[str]]:
        """Per resident the answers that LINE accepted, in order."""
        found = defaultdict(list)
        for send in self.book():
            for user_id in send["userIds"]:
                found[user_id] += [message["text"] for message in send["messages"]]
        return found

    def ways(self, kind: str) -> set[str]:
        """Through which endpoints answers to words that begin like this went."""
        texts = ((send["endpoint"], send["messages"][0]["text"]) for send in self.book())
        return {endpoint for endpoint, text in texts if text.partition(" ")[2].startswith(kind)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if self.database_url:
            return postgres(self.database_url, sql)
        path = self.folder / "data" / "mihon" / "main.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as db:
            rows = db.execute(sql).fetchall()
        db.close()
        return rows

    def effects(self) -> dict[str, list[str]]:
        """Per LINE user id the words of the plugin's rows, in the order they were written."""
        found = defaultdict(list)
        rows = self.query(
            "SELECT r.line_id, t.words FROM tally t JOIN resident r ON r.id = t.resident_id"
            " ORDER BY t.id"
        )
        for line_id, words in rows:
            found[line_id].append(words)
        return found

    def complaints(self) -> list[str]:
        """Lines of the logs that say that the gateway itself is at fault."""
        wrong = ("a fault of the gateway", "a task of the gateway ended", "set aside")
        found = []
        for log in self.folder.glob("*.log"):
            lines = log.read_text("utf-8", "replace").splitlines()
            found += [f"{log.stem}: {line}" for line in lines if any(w in line for w in wrong)]
        return found


class Talk:
    """What a crowd says, and whether LINE was told 200 for it."""

    def __init__(
        self, deployment: Deployment, crowd: list[str], each: int, words: str, gap: float
    ) -> None:
        self._deployment = deployment
        self.acknowledged: dict[str, list[str]] = {user: [] for user in crowd}
        self.refused: dict[str, list[str]] = {user: [] for user in crowd}
        loop = deployment.thread.loop
        self._done = asyncio.run_coroutine_threadsafe(self._speak(crowd, each, words, gap), loop)

    async def _speak(self, crowd: list[str], each: int, words: str, gap: float) -> None:
        async def speak(user: str) -> None:
            for n in range(each):
                text = f"{words}{n:03d}"
                message = {"type": "text", "text": text}
                sent = await self._deployment.simulator.send_message(user, message)
                told = self.acknowledged if sent["status"] == 200 else self.refused
                told[user].append(text)
                if gap:
                    await asyncio.sleep(random.random() * 2 * gap)

        await asyncio.gather(*map(speak, crowd))

    @property
    def count(self) -> int:
        """How many messages were acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    def finish(self, patience: float = 300) -> "Talk":
        """Wait until everything was said."""
        self._done.result(patience)
        return self

    def wait_for_answers(self, patience: float = 60) -> None:
        """Wait until all that was acknowledged is answered, or nothing came for `patience` s."""
        self.finish()
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < patience:
            said = self._deployment.said()
            missing = sum(
                len(set(sent) - {text.partition(" ")[2] for text in said[user]})
                for user, sent in self.acknowledged.items()
            )
            if not missing:
                return
            if missing != seen:
                seen, since = missing, time.monotonic()
            time.sleep(0.5)

    def check(
        self,
        earlier: "Talk | None" = None,
        may_lack_answers: bool = False,
        may_overtake: bool = False,
    ) -> dict[str, int]:
        """Each effect once and in order, each answer once and in order, nothing missing.

        `may_lack_answers`: a crash may cost an answer whose token had been tried, never an effect;
        so it is with what the same crowd said in an `earlier` talk. `may_overtake`: pushes that
        waited for Redis may come after later ones. Messages that were not acknowledged may have
        got in, or not, but not twice.
        """
        deployment = self._deployment
        wrong, lacking = deployment.complaints(), 0
        effects, said = deployment.effects(), deployment.said()
        for user, asked in self.acknowledged.items():
            before = earlier.acknowledged[user] if earlier else []
            done, answers = effects[user], said[user]
            expected = [f"{n} {words}" for n, words in enumerate(done, 1)]
            unanswered = [
                words for words in asked if not any(a.endswith(f" {words}") for a in answers)
            ]
            lacking += len(unanswered)
            places = [expected.index(a) for a in answers if a in expected]
            found = {
                "lost": set(before + asked) - set(done),
                "done twice": doubles(done),
                "done in another order": [] if done == sorted(done) else done,
                "answered twice": doubles(answers),
                "answered without an effect": set(answers) - set(expected),
                "overtaken": [] if may_overtake or places == sorted(places) else answers,
                "never answered": [] if may_lack_answers else unanswered,
            }
            wrong += [f"{user}: {what}: {which}" for what, which in found.items() if which]
        assert not wrong, f"{len(wrong)} wrong; " + "\n".join(wrong[:20])
        ways = Counter(send["endpoint"] for send in deployment.book())
        return {"messages": self.count, "unanswered": lacking, **ways}


def doubles(items: list[str]) -> list[str]:
    return [item for item, count in Counter(items).items() if count > 1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def postgres(url: str, sql: str) -> list[tuple[Any, ...]]:
    import asyncpg

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def database_url() -> Iterator[str]:
    """A PostgreSQL database of this test's own."""
    server = os.environ.get(SERVER)
    if not server:
        pytest.skip(f"{SERVER} is not set")
    address = make_url(server).set(drivername="postgresql")
    server = address.render_as_string(hide_password=False)
    name = f"madoguchi_chaos_{uuid.uuid4().hex[:10]}"
    postgres(server, f"CREATE DATABASE {name}")
    yield address.set(database=name).render_as_string(hide_password=False)
    postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def deploy(tmp_path: Path, loop_thread: LoopThread) -> Iterator[Callable[..., Deployment]]:
    """`deploy()` on SQLite, `deploy(url)` on PostgreSQL; workers are started by the test.

    `alone`: the door and Redis as well, as `serve` does it.
    """
    with ExitStack() as stack:

        def make(database_url: str | None = None, alone: bool = False) -> Deployment:
            made = Deployment(tmp_path, loop_thread, database_url)
            stack.callback(made.close)

            platform = AsyncExitStack()
            stack.callback(lambda: loop_thread.run(platform.aclose()))
            loop_thread.run(platform.enter_async_context(made.simulator))
            served = serving.serving(made.simulator.app)
            made.open(loop_thread.run(platform.enter_async_context(served)))
            if not alone:
                made.start_redis()
                made.start_door(wait=False)
            return made

        yield make


@pytest.fixture
def record_figures(record_property: Callable[[str, object], None]) -> Callable[[Any], None]:
    """Print and record what a run counted, and how long it took from the test's start."""
    started = time.monotonic()

    def record(figures: dict[str, int]) -> None:
        seconds = time.monotonic() - started
        line = ", ".join(f"{count} {name}" for name, count in figures.items())
        print(f"\n  {line}; {seconds:.0f} s")
        record_property("figures", f"{line}; {seconds:.0f} s")

    return record
