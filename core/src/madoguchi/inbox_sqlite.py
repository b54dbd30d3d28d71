"""The embedded inbox: a SQLite file of its own, whose only writer is the door."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from madoguchi import forgetting
from madoguchi.checkpoints import AT_LAST, Checkpoints
from madoguchi.inbox import COMMIT_PAUSE, LOOKED_AT, MOST_COUNTED, Row, Settled, Waiting, tell

T = TypeVar("T")
log = logging.getLogger("madoguchi.inbox")

PATIENCE = 1000
"""Milliseconds to wait for a lock that nobody should hold: LINE waits two seconds (R3)."""
_SCHEMA = (
    f"""
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
{AT_LAST};
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, lane INTEGER NOT NULL,
    message_id TEXT, at REAL NOT NULL, raw BLOB, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS inbox_pending ON inbox (seq) WHERE done = 0;
CREATE INDEX IF NOT EXISTS inbox_message ON inbox (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS unsent (message_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
    + forgetting.SCHEMA
)
_LOOK = f"""
SELECT i.seq, h.event_id IS NOT NULL
FROM (SELECT seq, event_id FROM inbox WHERE done = 0 AND seq > ? ORDER BY seq LIMIT {LOOKED_AT}) i
LEFT JOIN worker.handled h ON h.event_id = i.event_id AND h.outcome <> 'set aside'
ORDER BY i.seq"""
_WAITING = f"""
SELECT count(*), min(at) FROM (
    SELECT at FROM inbox i WHERE done = 0
    AND NOT EXISTS (SELECT 1 FROM worker.handled h WHERE h.event_id = i.event_id)
    ORDER BY seq LIMIT {MOST_COUNTED})"""


class SqliteInbox:
    """The embedded inbox. All requests that arrive together share one commit.

    The commit happens in the loop's own thread: one fdatasync for many requests costs less than
    handing each to a thread (measured: 50 against 143 µs an event).
    """

    def __init__(self, path: Path, handled: Path) -> None:
        self._path, self._handled = path, handled
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[None]]] = []
        self._committed = 0.0
        self._looked = 0
        self._looking: sqlite3.Connection | None = None
        self._look = threading.Lock()
        self._scrubbing = False
        self._db: sqlite3.Connection | None = None
        self._checkpoints: Checkpoints | None = None

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
        self._checkpoints = Checkpoints(self._path)
        self._checkpoints.start()

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
        if self._scrubbing:  # those who arrive meanwhile wait, the loop does not
            asyncio.get_running_loop().call_later(0.02, self._commit)
            return
        batch, self._waiting = self._waiting, []
        self._committed = asyncio.get_running_loop().time()
        try:
            self._insert([row for rows, _ in batch for row in rows])
        except sqlite3.OperationalError as error:  # locked, full, gone: for each row just the same
            for _, done in batch:
                tell(done, error)
        except Exception as error:
            log.warning("inbox: a batch of %d failed (%s); row by row now", len(batch), error)
            for rows, done in batch:
                self._commit_alone(rows, done)
        else:
            for _, done in batch:
                tell(done, None)

    def _commit_alone(self, rows: Sequence[Row], done: asyncio.Future[None]) -> None:
        failed = None
        for row in rows:
            try:
                self._insert([row])
            except Exception as error:
                failed = error
        tell(done, failed)

    def _insert(self, rows: Sequence[Row]) -> None:
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO inbox (event_id, lane, message_id, at, raw) VALUES "
                "(?1, ?2, ?3, ?5, CASE WHEN EXISTS (SELECT 1 FROM unsent WHERE message_id = ?3)"
                " AND NOT ?4 THEN NULL ELSE ?6 END) ON CONFLICT (event_id) DO NOTHING",
                rows,
            )
            for row in rows:
                if row.unsend and row.message_id:
                    db.execute("INSERT OR IGNORE INTO unsent VALUES (?)", (row.message_id,))
                    db.execute(
                        "UPDATE inbox SET raw = NULL WHERE message_id = ? AND event_id <> ?",
                        (row.message_id, row.event_id),
                    )

    async def settle(self) -> Settled:
        """Copy what the worker's database says is handled, and forget what it orders to forget.

        Looking is a thread's work, and never goes through all that is pending at once: beside
        60,000 rows that took 60 ms.
        """
        after = self._looked
        rows = await self._look_for(lambda db: db.execute(_LOOK, (after,)).fetchall()) or []
        done = [(seq,) for seq, is_handled in rows if is_handled]
        self._change([("UPDATE inbox SET done = 1 WHERE seq = ?", done)])
        is_round = len(rows) < LOOKED_AT
        self._looked = 0 if is_round else rows[-1][0]
        while orders := await self._look_for(forgetting.find):
            if orders.scrub:
                await self._scrub()
            self._change(orders.statements)
        return Settled(len(done), is_round)

    async def waiting(self) -> Waiting:
        """Count in a thread; nothing while there is no worker's file yet."""
        self._connection.execute("SELECT 1 FROM inbox LIMIT 1")
        found = await self._look_for(lambda db: db.execute(_WAITING).fetchone())
        rows, since = found or (0, None)
        return Waiting(rows, since)

    async def _scrub(self) -> None:
        self._scrubbing = True
        try:
            await asyncio.to_thread(forgetting.scrub, self._path)
        finally:
            self._scrubbing = False

    def _change(self, statements: Sequence[tuple[str, Sequence[tuple[object, ...]]]]) -> None:
        if any(rows for _, rows in statements):
            with self._transaction() as db:
                for sql, rows in statements:
                    db.executemany(sql, rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._connection
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        finally:
            if db.in_transaction:  # it failed, and a full disk has not ended it already
                db.execute("ROLLBACK")

    async def _look_for(self, find: Callable[[sqlite3.Connection], T]) -> T | None:
        return await asyncio.to_thread(self._find, find)

    def _find(self, find: Callable[[sqlite3.Connection], T]) -> T | None:
        with self._look:
            if self._db is None:  # closed, or not opened yet
                return None
            try:
                if self._looking is None:
                    self._looking = self._look_at_both()
                return find(self._looking)
            except sqlite3.Error as error:
                log.debug("inbox: the worker's database is not ready: %s", error)
                return None

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
        if self._checkpoints is not None:
            await asyncio.to_thread(self._checkpoints.stop)
            self._checkpoints = None
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
