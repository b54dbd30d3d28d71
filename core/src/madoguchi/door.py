"""The door: takes LINE's webhooks, stores them durably, answers 200, wakes the worker.

A process of its own that imports no plugin, no SQLAlchemy and no web framework, so that nothing
a plugin does can make LINE wait. The signature is checked over the raw bytes before anything is
parsed (R1); LINE is told 200 only after the commit.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from madoguchi import logs, metrics, serving
from madoguchi.beat import Beat, say_ready
from madoguchi.clock import Clock
from madoguchi.inbox import LOOKED_AT, Inbox, Settled, Unreadable, split
from madoguchi.inbox_postgres import PostgresInbox
from madoguchi.inbox_sqlite import SqliteInbox
from madoguchi.observed import Observed, Report
from madoguchi.ports import LOCAL
from madoguchi.watch import Watch

log = logging.getLogger("madoguchi.door")

MAX_BODY = 2 * 1024 * 1024
WAKE_PAUSE = 0.01
"""Seconds between two wake-ups: what arrives meanwhile shares the next one."""
SETTLE_PAUSE = 0.25
"""Seconds between two looks at what is handled."""
COUNT_PAUSE = 5.0
"""Seconds between two counts of what waits."""
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Entrance(msgspec.Struct, frozen=True):
    """What the door must know of one gateway: the supervisor writes it, the door believes it."""

    gateway: str
    secret: str = ""
    inbox: str = ""
    """A folder for the embedded inbox, or a `postgresql://` URL."""
    redis_url: str | None = None
    trouble: str | None = None
    """Set: the city's file is broken, every webhook gets 503."""

    def open_inbox(self) -> Inbox:
        """The inbox that this entrance writes."""
        if self.inbox.startswith("postgres"):
            return PostgresInbox(self.inbox)
        folder = Path(self.inbox)
        return SqliteInbox(folder / "inbox.sqlite", folder / "main.sqlite")


class Counter:
    """One gateway at the door: its secret, its inbox, and the wake-up for its worker."""

    def __init__(self, entrance: Entrance, now: Callable[[], float]) -> None:
        self.gateway = entrance.gateway
        self.trouble = entrance.trouble
        self._key = entrance.secret.encode()
        self._now = now
        self.inbox = entrance.open_inbox() if not entrance.trouble else None
        self._redis_url = entrance.redis_url
        self._redis: Any = None
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open the inbox; a database that does not answer is tried again with each webhook."""
        if self.inbox is None:
            return
        try:
            await self.inbox.open()
        except Exception as error:
            log.error("%s: the inbox cannot be opened yet: %s", self.gateway, error)
        self._tasks.append(asyncio.create_task(self._settle()))
        self._tasks.append(asyncio.create_task(self._count()))
        if self._redis_url:
            self._tasks.append(asyncio.create_task(self._wake(self._redis_url)))

    async def close(self) -> None:
        """Stop the tasks and close the inbox."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._redis is not None:
            await self._redis.aclose()
        if self.inbox is not None:
            await self.inbox.close()

    def is_signed(self, body: bytes, signature: bytes) -> bool:
        """Whether LINE signed exactly these bytes (R1), in constant time."""
        digest = hmac.digest(self._key, body, hashlib.sha256)
        return hmac.compare_digest(base64.b64encode(digest), signature)

    async def take(self, body: bytes, signature: bytes) -> int:
        """Check, split and store a webhook; the HTTP status for LINE."""
        if self.inbox is None:
            return 503
        if not self.is_signed(body, signature):
            return 401
        try:
            rows = split(body, self._now())
        except Unreadable as error:
            log.warning("%s: a signed webhook is no webhook: %s", self.gateway, error)
            return 400
        if rows:
            try:
                await self.inbox.store(rows)
            except Exception as error:
                log.error("%s: a webhook could not be stored: %s", self.gateway, error)
                return 503
            self._news.set()
            metrics.RECEIVED.add(self.gateway, n=len(rows))
        return 200

    async def find_trouble(self) -> str | None:
        """Why webhooks cannot be stored now, in words; None if they can."""
        if self.inbox is None:
            return self.trouble
        try:
            async with asyncio.timeout(2):
                await self.inbox.waiting()
        except Exception as error:
            return f"the inbox cannot be reached: {type(error).__name__}: {error}"
        return None

    async def _count(self) -> None:
        """Say how much waits, and since when; a look takes a twentieth of the time at most."""
        loop = asyncio.get_running_loop()
        while self.inbox is not None:
            began = loop.time()
            try:
                waiting = await self.inbox.waiting()
            except Exception as error:
                log.debug("%s: not counted: %s", self.gateway, error)
            else:
                since = waiting.since or self._now()
                metrics.PENDING.set(self.gateway, to=waiting.rows)
                metrics.OLDEST.set(self.gateway, to=max(self._now() - since, 0.0))
            await asyncio.sleep(max(COUNT_PAUSE, 20 * (loop.time() - began)))

    async def _wake(self, redis_url: str) -> None:
        """Tell the worker that there is news; what arrives meanwhile shares the next message."""
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        self._redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1)
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._redis.publish(f"{self.gateway}:wake", b"")
                await asyncio.sleep(WAKE_PAUSE)
            except (RedisError, OSError) as error:
                log.debug("%s: no wake-up (%s); the worker polls", self.gateway, error)
                await asyncio.sleep(0.2)

    async def _settle(self) -> None:
        """Keep pending rows few; the longer a round finds nothing, the longer the pause."""
        pause = SETTLE_PAUSE
        while self.inbox is not None:
            await asyncio.sleep(pause)
            try:
                settled = await self.inbox.settle()
            except Exception as error:
                log.debug("%s: not settled: %s", self.gateway, error)
                settled = Settled(0, is_round=True)
            if settled.rows == LOOKED_AT:
                pause = 0.0
            elif settled.rows or not settled.is_round:
                pause = SETTLE_PAUSE
            else:
                pause = min(max(pause, SETTLE_PAUSE) * 2, 2.0)


