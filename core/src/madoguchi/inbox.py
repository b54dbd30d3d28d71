"""The inbox: every webhook event as a row before LINE is told 200, and found again by its state.

The door writes it; the worker only reads it. Whether an event is done is decided by the worker's
table `handled`; the door copies that into the inbox (`settle`), so that pending rows stay few.
Embedded, the inbox is a file of its own whose only writer is the door; on PostgreSQL it is a table.
"""

import asyncio
import hashlib
import json
import logging
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import msgspec

log = logging.getLogger("madoguchi.inbox")

LANES = 64
"""Residents are spread over so many lanes; a worker owns whole lanes."""

COMMIT_PAUSE = 0.002
"""Seconds between two commits: under load those who arrive meanwhile share one."""

_decode_body = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode = msgspec.json.Decoder().decode


class Unreadable(ValueError):
    """A signed body that is no webhook: answered 400, with the reason in the log."""


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it is stored: `raw` are the event's own bytes, `lane` its resident's lane."""

    event_id: str
    lane: int
    message_id: str | None
    """The message that the event brings or, for `unsend`, takes back."""
    unsend: bool
    at: float
    """When the door received it, seconds."""
    raw: bytes


def split(body: bytes, at: float) -> list[Row]:
    """Split a webhook's body into rows (R5). Raises `Unreadable` for anything that is none."""
    try:
        events = _decode_list(_decode_body(body)["events"])
        return [_row(bytes(event), at) for event in events]
    except (msgspec.DecodeError, UnicodeError, KeyError, RecursionError):
        return [_row(event, at) for event in _split_slowly(body)]


