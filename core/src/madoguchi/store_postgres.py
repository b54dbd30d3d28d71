"""PostgreSQL: units in AsyncConnection.run_sync on asyncpg, the hot path on asyncpg alone.

Units run in the event loop's thread, several at a time, in READ COMMITTED: where one reads a row
and then writes it, it locks (`with_for_update()`), updates in one statement, or compares a version.
Reading ones see one snapshot, as on SQLite.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .clock import Clock
from .store import (
    ATTEMPTS,
    OutcomeUnknown,
    StoreUnavailable,
    Unit,
    clean_json,
    clean_params,
    clean_statements,
    warn_if_slow,
)

T = TypeVar("T")

POOL_SIZE = 8
FETCH_POOL_SIZE = 4
CONNECT_SECONDS = 5.0

CONFLICTS = {"40001", "40P01", "55P03"}
"""Serialisation failure, deadlock, lock not available: the same unit may pass next time."""
# asyncpg says InternalClientError when the server ends a connection in the middle of a call.
_NO_CONNECTION = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
LOST_CLASSES = {"08", "57"}
"""Connection exceptions; shut down by the administrator, crashed, starting up."""


class PostgresStore:
    """See `store.Store`; made by `store.open_store`."""

    dialect = "postgresql"

    def __init__(
        self,
        url: str,
        on_unit: Callable[[str | None], None] | None,
        clock: Clock,
        read_only: bool,
    ) -> None:
        self.place = url
        self._shown = make_url(url).render_as_string(hide_password=True)
        self._on_unit = on_unit
        self._info = {"clock": clock}
        self._read_only = read_only
        self._engine: AsyncEngine | None = None

    @property
    def last_write_beat(self) -> float:
        """Now: units run in the event loop, whose own beat says whether it is alive."""
        return time.monotonic()

    async def start(self) -> None:
        """Connect, so that a wrong address is known at once."""
        engine = open_async_engine(self.place)
        self._fetching = asyncpg.create_pool(
            make_url(self.place).set(drivername="postgresql").render_as_string(hide_password=False),
            min_size=0,
            max_size=FETCH_POOL_SIZE,
            timeout=CONNECT_SECONDS,
            server_settings={"default_transaction_read_only": "on", "timezone": "UTC"},
            reset=_keep_session,
        )
        self._engine = engine
        try:
            await self._fetching
            await self._fetching.fetchval("SELECT 1")
        except Exception as error:  # a wrong password or name too: the address cannot be used
            await self.close()
            raise StoreUnavailable(f"{self._shown}: {_reason(error)}") from error

    async def close(self) -> None:
        """Let go of the connections once the units that run have ended."""
        if self._engine is None:
            return
        engine, self._engine = self._engine, None
        await self._fetching.close()
        await engine.dispose()

    async def write(
        self, fn: Callable[..., T], /, *args: object, label: str | None = None, **kwargs: object
    ) -> T:
        """See `store.Store.write`."""
        if self._read_only:
            raise StoreUnavailable(f"{self._shown} was opened for reading only")

        async def unit() -> T:
            async with self._require_open().connect() as connection:
                return await self._labelled(
                    label, connection.run_sync(self._write_one, fn, label, args, kwargs)
                )

        return await self._repeat(unit)

    async def read(self, fn: Callable[..., T], /, *args: object, **kwargs: object) -> T:
        """See `store.Store.read`."""

        async def unit() -> T:
            async with self._require_open().connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                return await connection.run_sync(self._read_one, fn, args, kwargs)

        return await self._repeat(unit)

    async def fetch(self, sql: str, /, *params: object) -> list[tuple[Any, ...]]:
        """See `store.Store.fetch`."""
        self._require_open()
        values = clean_params(params)

        async def unit() -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await self._fetching.fetch(sql, *values)]

        return await self._repeat(unit)

    def _read_one(
        self,
        connection: Connection,
        fn: Callable[..., T],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> T:
        with Unit(connection, expire_on_commit=False, info=self._info) as db:
            return fn(db, *args, **kwargs)

    def _write_one(
        self,
        connection: Connection,
        fn: Callable[..., T],
        label: str | None,
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> T:
        began = time.monotonic()
        with Unit(connection, expire_on_commit=False, info=self._info) as db:
            result = fn(db, *args, **kwargs)
            db.flush()
            warn_if_slow(fn, label, time.monotonic() - began)
            try:
                db.finish()
            except Exception as error:
                if not _lost(error):
                    raise
                text = f"{self._shown}: the connection broke during COMMIT ({_reason(error)})"
                raise OutcomeUnknown(text) from error
        return result

    async def _labelled(self, label: str | None, code: Coroutine[Any, Any, T]) -> T:
        return await (code if self._on_unit is None else _Labelled(code, self._on_unit, label))

    async def _repeat(self, unit: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await unit()
            except Exception as error:
                lost = _lost(error)
                if not (lost or _conflict(error)):
                    raise
                if attempt == ATTEMPTS:
                    text = f"{self._shown}: {_reason(error)}, after {ATTEMPTS} attempts"
                    raise StoreUnavailable(text) from error
            # A server that restarts needs seconds, two units that met need milliseconds.
            longest = 0.1 * 2.5**attempt if lost else 0.01 * 2**attempt
            await asyncio.sleep(random.uniform(longest / 2, longest))
        raise AssertionError("unreachable")

    def _require_open(self) -> AsyncEngine:
        if self._engine is None:
            raise StoreUnavailable(f"{self._shown} is not open: start() comes first, close() last")
        return self._engine


class _Labelled(Awaitable[T]):
    """A coroutine during whose every step, and not while it waits, `on_unit` knows the label."""

    def __init__(
        self, code: Coroutine[Any, Any, T], on_unit: Callable[[str | None], None], label: str | None
    ) -> None:
        self._code, self._on_unit, self._label = code, on_unit, label

    def __await__(self) -> Generator[Any, Any, T]:
        code, value, error = self._code, None, None
        while True:
            self._on_unit(self._label)
            try:
                awaited = code.send(value) if error is None else code.throw(error)
            except StopIteration as stop:
                return stop.value
            finally:
                self._on_unit(None)
            value = error = None
            try:
                value = yield awaited
            except BaseException as thrown:
                error = thrown


def open_async_engine(url: str) -> AsyncEngine:
    """An engine on asyncpg for `postgresql://…`, cleaning texts as every store does."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=POOL_SIZE,
        max_overflow=0,
        isolation_level="READ COMMITTED",
        json_serializer=clean_json,
        hide_parameters=True,  # an error's words go to the log, residents' answers do not (R68)
        connect_args={"timeout": CONNECT_SECONDS, "server_settings": {"timezone": "UTC"}},
    )
    clean_statements(engine.sync_engine)
    return engine


async def _keep_session(connection: object) -> None:
    """Between two SELECTs nothing needs a reset, and the reset costs a round trip."""


def _sqlstate(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", None) or "")


def _conflict(error: BaseException) -> bool:
    return _sqlstate(error) in CONFLICTS


def _lost(error: BaseException) -> bool:
    """Whether the connection failed, rather than what was said over it."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error.orig, OSError):
            return True
    elif isinstance(error, _NO_CONNECTION):
        return True
    state = _sqlstate(error)
    return state[:2] in LOST_CLASSES and state != "57014"  # 57014: a statement was cancelled


def _reason(error: BaseException) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error) or type(error).__name__
