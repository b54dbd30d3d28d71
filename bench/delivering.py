"""The processes of `./run bench delivery`, each on a core of its own.

`line PORT SECONDS`: LINE's multicast, which answers after so long, refuses what is above 200 calls
in any second, and counts for each user id how often it was accepted. `prepare FOLDER COUNT`: a
database with that many residents. `freeze FOLDER KEY`: chunks of all of them. `send FOLDER KEY LINE
REDIS`: one courier, as in a worker. `usual COUNT LINE`: the SDK's own way, with its own pool.
"""

import asyncio
import json
import resource
import sqlite3
import sys
import time
from array import array
from collections import deque
from pathlib import Path
from typing import Any, cast

from bench.machine import resident_megabytes
from bench.wire import split_message

MOST_IN_A_SECOND = 200
TOKEN = "token of the bench"
TEXT = "図書館からのお知らせです。今週の土曜日は、館内整理のため休館します。"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_SLOW_DOWN = b'{"message":"The API rate limit has been exceeded. Try again later."}'
_REFUSED = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_SLOW_DOWN), _SLOW_DOWN)
)


def user_id(n: int) -> str:
    """The LINE user id of a generated resident."""
    return f"U{n:032x}"


_DONE = "SELECT 1 FROM delivery WHERE key = $1 AND state = 'done'"


class Line:
    """What LINE saw."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.counts = array("B")
        self.refused = 0
        self.first = self.last = 0.0
        self._lately: deque[float] = deque()

    def take(self, body: bytes) -> bytes:
        """Accept a call or refuse it for the rate."""
        now = time.perf_counter()
        while self._lately and now - self._lately[0] >= 1:
            self._lately.popleft()
        if len(self._lately) >= MOST_IN_A_SECOND:
            self.refused += 1
            return _REFUSED
        self._lately.append(now)
        self.first = self.first or now
        self.last = now
        for one in json.loads(body)["to"]:
            n = int(one[1:], 16)
            if n >= len(self.counts):
                self.counts.frombytes(bytes(n + 1 - len(self.counts)))
            self.counts[n] += 1
        return _OK

    def tell(self) -> dict[str, Any]:
        """What was accepted; and start again."""
        told = {
            "seconds": round(self.last - self.first + self.latency, 3),
            "once": self.counts.count(1),
            "more": sum(count > 1 for count in self.counts),
            "refused": self.refused,
        }
        self.__init__(self.latency)  # type: ignore[misc]
        return told


class Connection(asyncio.Protocol):
    """A keep-alive connection to it."""

    def __init__(self, line: Line) -> None:
        self._line, self._data = line, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._data += data
        while (message := split_message(self._data)) is not None:
            _, body, self._data = message
            asyncio.get_running_loop().call_later(
                self._line.latency, self._answer, self._line.take(body)
            )

    def _answer(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def serve_line(port: int, latency: float) -> None:
    """Serve; each line on standard input is answered with what was seen since the last."""
    line = Line(latency)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(line), "127.0.0.1", port, backlog=4096)
    async with server:
        print("ready", flush=True)
        while asked := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            told = line.tell()
            line.latency = float(asked)
            print(json.dumps(told), flush=True)


async def prepare(folder: Path, count: int) -> None:
    """Make a database with so many residents."""
    from madoguchi import migrations

    path = folder / "main.sqlite"
    await migrations.migrate(path)
    db = sqlite3.connect(path)
    with db:
        db.executemany(
            "INSERT INTO resident (line_id, follows, state_at, first_seen)"
            " VALUES (?, 1, 0, '2026-04-01T00:00:00.000000Z')",
            ((user_id(n),) for n in range(count)),
        )
    db.close()


async def freeze(folder: Path, key: str) -> None:
    """Freeze all of them, in slices; the seconds it took."""
    from madoguchi import deliveries
    from madoguchi.store import open_store

    store = open_store(path=folder / "main.sqlite")
    await store.start()
    rows = await store.fetch("SELECT id FROM resident WHERE follows ORDER BY id")
    ids = array("q", (row[0] for row in rows))
    del rows
    began = time.perf_counter()
    await deliveries.freeze_in_slices(store.write, key, ids, TEXT)
    print(round(time.perf_counter() - began, 2), flush=True)
    await store.close()


async def send(folder: Path, key: str, line: str, redis_url: str) -> None:
    """Send one frozen delivery as a worker does; what it took."""
    from redis.asyncio import Redis

    from madoguchi import deliveries
    from madoguchi.clock import Clock
    from madoguchi.couriers import live_courier
    from madoguchi.line import Credentials, LineClient, Platform
    from madoguchi.store import open_store

    clock = Clock()
    store = open_store(path=folder / "main.sqlite", clock=clock)
    await store.start()
    redis = Redis.from_url(redis_url)
    async with LineClient(Platform.at(line), Credentials(TOKEN, "1", "s"), clock) as client:
        courier = live_courier("bench", client, store, redis, clock)
        task = asyncio.create_task(courier.run())
        await redis.ping()
        await asyncio.sleep(1)
        idle = resident_megabytes("self")
        began, cpu = time.perf_counter(), _cpu()
        await store.write(deliveries.start, key)
        peak = idle
        while not await store.fetch(_DONE, key):
            peak = max(peak, resident_megabytes("self"))
            await asyncio.sleep(0.05)
        told = {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu": round(_cpu() - cpu, 2),
            "idle": round(idle, 1),
            "more": round(peak - idle, 1),
            "ledger": vars_of(await store.read(deliveries.count, key)),
        }
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await redis.aclose()
    await store.close()
    print(json.dumps(told), flush=True)


def vars_of(ledger: Any) -> dict[str, int]:
    """A ledger as JSON."""
    return {name: getattr(ledger, name) for name in ledger.__dataclass_fields__}


async def usual(count: int, line: str) -> None:
    """The SDK's AsyncMessagingApi with its own pool, paced at 198 a second; no row is written."""
    from uuid import uuid4

    from linebot.v3.messaging import (
        AsyncApiClient,
        AsyncMessagingApi,
        Configuration,
        MulticastRequest,
        TextMessage,
    )

    ids = [user_id(n) for n in range(count)]
    api = AsyncMessagingApi(AsyncApiClient(Configuration(host=line, access_token=TOKEN)))
    idle, began, cpu = resident_megabytes("self"), time.perf_counter(), _cpu()
    tasks = []
    for n, at in enumerate(range(0, count, 500)):
        request = MulticastRequest(to=ids[at : at + 500], messages=[TextMessage(text=TEXT)])
        await asyncio.sleep(max(0.0, began + n / 198 - time.perf_counter()))
        tasks.append(asyncio.create_task(api.multicast(request, x_line_retry_key=str(uuid4()))))
    await asyncio.gather(*tasks)
    told = {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu": round(_cpu() - cpu, 2),
        "idle": round(idle, 1),
        "more": round(resident_megabytes("self") - idle, 1),
    }
    await api.api_client.close()
    print(json.dumps(told), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """`python -m bench.delivering WHAT …`."""
    what, *given = sys.argv[1:]
    match what:
        case "line":
            asyncio.run(serve_line(int(given[0]), float(given[1])))
        case "prepare":
            asyncio.run(prepare(Path(given[0]), int(given[1])))
        case "freeze":
            asyncio.run(freeze(Path(given[0]), given[1]))
        case "send":
            asyncio.run(send(Path(given[0]), *given[1:]))
        case _:
            asyncio.run(usual(int(given[0]), given[1]))


if __name__ == "__main__":
    main()