class Door:
    """A bare ASGI application: `POST /{gateway}/webhook`, and what `watchers` may ask."""

    def __init__(
        self, entrances: list[Entrance], now: Callable[[], float], watchers: str = LOCAL
    ) -> None:
        self.counters = {e.gateway: Counter(e, now) for e in entrances}
        self._observed = Observed(watchers, self._report)
        self._paths = {f"/{name}/webhook": counter for name, counter in self.counters.items()}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        counter = self._paths.get(scope["path"])
        if counter is not None and scope["method"] == "POST":
            status = await self._take(counter, scope, receive)
            metrics.WEBHOOKS.add(counter.gateway, str(status))
            client = scope.get("client")
            log.info("%s POST %s %d", client[0] if client else "-", scope["path"], status)
            await _answer(send, status)
        elif counter is not None:
            await _answer(send, 405)
        else:
            await self._observed(scope, receive, send)

    async def _report(self) -> Report:
        troubles = {name: await counter.find_trouble() for name, counter in self.counters.items()}
        told = {name: {"inbox": trouble or "well"} for name, trouble in troubles.items()}
        return Report(not any(troubles.values()), told)

    async def _take(self, counter: Counter, scope: dict[str, Any], receive: Receive) -> int:
        signature = b""
        for name, value in scope["headers"]:
            if name == b"x-line-signature":
                signature = value
            elif name == b"content-length" and (not value.isdigit() or int(value) > MAX_BODY):
                return 413
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return 400
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAX_BODY:
                return 413
        return await counter.take(body, signature)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def open(self) -> None:
        """Open every gateway's inbox."""
        for counter in self.counters.values():
            await counter.open()

    async def close(self) -> None:
        """Close them."""
        for counter in self.counters.values():
            await counter.close()


class DoorPlace(msgspec.Struct):
    """What the supervisor tells the door on its standard input, as JSON."""

    host: str
    port: int
    entrances: list[Entrance]
    socket: int | None = None
    """A socket that the supervisor lends; without it the door opens the port itself."""
    proxies: str = LOCAL
    watchers: str = LOCAL
    clock_file: str = ""
    log_level: str = "INFO"


_ANSWERS = {
    status: (
        {"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]},
        {"type": "http.response.body", "body": b""},
    )
    for status in (200, 400, 401, 404, 405, 413, 503)
}


async def _answer(send: Send, status: int) -> None:
    start, body = _ANSWERS[status]
    await send(start)
    await send(body)


def main() -> None:
    """`python -m madoguchi.door`, with a `DoorPlace` as JSON on standard input."""
    place = msgspec.json.decode(sys.stdin.buffer.read(), type=DoorPlace)
    logs.configure(place.log_level)
    metrics.open_from_environment()
    beat = Beat.from_environment()
    clock = Clock(Path(place.clock_file) if place.clock_file else None)

    async def serve() -> None:
        watching = asyncio.create_task(Watch(beat).run())
        door = Door(place.entrances, clock.time, place.watchers)
        at = serving.listening(place.socket, place.host, place.port)
        await serving.serve(door, at, say_ready, lifespan=True, proxies=place.proxies)
        watching.cancel()

    serving.run(serve())


if __name__ == "__main__":
    main()
