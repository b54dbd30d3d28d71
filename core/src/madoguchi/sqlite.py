"""How a SQLite file is opened: its settings, its lock, and which of its errors pass."""

import fcntl
import os
import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from .store import StoreLocked, clean_json, clean_statements

BUSY_SECONDS = 5.0
TRANSIENT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}


def connect(
    path: Path,
    *,
    query_only: bool = False,
    busy: float = BUSY_SECONDS,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
) -> sqlite3.Connection:
    """A driver-level connection with our settings; it begins no transaction by itself."""
    connection = sqlite3.connect(
        path,
        timeout=busy,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        factory=factory,
    )
    if query_only:
        connection.execute("PRAGMA query_only=ON")
    else:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def open_engine(begin: str, size: int, creator: Callable[[], sqlite3.Connection]) -> Engine:
    """An engine of at most `size` connections whose transactions start with `begin`."""
    engine = create_engine(
        "sqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        json_serializer=clean_json,
        hide_parameters=True,  # an error's words go to the log, residents' answers do not (R68)
    )
    listen(engine, "begin", lambda connection: driver_of(connection).execute(begin))
    clean_statements(engine)
    return engine


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The sqlite3 connection under one of SQLAlchemy's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def lock_file(path: Path) -> int:
    """Lock `<path>.lock` until the descriptor is closed or this process ends, however it ends."""
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(lock, 20).decode("ascii", "replace").strip() or "?"
        os.close(lock)
        raise StoreLocked(
            f"{path} is written by process {owner}; stop that one first, or set database_url to"
            " a PostgreSQL database, which any number of workers may share"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


@lru_cache(maxsize=512)
def numbered(sql: str) -> str:
    """The statement with `?1` for `$1`, as SQLite counts its parameters."""
    return re.sub(r"\$(\d+)", r"?\1", sql)


def transient(error: BaseException) -> bool:
    """Whether the file was in the way (a lock, the disk), rather than what the unit did."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(origin, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in TRANSIENT


def reason(error: BaseException) -> str:
    """What SQLite says went wrong, without the statement and its parameters."""
    return str(error.orig if isinstance(error, DBAPIError) else error)
