"""One gateway, assembled: one LINE account with its plugins, its database and its lanes."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from redis.exceptions import RedisError

from madoguchi import (
    care,
    commands,
    drill,
    followers,
    held,
    housekeeping,
    metrics,
    migrations,
    privacy,
)
from madoguchi.arrivals import Arrival, PostgresReader, Reader, SqliteReader
from madoguchi.asking import answer
from madoguchi.audit import Actor, keep_sealed
from madoguchi.beat import Beat
from madoguchi.clock import Clock
from madoguchi.config import Gateway
from madoguchi.couriers import live_courier
from madoguchi.dispatch import Dispatcher
from madoguchi.errors import ConfigError, EventDone
from madoguchi.feed import Feed
from madoguchi.inbox import read
from madoguchi.jobs import Jobs
from madoguchi.journal import Journal
from madoguchi.lanes import Lanes
from madoguchi.languages import Languages
from madoguchi.line import Platform, client_of
from madoguchi.live import Live
from madoguchi.login import Login, fetch_keys
from madoguchi.menu import linking, publishing
from madoguchi.outgoing import TOKEN_LIFE, Address, Sender
from madoguchi.plugins import Plugins
from madoguchi.rates import LIMITS, SharedBucket, open_redis
from madoguchi.services import Services
from madoguchi.store import StoreUnavailable, open_store
from madoguchi.turn import Turn
from madoguchi.types import Event

log = logging.getLogger("madoguchi.gateway")


class RunningGateway:
    """A gateway at work. `start` raises `ConfigError` or `StoreUnavailable`; then it stays out."""

    def __init__(
        self,
        gateway: Gateway,
        folder: Path,
        redis_url: str,
        clock: Clock,
        beat: Beat,
        quarantined: Mapping[str, str],
    ) -> None:
        self.name = gateway.name
        self.gateway = gateway
        self._folder, self._redis_url = folder, redis_url
        self._clock, self._beat = clock, beat
        self._quarantined = quarantined
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[Any]] = []
        self.pages: Any = None

    async def start(self, migrate: bool) -> None:
        """Open the database, bring it up to date, start the plugins, take lanes, begin."""
        settings = self.gateway.settings
        url = settings.store.database_url
        path = None if url else self._folder / "main.sqlite"
        self.store = open_store(path=path, url=url, on_unit=self._beat.unit, clock=self._clock)
        await self.store.start()
        self._stack.push_async_callback(self.store.close)
        plugins = Plugins(self.name, self._clock, self._beat, self.store)
        plugins.load(settings.plugins, str(self.gateway.file), self._quarantined)
        await self._bring_up_to_date(plugins, migrate)
        self.services = await self._open_services(plugins)
        await plugins.start()
        self._stack.push_async_callback(plugins.stop)
        await self._begin()

    async def _bring_up_to_date(self, plugins: Plugins, migrate: bool) -> None:
        """Migrate the embedded database; elsewhere a plugin that waits for it is quarantined."""
        sets = [migrations.CORE, *migration_sets(plugins)]
        behind = await migrations.pending(self.store, sets)
        reasons = dict.fromkeys(behind, "its tables are not up to date: run madoguchi migrate")
        if behind and migrate:
            reasons = {}
            try:
                await migrations.migrate(self.store, sets)
            except migrations.MigrationFailed as error:
                reasons = {each.owner: str(each) for each in (error, *error.others)}
        if reason := reasons.pop(migrations.CORE.owner, None):
            raise ConfigError([f"{self.gateway.file}: the gateway's own tables: {reason}"])
        for owner, reason in reasons.items():
            plugins.all[owner].quarantine(reason)

    async def _open_services(self, plugins: Plugins) -> Services:
        settings = self.gateway.settings
        line = settings.line
        live = Live(self.gateway, plugins, self.store, self._beat, self._clock)
        await live.open()
        platform = Platform.at(line.platform)
        client = client_of(line, self._clock)
        self._stack.push_async_callback(client.close)
        channels = [liff_id.partition("-")[0] for liff_id in line.liff]
        login = Login(channels, partial(fetch_keys, platform.api), self._clock)
        self.redis = open_redis(self._redis_url)
        self._stack.push_async_callback(self.redis.aclose)
        limit = LIMITS["push"]
        pushes = SharedBucket(self.redis, f"{self.name}:rate:push", limit.rate, limit.burst)
        self.journal = Journal(self.store, self._clock.time)
        sender = Sender(self.name, client, self.store, self.journal, pushes, self._clock)
        reader: Reader
        if self.store.dialect == "postgresql":
            reader = PostgresReader(self.store)
        else:
            reader = SqliteReader(self._folder / "inbox.sqlite")
        self._stack.callback(reader.close)
        return Services(
            live,
            settings,
            self._clock,
            self._beat,
            self.store,
            client,
            login,
            sender,
            plugins,
            reader,
            Languages([p.folder for p in plugins.well() if p.folder], self.gateway.overrides),
            privacy.Office(self.gateway, self._folder, self.store, plugins, self._clock.now),
        )

    async def _begin(self) -> None:
        s = self.services
        alone = self.store.dialect == "sqlite"
        self.lanes = Lanes(
            self.store,
            f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}",
            alone,
            self._clock,
        )
        self._dispatcher = Dispatcher(s)
        self.feed = Feed(s.reader, self.store, self.lanes, self._handle, self._clock.time)
        self._stack.push_async_callback(self._stop_feed)
        for work in (
            self.journal.run(),
            keep_sealed(self.store),
            s.live.follow(),
            self._listen(),
            self._repeat_erasures(),
        ):
            self._spawn(work)
        if await self.store.read(held.is_held):
            log.warning("%s is a restored copy: a person has to let it go on", self.name)
            self._spawn(self._go_on_later())
        else:
            await self._go_on()

    async def _go_on_later(self) -> None:
        await held.wait(self.store)
        await self._go_on()

    async def _go_on(self) -> None:
        """Handle events, run jobs, send."""
        s = self.services
        holding = await self.lanes.renew()
        for work in (
            s.sender.run(),
            self.lanes.keep(self.feed.lose, self._take_lanes, self._give_lanes),
            Jobs(s, self.lanes.owner, housekeeping.JOBS).run(),
            linking.keep_linked(s, lambda: 0 in self.lanes.epochs),
            live_courier(self.name, s.client, self.store, self.redis, self._clock).run(),
            drill.carry(self.name, s.settings.line.drill, self.store, self.redis, self._clock),
            self.feed.run(),
        ):
            self._spawn(work)
        self._take_lanes(holding.taken)

    async def _repeat_erasures(self) -> None:
        actor = Actor("system", "core/start", "madoguchi")
        for one in await privacy.repeat_erasures(self.services.office, actor):
            log.warning("%s: resident %d was erased before: again", self.name, one.resident_id)

    async def stop(self) -> None:
        """Finish what is under way, at most 10 s, and let go of everything."""
        await self._stack.aclose()

    async def _stop_feed(self) -> None:
        await self.feed.drain(10)
        with suppress(StoreUnavailable):
            await self.journal.flush()
            await self.lanes.release()
        tasks = [*self._tasks, *self.services.background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _handle(self, row: Arrival) -> bool:
        """One event, from its row to its mark."""
        if row.raw is None:
            self.journal.handled(row.event_id, row.lane, "taken back")
            return True
        event = Event.from_raw(row.event_id, read(row.raw), row.at)
        turn = Turn(self.services, event, row.lane, self.lanes.epochs.get(row.lane, -1), None)
        if event.source == "user" and event.user_id and event.mode == "active":
            turn.address = Address(
                event.id,
                event.user_id,
                event.reply_token,
                row.at + TOKEN_LIFE,
                maybe_tried=row.maybe_tried,
            )
        try:
            outcome = await self._dispatcher.handle(turn, row.recovered)
        except EventDone as done:
            log.info("%s: %s", self.name, done)
            return True
        metrics.HANDLED.add(self.name, outcome)
        metrics.TURNS.observe(self.name, seconds=time.perf_counter() - turn.started)
        if turn.written is None:
            self.journal.handled(row.event_id, row.lane, outcome)
        return True

    async def _listen(self) -> None:
        """Wake-ups from the door, and what `madoguchi inbox retry` asks for, through Redis."""
        while True:
            try:
                async with self.redis.pubsub() as channel:
                    names = ("wake", "retry", "changed", "ask")
                    await channel.subscribe(*(f"{self.name}:{name}" for name in names))
                    async for message in channel.listen():
                        if message["type"] != "message":
                            continue
                        await self._hear(message["channel"].rpartition(b":")[2], message["data"])
            except (RedisError, OSError, StoreUnavailable) as error:
                log.info("%s: no wake-ups (%s); polling", self.name, error)
                await asyncio.sleep(0.5)

    async def _hear(self, channel: bytes, said: bytes) -> None:
        match channel:
            case b"wake":
                self.feed.news.set()
            case b"retry":
                await self.feed.retry(said.decode("utf-8", "replace"))
            case b"changed":
                self.services.live.news.set()
            case b"ask":
                s = self.services
                deeds = {
                    "settings.change": self._change_settings,
                    **privacy.deeds(s.office),
                    **followers.deeds(s.office, s.client, s.clock),
                    **publishing.deeds(s),
                    commands.DEED: self._run_command,
                    **held.deeds(s.store),
                    **care.deeds(s.store),
                }
                task = asyncio.create_task(answer(self.redis, self.name, deeds, said))
                self.services.background.add(task)
                task.add_done_callback(self.services.background.discard)

    async def _change_settings(self, actor: dict[str, Any], **given: Any) -> list[str]:
        lines = await self.services.live.change(actor=Actor(**actor), **given)
        with suppress(RedisError, OSError):
            await self.redis.publish(f"{self.name}:changed", b"")
        return lines

    async def _run_command(self, plugin: str, command: str, given: dict[str, Any]) -> Any:
        return await commands.run_unit(
            self.store, self.services.plugins.all, plugin, command, given
        )

    def _take_lanes(self, lanes: dict[int, float]) -> None:
        log.info("%s: takes over %d lanes", self.name, len(lanes))
        self._spawn(self._recover(lanes))

    async def _recover(self, lanes: dict[int, float]) -> None:
        try:
            await self.services.sender.send_left(list(lanes))
        except StoreUnavailable as error:
            log.warning("%s: replies that were left wait: %s", self.name, error)
        await self.feed.recover(lanes)

    def _give_lanes(self, lanes: list[int]) -> None:
        log.info("%s: gives %d lanes to another worker", self.name, len(lanes))
        self._spawn(self.feed.hand_back(lanes))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(_report)


def migration_sets(plugins: Plugins) -> list[migrations.MigrationSet]:
    """The tables of the plugins that are well and have any."""
    return [
        migrations.MigrationSet(plugin.name, plugin.models.metadata, plugin.models.migrations)
        for plugin in plugins.well()
        if plugin.models
    ]


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a task of the gateway ended", exc_info=error)
