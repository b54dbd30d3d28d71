"""A town in one process: the simulated LINE, the door and the worker, in a loop of their own.

Tests are plain functions: `Town` runs everything in a thread and is used synchronously.
"""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

from madoguchi import serving
from madoguchi.beat import Beat
from madoguchi.clock import Clock
from madoguchi.config import check_gateway
from madoguchi.door import Door, Entrance
from madoguchi.gateway import RunningGateway
from madoguchi.testing.template import with_tables
from madoguchi.web import build_app, plugin_pages
from madoguchi_simulator import Channel, LiffApp, LoginChannel, Simulator

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds after which a test that waits for something gives up."""
LIFF_ID = "2000000002-mihon001"
"""The LIFF app that opens a town's pages."""
CITY = {
    "label": "見本市",
    "phone": "0100-00-0000",
    "hours": "平日 8:30〜17:15",
    "greeting": "見本市です。",
    "fallback": "お答えできませんでした。",
}


class LoopThread:
    """An event loop in a thread, for tests that are plain functions."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], patience: float = PATIENCE) -> T:
        """What a coroutine returns; it runs in the loop's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(patience)

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """What a plain function returns, called in the loop's thread."""

        async def call() -> T:
            try:
                return function(*args)
            except (SystemExit, KeyboardInterrupt) as error:  # these would end the loop
                raise RuntimeError(f"{function} raised {error!r}") from error

        return self.run(call())

    def close(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


class Town:
    """A gateway with its simulated LINE. Made by the fixture `gateway`."""

    def __init__(
        self,
        folder: Path,
        thread: LoopThread,
        redis_url: str,
        plugins: Mapping[str, Any],
        city: Mapping[str, Any],
        *,
        name: str = "mihon",
        template: Path | None = None,
        database_url: str | None = None,
        clock_file: Path | None = None,
    ) -> None:
        self.folder, self._thread, self.redis_url = folder, thread, redis_url
        self.name, self._plugins, self._city = name, plugins, city
        self._database_url = database_url
        self.clock = Clock(clock_file or folder / "clock")
        self.channel = Channel(
            id="1000000001", secret=f"secret-of-{name}", access_token=f"token-of-{name}"
        )
        clock_path = clock_file or folder / "clock"
        # The city's file names the port beforehand; bound, nobody else gets it.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self._port = self._held.getsockname()[1]
        self.pages_url = f"http://127.0.0.1:{self._port}"
        app = LiffApp(LIFF_ID, f"{self.pages_url}/{name}/liff")
        logins = [LoginChannel(app.channel_id, apps=(app,))]
        self.simulator = thread.call(
            lambda: Simulator(self.channel, logins=logins, clock_file=clock_path)
        )
        self.staff: list[Any] = []
        """Everybody whom tests made accounts for."""
        self._stack = AsyncExitStack()
        self._worker: AsyncExitStack | None = None
        if template is not None:
            (folder / name).mkdir(parents=True, exist_ok=True)
            ready = with_tables(template, plugins, thread.run)
            shutil.copy(ready, folder / name / "main.sqlite")

    def __enter__(self) -> Self:
        try:
            self._thread.run(self._start())
        except BaseException:
            self._thread.run(self._stop())
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.run(self._stop())

    @property
    def running(self) -> RunningGateway:
        """The gateway itself, for a look inside."""
        return self._gateway

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns, run in the town's loop."""
        return self._thread.run(work)

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """What a function returns, called in the town's loop."""
        return self._thread.call(function, *args)

    def start_worker(self) -> None:
        """Start the worker again after `stop_worker`."""
        self._thread.run(self._start_worker())

    def stop_worker(self) -> None:
        """Stop the worker; the door goes on taking webhooks."""
        self._thread.run(self._stop_worker())

    def settings(self) -> dict[str, Any]:
        """What the city's file would hold."""
        line = {
            "channel_id": self.channel.id,
            "channel_secret": self._secret("secret", self.channel.secret),
            "access_token": self._secret("token", self.channel.access_token),
            "platform": self.platform,
            "liff": [LIFF_ID],
        }
        tables = {key: value for key, value in self._city.items() if key not in CITY}
        own = {key: value for key, value in self._city.items() if key in CITY}
        if self._database_url:
            tables["store"] = {"database_url": self._secret("database", self._database_url)}
        line |= tables.pop("line", {})
        plain = {"city": CITY | own, "line": line, "public_url": self.pages_url}
        return {**plain, **tables, "plugins": dict(self._plugins)}

    def _secret(self, name: str, value: str) -> dict[str, str]:
        variable = f"MADOGUCHI_TEST_{self.name}_{name}".upper()
        os.environ[variable] = value
        return {"env": variable}

    async def _start(self) -> None:
        enter = self._stack.enter_async_context
        await enter(self.simulator)
        self.platform = await enter(serving.serving(self.simulator.app))
        folder = self.folder / self.name
        entrance = Entrance(
            self.name, self.channel.secret, self._database_url or str(folder), self.redis_url
        )
        if self._database_url:
            await self._start_worker()  # its migrations make the inbox
        self.door = Door([entrance], self.clock.time)
        self.door_url = await enter(serving.serving(self.door, lifespan=True))
        self.webhook = f"{self.door_url}/{self.name}/webhook"
        self.simulator.set_webhook_url(self.webhook)
        if not self._database_url:
            await self._start_worker()

    async def _start_worker(self) -> None:
        stack = AsyncExitStack()
        gateway = check_gateway(self.settings(), self.folder / f"{self.name}.toml")
        running = RunningGateway(
            gateway, self.folder / self.name, self.redis_url, self.clock, Beat.private(), {}
        )
        await running.start(migrate=True)
        stack.push_async_callback(running.stop)
        running.pages = plugin_pages(running)
        self._gateway, self._worker = running, stack
        app = build_app({self.name: running}, {})
        await stack.enter_async_context(serving.serving(app, port=self._port))

    async def _stop_worker(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await worker.aclose()

    async def _stop(self) -> None:
        await self._stop_worker()
        self.simulator.chats.close()  # phones wait for an answer
        await self._stack.aclose()
        self.simulator.close()
        self._held.close()