def _split_slowly(body: bytes) -> list[bytes]:
    """What the fast parser refuses: lone surrogates, stray bytes, NaN."""
    try:
        tables = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    events = tables.get("events") if isinstance(tables, dict) else None
    if not isinstance(events, list):
        raise Unreadable("no list of `events` in it")
    return [json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") for event in events]


def _row(raw: bytes, at: float) -> Row:
    event = read(raw)
    event_id = event.get("webhookEventId")
    if not _is_id(event_id):
        event_id = hashlib.sha256(raw).hexdigest()
    source = event.get("source")
    source = source if isinstance(source, dict) else {}
    who = source.get("userId") or source.get("groupId") or source.get("roomId") or event_id
    unsend = event.get("type") == "unsend"
    message = event.get("unsend" if unsend else "message")
    message_id = None
    if isinstance(message, dict):
        message_id = message.get("messageId" if unsend else "id")
    return Row(
        event_id,
        lane_of(str(who)),
        message_id if _is_id(message_id) else None,
        unsend,
        at,
        raw,
    )


def _is_id(value: object) -> TypeGuard[str]:
    """Whether LINE would make such an id; it goes into addresses, postbacks and log lines."""
    return isinstance(value, str) and len(value) <= 100 and value.isascii() and value.isalnum()


def read(raw: bytes) -> dict[str, Any]:
    """An event's bytes as a table; empty for anything that is no JSON object."""
    try:
        event = _decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            event = _without_surrogates(json.loads(raw.decode("utf-8", "replace")))
        except (ValueError, RecursionError):
            event = {}
    return event if isinstance(event, dict) else {}


def _without_surrogates(value: Any) -> Any:
    """Lone surrogates can be escaped in JSON, but neither stored nor sent."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-8", "replace"))


def lane_of(who: str) -> int:
    """The lane of a resident (or group): the same for all of their events."""
    return zlib.crc32(who.encode("utf-8", "replace")) % LANES


class Inbox(Protocol):
    """What the door needs of an inbox."""

    async def open(self) -> None:
        """Connect; creates what is missing."""
        ...

    async def store(self, rows: Sequence[Row]) -> None:
        """Return when the rows are durable; raises if they cannot be."""
        ...

    async def settle(self) -> int:
        """Mark what `handled` says is done; how many rows."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


PATIENCE = 1000
"""Milliseconds to wait for a lock that nobody should hold: LINE waits two seconds (R3)."""
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, lane INTEGER NOT NULL,
    message_id TEXT, at REAL NOT NULL, raw BLOB, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS inbox_pending ON inbox (seq) WHERE done = 0;
CREATE INDEX IF NOT EXISTS inbox_message ON inbox (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS unsent (message_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_DONE = (
    "SELECT i.seq FROM inbox i JOIN worker.handled h ON h.event_id = i.event_id"
    " WHERE i.done = 0 AND h.outcome <> 'set aside' ORDER BY i.seq LIMIT 500"
)


def _tell(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():  # LINE hung up meanwhile
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


class SqliteInbox:
    """The embedded inbox. All requests that arrive together share one commit.

    The commit happens in the loop's own thread: one fdatasync for many requests costs less than
    handing each to a thread (measured: 50 against 143 µs an event).
    """

    def __init__(self, path: Path, handled: Path) -> None:
        self._path, self._handled = path, handled
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[None]]] = []
        self._committed = 0.0
        self._looking: sqlite3.Connection | None = None
        self._look = threading.Lock()
        self._db: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file; create it at the first start."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(f"file:{self._path}", isolation_level=None, uri=True)
        try:
            db.executescript(f"PRAGMA busy_timeout={PATIENCE};" + _SCHEMA)
        except BaseException:
            db.close()
            raise
        self._db = db

    async def store(self, rows: Sequence[Row]) -> None:
        """Wait for the commit that holds these rows."""
        if self._db is None:
            await self.open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_at(self._committed + COMMIT_PAUSE, self._commit)
        self._waiting.append((rows, done))
        await done

    def _commit(self) -> None:
        batch, self._waiting = self._waiting, []
        self._committed = asyncio.get_running_loop().time()
        try:
            self._insert([row for rows, _ in batch for row in rows])
        except sqlite3.OperationalError as error:  # locked, full, gone: for each row just the same
            for _, done in batch:
                _tell(done, error)
        except Exception as error:
            log.warning("inbox: a batch of %d failed (%s); row by row now", len(batch), error)
            for rows, done in batch:
                self._commit_alone(rows, done)
        else:
            for _, done in batch:
                _tell(done, None)

    def _commit_alone(self, rows: Sequence[Row], done: asyncio.Future[None]) -> None:
        failed = None
        for row in rows:
            try:
                self._insert([row])
            except Exception as error:
                failed = error
        _tell(done, failed)

    def _insert(self, rows: Iterable[Row]) -> None:
        db = self._connection
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany(
                "INSERT INTO inbox (event_id, lane, message_id, at, raw) VALUES "
                "(?1, ?2, ?3, ?4, CASE WHEN EXISTS (SELECT 1 FROM unsent WHERE message_id = ?3)"
                " AND NOT ?6 THEN NULL ELSE ?5 END) ON CONFLICT (event_id) DO NOTHING",
                [(r.event_id, r.lane, r.message_id, r.at, r.raw, r.unsend) for r in rows],
            )
            for row in rows:
                if row.unsend and row.message_id:
                    db.execute("INSERT OR IGNORE INTO unsent VALUES (?)", (row.message_id,))
                    db.execute(
                        "UPDATE inbox SET raw = NULL WHERE message_id = ? AND event_id <> ?",
                        (row.message_id, row.event_id),
                    )
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk has ended it already
                db.execute("ROLLBACK")
            raise

    async def settle(self) -> int:
        """Copy what the worker's database says is handled, 500 rows at a time.

        Looking for them is a thread's work: beside 60,000 pending rows it takes 60 ms.
        """
        done = await asyncio.to_thread(self._find_done)
        if done:
            db = self._connection
            db.execute("BEGIN IMMEDIATE")
            db.executemany("UPDATE inbox SET done = 1 WHERE seq = ?", done)
            db.execute("COMMIT")
        return len(done)

    def _find_done(self) -> list[tuple[int]]:
        with self._look:
            if self._db is None:  # closed, or not opened yet
                return []
            try:
                if self._looking is None:
                    self._looking = self._look_at_both()
                return self._looking.execute(_DONE).fetchall()
            except sqlite3.Error as error:
                log.debug("inbox: the worker's database is not ready: %s", error)
                return []

    def _look_at_both(self) -> sqlite3.Connection:
        """A connection of its own: nothing that is wrong with the worker's file stops the door."""
        looking = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, check_same_thread=False)
        try:
            looking.execute("ATTACH ? AS worker", (f"file:{self._handled}?mode=ro",))
        except sqlite3.Error:
            looking.close()
            raise
        return looking

    async def close(self) -> None:
        """Close the file."""
        with self._look:
            for db in (self._looking, self._db):
                if db is not None:
                    db.close()
            self._looking = self._db = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the inbox is not open")
        return self._db


_INSERT = """
INSERT INTO inbox (event_id, lane, message_id, at, raw)
SELECT n.event_id, n.lane, n.message_id, n.at,
       CASE WHEN u.message_id IS NULL OR n.unsend THEN n.raw END
FROM unnest($1::text[], $2::int[], $3::text[], $4::float8[], $5::bytea[], $6::bool[])
     WITH ORDINALITY AS n (event_id, lane, message_id, at, raw, unsend, place)
LEFT JOIN unsent u ON u.message_id = n.message_id
ORDER BY n.place
ON CONFLICT (event_id) DO NOTHING"""
_FORGET = """
WITH gone AS (INSERT INTO unsent SELECT unnest($1::text[]) ON CONFLICT DO NOTHING)
UPDATE inbox SET raw = NULL WHERE message_id = ANY($1) AND NOT event_id = ANY($2)"""
_SETTLE = """
UPDATE inbox SET done = true WHERE seq IN (
    SELECT i.seq FROM inbox i JOIN handled h USING (event_id)
    WHERE NOT i.done AND h.outcome <> 'set aside' ORDER BY i.seq LIMIT 2000
    FOR UPDATE OF i SKIP LOCKED)"""


class PostgresInbox:
    """The inbox in PostgreSQL: any number of doors; one insert in flight carries all that wait."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._pool: Any = None

    async def open(self) -> None:
        """Connect; the table itself comes with the core's migrations."""
        import asyncpg

        self._pool = await asyncpg.create_pool(self._url, min_size=1, max_size=3, timeout=5)

    async def store(self, rows: Sequence[Row]) -> None:
        """Wait for the commit that holds these rows."""
        if self._pool is None:
            await self.open()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._insert([row for rows, _ in batch for row in rows])
            except (OSError, TimeoutError) as error:  # nobody there: for each row just the same
                for _, done in batch:
                    _tell(done, error)
            except Exception as error:
                log.warning("inbox: a batch of %d failed (%s); row by row now", len(batch), error)
                for rows, done in batch:
                    await self._write_alone(rows, done)
            else:
                for _, done in batch:
                    _tell(done, None)

    async def _write_alone(self, rows: Sequence[Row], done: asyncio.Future[None]) -> None:
        failed = None
        for row in rows:
            try:
                await self._insert([row])
            except Exception as error:
                failed = error
        _tell(done, failed)

    async def _insert(self, rows: Sequence[Row]) -> None:
        columns = zip(
            *((r.event_id, r.lane, r.message_id, r.at, r.raw, r.unsend) for r in rows), strict=True
        )
        unsent = [row for row in rows if row.unsend and row.message_id]
        async with self._pool.acquire(timeout=5) as db, db.transaction():
            await db.execute(_INSERT, *map(list, columns))
            if unsent:
                ids = [row.message_id for row in unsent]
                await db.execute(_FORGET, ids, [row.event_id for row in unsent])

    async def settle(self) -> int:
        """Mark what is handled, 2,000 rows at a time."""
        if self._pool is None:
            await self.open()
        assert self._pool is not None
        return int((await self._pool.execute(_SETTLE)).rpartition(" ")[2])

    async def close(self) -> None:
        """Disconnect."""
        if self._pool is not None:
            await self._pool.close()
