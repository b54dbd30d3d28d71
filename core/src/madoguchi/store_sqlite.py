"""SQLite: one writer thread, a few reading ones, and a lock that keeps other writers out.

Through SQLAlchemy's defaults updates are lost in silence; with one thread that begins with
`BEGIN IMMEDIATE` they cannot be. A commit waits for the disk (synchronous=FULL), so the units that
wait together share one: what SQLAlchemy takes for a transaction is a savepoint in it, so none can
roll back another.
"""

import asyncio
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from .checkpoints import AT_LAST, Checkpoints
from .clock import Clock
from .sqlite import connect, driver_of, lock_file, numbered, open_engine, reason, transient
from .store import (
    ATTEMPTS,
    StoreUnavailable,
    Unit,
    clean_params,
    timestamp_text,
    warn_if_slow,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

READERS = 4
WRITER_BUSY_SECONDS = 1.0
"""The writer waits less for a lock at a time, so that it beats between its attempts."""
BATCH_UNITS = 64
BATCH_SECONDS = 0.005
"""Units that wait share a commit, as many as begin within this time."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A unit on its way through the writer."""

    fn: Callable[..., Any]
    args: tuple[object, ...]
    kwargs: dict[str, object]
    label: str | None
    future: asyncio.Future[None]
    result: Any = None
    error: BaseException | None = None


class SQLiteStore:
    """See `store.Store`; made by `store.open_store`."""

    dialect = "sqlite"

    def __init__(
        self,
        path: Path,
        on_unit: Callable[[str | None], None] | None,
        clock: Clock,
        read_only: bool,
    ) -> None:
        self.place = path
        self.last_write_beat = time.monotonic()
        self._on_unit = on_unit
        self._info = {"clock": clock}
        self._read_only = read_only
        self._lock: int | None = None
        self._open = False
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()

    @property
    def holds_lock(self) -> bool:
        """Whether this store, and so no other, writes the file."""
        return self._lock is not None

    async def start(self) -> None:
        """Take the lock, open the file (made if absent) and start the threads."""
        if not self._read_only:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock_file(self.place)
        self._loop = asyncio.get_running_loop()
        try:
            self._writer_engine = open_engine("SAVEPOINT unit", 1, self._connect_writer)
            self._reader_engine = open_engine(
                "BEGIN", READERS, lambda: connect(self.place, query_only=True)
            )
            if not self._read_only:
                with self._writer_engine.connect():
                    pass  # makes the file, in WAL mode, before anybody reads it
            self._fetching = connect(self.place, query_only=True)
        except (DBAPIError, sqlite3.Error) as error:
            self._unlock()
            raise StoreUnavailable(f"{self.place}: {reason(error)}") from error
        self._readers = ThreadPoolExecutor(READERS, "store-read")
        self._writer = threading.Thread(target=self._write_all, name="store-write", daemon=True)
        self._checkpoints = Checkpoints(self.place)
        if not self._read_only:
            self._writer.start()
            self._checkpoints.start()
        self._open = True

    async def close(self) -> None:
        """Finish the units that wait, then let go of the file and the lock."""
        if not self._open:
            return
        self._open = False
        if not self._read_only:
            self._waiting.put(None)
            await asyncio.to_thread(self._writer.join)
            await asyncio.to_thread(self._checkpoints.stop)
        await asyncio.to_thread(self._readers.shutdown)
        self._fetching.close()
        self._reader_engine.dispose()
        self._writer_engine.dispose()
        self._unlock()

    async def write(
        self, fn: Callable[..., T], /, *args: object, label: str | None = None, **kwargs: object
    ) -> T:
        """See `store.Store.write`."""
        self._require_open()
        if self._read_only:
            raise StoreUnavailable(f"{self.place} was opened for reading only")
        unit = _Waiting(fn, args, kwargs, label, self._loop.create_future())
        self._waiting.put(unit)
        await unit.future
        if unit.error is not None:
            raise unit.error
        return unit.result

    async def read(self, fn: Callable[..., T], /, *args: object, **kwargs: object) -> T:
        """See `store.Store.read`."""
        self._require_open()
        result, error = await self._loop.run_in_executor(
            self._readers, self._read_one, fn, args, kwargs
        )
        if error is not None:
            raise error
        return result

    async def fetch(self, sql: str, /, *params: object) -> list[tuple[Any, ...]]:
        """See `store.Store.fetch`."""
        self._require_open()
        values = [timestamp_text(one) if isinstance(one, datetime) else one for one in params]
        try:
            return self._fetching.execute(numbered(sql), clean_params(values)).fetchall()
        except sqlite3.OperationalError as error:
            if transient(error):
                raise StoreUnavailable(f"{self.place}: {error}") from error
            raise

    # The reading threads.

    def _read_one(
        self, fn: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> tuple[Any, BaseException | None]:
        # The error is handed over as a value: a future refuses StopIteration and would hang.
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with Unit(self._reader_engine, expire_on_commit=False, info=self._info) as db:
                    return fn(db, *args, **kwargs), None
            except BaseException as error:
                if not transient(error):
                    return None, error
                if attempt == ATTEMPTS:
                    return None, self._unavailable(error)
                time.sleep(0.01 * attempt)
        raise AssertionError("unreachable")

    # The writing thread.

    def _write_all(self) -> None:
        while True:
            self.last_write_beat = time.monotonic()
            try:
                unit = self._waiting.get(timeout=1.0)
            except queue.Empty:
                continue
            if unit is None:
                return
            batch = self._write_batch(unit)
            try:
                self._loop.call_soon_threadsafe(_resolve, batch)
            except RuntimeError:
                log.debug("the event loop ended before %d units were told", len(batch))

    def _write_batch(self, unit: _Waiting) -> list[_Waiting]:
        """Run this unit, and those that wait behind it, in one transaction."""
        batch = [unit]
        try:
            with self._transaction() as connection:
                self._run(connection, unit)
                until = time.monotonic() + BATCH_SECONDS
                while len(batch) < BATCH_UNITS and time.monotonic() < until:
                    try:
                        following = self._waiting.get_nowait()
                    except queue.Empty:
                        break
                    if following is None:
                        self._waiting.put(None)
                        break
                    batch.append(following)
                    self._run(connection, following)
        except Exception as error:
            # What comes out here undid all of them: each again, by itself.
            for each in batch:
                self._write_alone(each, error)
        return batch

    def _write_alone(self, unit: _Waiting, error: Exception) -> None:
        for attempt in range(1, ATTEMPTS):
            self.last_write_beat = time.monotonic()
            time.sleep(0.01 * attempt)
            unit.result = unit.error = None
            try:
                with self._transaction() as connection:
                    self._run(connection, unit)
                return
            except Exception as again:
                if unit.error is not None:
                    return
                error = again
        unit.result, unit.error = None, self._unavailable(error)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """The transaction that a batch of units shares."""
        with self._writer_engine.connect() as connection:
            driver = driver_of(connection)
            driver.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                driver.execute("COMMIT")
            finally:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")

    def _run(self, connection: Connection, unit: _Waiting) -> None:
        """Run one unit in its savepoint. Raises only if the transaction around it is lost."""
        if unit.future.cancelled():
            return
        began = self.last_write_beat = time.monotonic()
        if self._on_unit is not None:
            self._on_unit(unit.label)
        try:
            with Unit(connection, expire_on_commit=False, info=self._info) as db:
                unit.result = unit.fn(db, *unit.args, **unit.kwargs)
                if unit.future.cancelled():
                    db.rollback()
                else:
                    db.finish()
        except BaseException as error:  # a plugin's SystemExit, too, must not end the writer
            if transient(error):
                raise
            unit.error = error
        finally:
            if self._on_unit is not None:
                self._on_unit(None)
        self.last_write_beat = time.monotonic()
        warn_if_slow(unit.fn, unit.label, self.last_write_beat - began)
        if connection.in_transaction() or not driver_of(connection).in_transaction:
            raise RuntimeError("a unit ended the transaction that it was given") from unit.error

    def _connect_writer(self) -> sqlite3.Connection:
        writer = connect(self.place, busy=WRITER_BUSY_SECONDS, factory=_Sharing)
        writer.execute(AT_LAST)
        return writer

    def _unavailable(self, error: BaseException) -> StoreUnavailable:
        text = f"{self.place}: {reason(error)}, after {ATTEMPTS} attempts"
        unavailable = StoreUnavailable(text)
        unavailable.__cause__ = error
        return unavailable

    def _require_open(self) -> None:
        if not self._open:
            raise StoreUnavailable(f"{self.place} is not open: start() comes first, close() last")

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class _Sharing(sqlite3.Connection):
    """The writer's connection: a transaction of SQLAlchemy's is a savepoint here."""

    def commit(self) -> None:
        """Keep what the unit did, as part of the batch."""
        self.execute("RELEASE unit")

    def rollback(self) -> None:
        """Undo what the unit did, and nothing else."""
        if self.in_transaction:
            self.execute("ROLLBACK TO unit")
            self.execute("RELEASE unit")


def _resolve(batch: list[_Waiting]) -> None:
    for unit in batch:
        if not unit.future.done():
            unit.future.set_result(None)
