"""The worker process: every gateway with its plugins and pages, in one event loop."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from madoguchi import logs, metrics, serving
from madoguchi.beat import Beat, quarantined, say_ready
from madoguchi.clock import Clock
from madoguchi.config import find_files, read_gateway
from madoguchi.deployment import Place
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.gateway import RunningGateway
from madoguchi.health import keep_numbers
from madoguchi.live import describe
from madoguchi.mistakes import explain_silence
from madoguchi.store import StoreLocked, StoreUnavailable
from madoguchi.watch import Watch, attribute_tasks
from madoguchi.web import Closed, build_app, plugin_pages

log = logging.getLogger("madoguchi.worker")

TRY_AGAIN = 5.0
NICE = 5
"""How much the worker yields to the door where they share a core: LINE does not wait (R3)."""


@dataclass
class Worker:
    """The gateways of this process: those at work, and those that are closed and why."""

    place: Place
    beat: Beat
    clock: Clock
    gateways: dict[str, RunningGateway] = field(default_factory=dict)
    closed: dict[str, Closed] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Start every gateway that can be; the others are closed, each with its reasons."""
        reasons = quarantined()
        for file in find_files(Path(self.place.config)):
            await self._open(file, reasons)

    async def _open(self, file: Path, reasons: Mapping[str, str]) -> None:
        name = file.stem
        own = {k.partition("/")[2]: v for k, v in reasons.items() if k.startswith(f"{name}/")}
        running = city = gateway = None
        try:
            gateway = read_gateway(file)
            city = describe(gateway, gateway.settings.city)
            redis_url = gateway.settings.store.redis_url or self.place.redis_url
            folder = Path(self.place.data) / name
            running = RunningGateway(gateway, folder, redis_url, self.clock, self.beat, own)
            await running.start(migrate=gateway.settings.store.database_url is None)
            running.pages = plugin_pages(running)
        except StoreLocked:
            raise
        except Exception as error:
            problems = error.problems if isinstance(error, ConfigError) else [f"{file}: {error}"]
            if (
                isinstance(error, StoreUnavailable)
                and gateway
                and gateway.settings.store.database_url
            ):
                problems = [explain_silence(str(file), error)]
            fault = None if isinstance(error, MadoguchiError) else error
            for problem in problems:
                log.error("%s is closed: %s", name, problem, exc_info=fault)
            self.closed[name] = Closed(name, tuple(problems), city)
            metrics.CLOSED.set(name, to=1)
            if running is not None:
                await running.stop()
            if isinstance(error, StoreUnavailable):
                self._retry(file, reasons)
            return
        self.closed.pop(name, None)
        metrics.CLOSED.set(name, to=0)
        self.gateways[name] = running
        self._spawn(keep_numbers(running))

    def _retry(self, file: Path, reasons: Mapping[str, str]) -> None:
        async def retry() -> None:
            await asyncio.sleep(TRY_AGAIN)
            await self._open(file, reasons)

        self._spawn(retry())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Stop every gateway: what is under way is finished first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(gateway.stop() for gateway in self.gateways.values()))
        self.gateways.clear()


async def run(place: Place) -> None:
    """Serve until told to stop."""
    beat = Beat.from_environment()
    attribute_tasks(beat, asyncio.get_running_loop())
    clock = Clock(Path(place.clock_file) if place.clock_file else None)
    worker = Worker(place, beat, clock)
    writers: dict[int, Any] = {}
    watch = asyncio.create_task(Watch(beat, writers=writers).run())
    try:
        await worker.start()
        for gateway in worker.gateways.values():
            writers[beat.add_writer()] = partial(_last_write_beat, gateway)
        app = build_app(worker.gateways, worker.closed, watchers=place.watchers)
        at = serving.listening(place.socket, place.host, place.port)
        await serving.serve(app, at, say_ready, proxies=place.proxies)
    finally:
        await worker.stop()
        watch.cancel()


def _last_write_beat(gateway: RunningGateway) -> float:
    return gateway.store.last_write_beat


def main() -> None:
    """`python -m madoguchi.worker`, with a `Place` as JSON on standard input."""
    place = Place(**json.load(sys.stdin))
    logs.configure(place.log_level)
    metrics.open_from_environment()
    os.nice(NICE)
    try:
        serving.run(run(place))
    except StoreLocked as error:
        log.error("%s", error)
        os._exit(1)


if __name__ == "__main__":
    main()
