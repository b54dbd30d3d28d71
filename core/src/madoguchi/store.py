"""One way to the database: plain functions over a Session, run as units (design §9).

`await store.write(fn, *args)` runs `fn(db, *args)` in one transaction; `await store.read(...)`
does the same without the right to write. `fn` cannot await and may be run again, so it does
nothing but look at its arguments and the database. `open_store` picks the backend.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import DateTime, Dialect, MetaData, String
from sqlalchemy.event import listen
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from .clock import Clock
from .errors import MadoguchiError

T = TypeVar("T")
log = logging.getLogger(__name__)

ATTEMPTS = 5
"""How often a unit is run before a lock, a serialisation error or a lost connection wins."""

SLOW_SECONDS = 0.1
"""A unit that takes longer is named in a warning: it holds up everybody who writes."""


class StoreUnavailable(MadoguchiError):
    """The database could not be reached, or stayed locked, after several attempts."""


class OutcomeUnknown(StoreUnavailable):
    """The connection broke during COMMIT: the unit happened once or not at all.

    It is not repeated, since that could make it happen twice. Look at what it should have written
    (the dispatcher finds its `handled` row) before you run it again.
    """


class StoreLocked(MadoguchiError):
    """Another process writes this SQLite file."""


class Store(Protocol):
    """A database: the same on SQLite (`store_sqlite`) and PostgreSQL (`store_postgres`)."""

    dialect: str
    """"sqlite" or "postgresql"."""
    place: Any
    """The path of the SQLite file, or the address of the PostgreSQL database."""

    @property
    def last_write_beat(self) -> float:
        """`time.monotonic()` of the moment when the writer was last seen alive."""
        ...

    async def start(self) -> None:
        """Open the database. `StoreLocked` if another process writes it, `StoreUnavailable` if
        it does not answer.
        """

    async def close(self) -> None:
        """Finish the units that wait, then let go of the database."""

    async def read(self, fn: Callable[..., T], /, *args: object, **kwargs: object) -> T:
        """What `fn(db, *args)` returns; one snapshot on SQLite, nothing can be written."""
        ...

    async def write(
        self, fn: Callable[..., T], /, *args: object, label: str | None = None, **kwargs: object
    ) -> T:
        """What `fn(db, *args)` returns, once its transaction is committed.

        An exception in `fn` rolls back and comes out here. Locks, serialisation errors and lost
        connections are repeated, `ATTEMPTS` in all, then `StoreUnavailable`. A caller that is
        cancelled before the commit leaves nothing behind. `label` names whose code runs.
        """
        ...

    async def fetch(self, sql: str, /, *params: object) -> list[tuple[Any, ...]]:
        """The rows of one SELECT, straight from the driver; parameters are `$1`, `$2`, …

        The hot path: on SQLite it runs in the event loop, so ask for few rows by an indexed
        column. Values come as the driver gives them: on SQLite a `UTCDateTime` is text.
        """
        ...


class Unit(Session):
    """The Session that a unit gets. It has no commit of its own; `info["clock"]` is the clock."""

    def commit(self) -> None:
        """Refused: the store commits when the function returns."""
        raise RuntimeError("a unit is committed when its function returns: leave out db.commit()")

    def finish(self) -> None:
        """Flush and commit; for the store alone."""
        super().commit()


def open_store(
    *,
    path: Path | None = None,
    url: str | None = None,
    on_unit: Callable[[str | None], None] | None = None,
    clock: Clock | None = None,
    read_only: bool = False,
) -> Store:
    """The SQLite file at `path` or the PostgreSQL database at `url`; not started yet.

    `on_unit(label)` is called in the thread that runs a unit's code, before it, and `on_unit(None)`
    after. `read_only` neither writes nor takes the lock, for commands beside a running worker.
    """
    clock = clock or Clock()
    if path is not None and url is None:
        from .store_sqlite import SQLiteStore

        return SQLiteStore(path, on_unit, clock, read_only)
    if url is not None and path is None:
        from .store_postgres import PostgresStore

        return PostgresStore(url, on_unit, clock, read_only)
    raise TypeError("open_store needs either path= (SQLite) or url= (PostgreSQL)")


def warn_if_slow(fn: Callable[..., object], label: str | None, seconds: float) -> None:
    """Name the unit in the log if it held up the others (`SLOW_SECONDS`)."""
    if seconds >= SLOW_SECONDS:
        name = getattr(fn, "__qualname__", repr(fn))
        log.warning(
            "unit %s.%s of %s took %d ms: prepare outside the unit, write little in it",
            *(fn.__module__, name, label or "the core", seconds * 1000),
        )


# What both backends store in the same way.

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def clean_text(text: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL refuses and SQLite truncates."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("", text)


def clean_json(value: object) -> str:
    """The value as JSON text whose strings are clean (see `clean_text`)."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = _ESCAPED_NUL.sub(r"\1", text)
    return clean_text(text)


def clean_params(params: Iterable[Any]) -> list[Any]:
    """The parameters of a driver-level statement, texts clean and times as they are stored."""
    return [clean_text(value) if isinstance(value, str) else value for value in params]


def clean_statements(engine: Any) -> None:
    """Clean every text that goes through this engine, whoever's table or statement it is."""
    listen(engine, "before_cursor_execute", _clean_execution, retval=True)


def _clean_execution(
    conn: object, cursor: object, statement: str, parameters: Any, context: object, many: bool
) -> tuple[str, Any]:
    if isinstance(parameters, list):
        return statement, [_clean_set(one) for one in parameters]
    return statement, _clean_set(parameters)


def _clean_set(parameters: Any) -> Any:
    if isinstance(parameters, dict):
        return dict(zip(parameters, clean_params(parameters.values()), strict=True))
    return tuple(clean_params(parameters))


def timestamp_text(time: datetime) -> str:
    """An aware time as SQLite stores it: `2026-04-01T00:00:00.000000Z`.

    Text of one width sorts in the order of time, is read by SQLite's own date functions, and by
    the person who opens the file with the sqlite3 shell; that is worth more than 19 bytes saved.
    """
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone: store aware times, for example clock.now()")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class UTCDateTime(TypeDecorator[datetime]):
    """A moment. Takes aware datetimes only and gives them back in UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """`timestamptz` on PostgreSQL, text of 27 characters on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a time without a zone."""
        if value is None:
            return None
        text = timestamp_text(value)
        return text if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The aware time in UTC."""
        if value is None:
            return None
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        return time.astimezone(UTC)


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def plugin_metadata(plugin: str) -> MetaData:
    """A MetaData for the tables of one plugin, each named `<plugin>` or `<plugin>_…`.

    The shared naming convention gives every constraint the same name on both databases, which
    migrations need in order to change it later.
    """
    return MetaData(naming_convention=NAMING, info={"owner": plugin})
