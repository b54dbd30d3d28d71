"""The inbox as a table in PostgreSQL, written by any number of doors."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from madoguchi.inbox import LOOKED_AT, MOST_COUNTED, Row, Settled, Waiting, tell

log = logging.getLogger("madoguchi.inbox")

# A message whose insert is still open at one door is invisible to the unsend at another: whoever
# takes a message back waits for those who insert (R13). One round trip, as BEGIN alone.
_BEGIN = "BEGIN; SELECT pg_advisory_xact_lock_shared(1970629486)"
_BEGIN_UNSEND = "BEGIN; SET LOCAL lock_timeout = '1s'; SELECT pg_advisory_xact_lock(1970629486)"
_INSERT = """
INSERT INTO inbox (event_id, lane, message_id, at, raw)
SELECT n.event_id, n.lane, n.message_id, n.at,
       CASE WHEN u.message_id IS NULL OR n.unsend THEN n.raw END
FROM unnest($1::text[], $2::int[], $3::text[], $4::bool[], $5::float8[], $6::bytea[])
     WITH ORDINALITY AS n (event_id, lane, message_id, unsend, at, raw, place)
LEFT JOIN unsent u ON u.message_id = n.message_id
ORDER BY n.place
ON CONFLICT (event_id) DO NOTHING"""
_FORGET = """
WITH gone AS (INSERT INTO unsent SELECT unnest($1::text[]) ON CONFLICT DO NOTHING)
UPDATE inbox SET raw = NULL WHERE message_id = ANY($1) AND NOT event_id = ANY($2)"""
_SETTLE = f"""
WITH looked AS (
    SELECT seq, event_id FROM inbox WHERE NOT done AND seq > $1 ORDER BY seq LIMIT {LOOKED_AT}
), settled AS (
    UPDATE inbox SET done = true WHERE seq IN (
        SELECT i.seq FROM inbox i JOIN looked USING (seq) JOIN handled h ON h.event_id = i.event_id
        WHERE h.outcome <> 'set aside' FOR UPDATE OF i SKIP LOCKED)
    RETURNING seq
)
SELECT (SELECT count(*) FROM settled), count(*), coalesce(max(seq), 0) FROM looked"""
_WAITING = f"""
SELECT count(*), min(at) FROM (
    SELECT at FROM inbox i WHERE NOT done
    AND NOT EXISTS (SELECT 1 FROM handled h WHERE h.event_id = i.event_id)
    ORDER BY seq LIMIT {MOST_COUNTED}) AS oldest"""


class PostgresInbox:
    """The inbox in PostgreSQL: any number of doors; one insert in flight carries all that wait."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[None]]] = []
        self._looked = 0
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
                    tell(done, error)
            except Exception as error:
                log.warning("inbox: a batch of %d failed (%s); row by row now", len(batch), error)
                for rows, done in batch:
                    await self._write_alone(rows, done)
            else:
                for _, done in batch:
                    tell(done, None)

    async def _write_alone(self, rows: Sequence[Row], done: asyncio.Future[None]) -> None:
        failed = None
        for row in rows:
            try:
                await self._insert([row])
            except Exception as error:
                failed = error
        tell(done, failed)

    async def _insert(self, rows: Sequence[Row]) -> None:
        unsent = [row for row in rows if row.unsend and row.message_id]
        begin = _BEGIN_UNSEND if unsent else _BEGIN
        async with self._pool.acquire(timeout=5) as db:
            try:
                await db.execute(begin)
                await db.execute(_INSERT, *map(list, zip(*rows, strict=True)))
                if unsent:
                    ids = [row.message_id for row in unsent]
                    await db.execute(_FORGET, ids, [row.event_id for row in unsent])
                await db.execute("COMMIT")
            except BaseException:
                if not db.is_closed():
                    await db.execute("ROLLBACK")
                raise

    async def settle(self) -> Settled:
        """Mark what is handled."""
        if self._pool is None:
            await self.open()
        assert self._pool is not None
        settled, looked, last = await self._pool.fetchrow(_SETTLE, self._looked)
        is_round = looked < LOOKED_AT
        self._looked = 0 if is_round else last
        return Settled(settled, is_round)

    async def waiting(self) -> Waiting:
        """See `Inbox.waiting`."""
        if self._pool is None:
            await self.open()
        assert self._pool is not None
        return Waiting(*await self._pool.fetchrow(_WAITING))

    async def close(self) -> None:
        """Disconnect."""
        if self._pool is not None:
            await self._pool.close()
