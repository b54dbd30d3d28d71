"""What waits in the inbox, as the worker reads it: rows behind a place, or by their state."""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from madoguchi.store import Store

log = logging.getLogger("madoguchi.arrivals")

_COLUMNS = "seq, event_id, lane, at, raw"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An inbox row on its way to the dispatcher."""

    seq: int
    event_id: str
    lane: int
    at: float
    raw: bytes | None
    """None: the resident took the message back."""
    recovered: bool = False
    maybe_tried: bool = False
    """Its reply token may have been used by a worker that died."""


class Reader(Protocol):
    """Reads the inbox; never writes it."""

    async def after(self, seq: int, lanes: Sequence[int], most: int) -> list[Arrival]:
        """Rows behind `seq`, in order."""
        ...

    async def pending(self, after: int, lanes: Sequence[int], most: int) -> list[Arrival]:
        """Rows behind `after` that are not marked done, in order."""
        ...

    async def newest(self) -> int:
        """The highest `seq` there is; 0 in an empty inbox."""
        ...

    async def find(self, event_id: str) -> Arrival | None:
        """One row, whatever its state."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class SqliteReader:
    """Reads the door's file, in microseconds, on the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    async def after(self, seq: int, lanes: Sequence[int], most: int) -> list[Arrival]:
        """See `Reader.after`."""
        return self._select("seq > ? ORDER BY seq LIMIT ?", (seq, most))

    async def pending(self, after: int, lanes: Sequence[int], most: int) -> list[Arrival]:
        """See `Reader.pending`."""
        return self._select("done = 0 AND seq > ? ORDER BY seq LIMIT ?", (after, most))

    async def newest(self) -> int:
        """See `Reader.newest`."""
        return max((row.seq for row in self._select("1 ORDER BY seq DESC LIMIT 1", ())), default=0)

    async def find(self, event_id: str) -> Arrival | None:
        """See `Reader.find`."""
        return next(iter(self._select("event_id = ?", (event_id,))), None)

    def _select(self, where: str, params: tuple[Any, ...]) -> list[Arrival]:
        try:
            if self._db is None:
                self._db = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM inbox WHERE {where}", params)
            return [Arrival(*row) for row in rows]
        except sqlite3.OperationalError as error:
            log.debug("the door has not opened the inbox yet: %s", error)
            return []

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()


class PostgresReader:
    """Reads the inbox table through the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def after(self, seq: int, lanes: Sequence[int], most: int) -> list[Arrival]:
        """See `Reader.after`."""
        where = "seq > $1 AND lane = ANY($2) AND NOT done ORDER BY seq LIMIT $3"
        return await self._select(where, seq, list(lanes), most)

    async def pending(self, after: int, lanes: Sequence[int], most: int) -> list[Arrival]:
        """See `Reader.pending`."""
        return await self.after(after, lanes, most)

    async def newest(self) -> int:
        """See `Reader.newest`."""
        return (await self._store.fetch("SELECT coalesce(max(seq), 0) FROM inbox"))[0][0]

    async def find(self, event_id: str) -> Arrival | None:
        """See `Reader.find`."""
        return next(iter(await self._select("event_id = $1", event_id)), None)

    async def _select(self, where: str, *params: Any) -> list[Arrival]:
        rows = await self._store.fetch(f"SELECT {_COLUMNS} FROM inbox WHERE {where}", *params)
        return [Arrival(*row) for row in rows]

    def close(self) -> None:
        """Nothing of its own to close."""
