"""The audit log: rows come and go with their unit, and a sealed row cannot change unseen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit, seal, verify
from madoguchi.migrations import migrate
from madoguchi.store import Store, open_store
from madoguchi.tables import audit as log

STAFF = Actor("staff", "staff:3", "見本 花子")


def note(db: Session, number: int) -> None:
    audit(db, STAFF, "delivery.approve", f"delivery:{number}", {"版": number, "bad": "\ud800\0"})


def note_and_fail(db: Session, number: int) -> None:
    note(db, number)
    raise KeyError(number)


@asynccontextmanager
async def written(database, opened, rows: int) -> AsyncIterator[Store]:
    await migrate(database)
    store = opened()
    await store.start()
    try:
        for number in range(1, rows + 1):
            await store.write(note, number)
        yield store
    finally:
        await store.close()


def test_a_row_tells_who_did_what_to_what_and_leaves_with_its_unit(database, opened):
    async def run() -> None:
        async with written(database, opened, 1) as store:
            with pytest.raises(KeyError):
                await store.write(note_and_fail, 2)
            await store.write(audit, Actor("system", "", ""), "start", "gateway")
            first, second = await store.read(lambda db: db.execute(select(log)).all())
            assert (first.actor_kind, first.actor_id, first.actor_label) == (
                "staff",
                "staff:3",
                "見本 花子",
            )
            assert (first.action, first.object) == ("delivery.approve", "delivery:1")
            assert first.detail == {"版": 1, "bad": ""}
            assert first.at.utcoffset().total_seconds() == 0
            assert (first.seal, first.sealed_at, second.detail) == (None, None, None)

    asyncio.run(run())


def test_sealed_rows_fit_the_chain(database, opened):
    async def run() -> None:
        async with written(database, opened, 5) as store:
            assert await store.read(verify) is None
            assert await store.write(seal) == 5
            assert await store.write(seal) == 0
            await store.write(note, 6)
            assert await store.read(verify) is None
            assert await store.write(seal) == 1
            assert await store.read(verify) is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (update(log).where(log.c.id == 3).values(actor_id="staff:4"), 3),
        (update(log).where(log.c.id == 3).values(detail={"版": 3}), 3),
        (update(log).where(log.c.id == 3).values(seal="0" * 64), 3),
        (update(log).where(log.c.id == 2).values(at=log.c.sealed_at), 2),
        (delete(log).where(log.c.id == 3), 4),
        (delete(log).where(log.c.id == 1), 2),
        (delete(log).where(log.c.id == 5), 4),
        (delete(log), 0),
        (update(log).where(log.c.id == 5).values(position=None, seal=None), 4),
    ],
)
def test_a_changed_or_missing_row_is_found(database, opened, change, first):
    async def run() -> None:
        async with written(database, opened, 5) as store:
            await store.write(seal)
            await store.write(lambda db: db.execute(change) and None)
            assert await store.read(verify) == first

    asyncio.run(run())


def test_a_row_that_was_slipped_in_is_found(database, opened):
    async def run() -> None:
        async with written(database, opened, 3) as store:
            await store.write(seal)
            copied = select(log).where(log.c.id == 2)

            def slip_in(db: Session) -> None:
                row = db.execute(copied).one()._asdict() | {"id": 9, "position": 4}
                db.execute(insert(log).values(row))

            await store.write(slip_in)
            assert await store.read(verify) == 9

    asyncio.run(run())


def test_two_workers_seal_at_once(database, opened):
    async def run() -> None:
        async with written(database, opened, 60) as store:
            other = opened() if store.dialect == "postgresql" else store
            if other is not store:
                await other.start()

            async def work(each: Store, start: int) -> int:
                sealed = 0
                for number in range(start, start + 20):
                    await each.write(note, number)
                    sealed += await each.write(seal)
                return sealed

            sealed = sum(await asyncio.gather(work(store, 100), work(other, 200)))
            sealed += await store.write(seal)
            assert sealed == 100
            assert await store.read(verify) is None
            places = await store.fetch("SELECT position FROM audit ORDER BY position")
            assert places == [(n,) for n in range(1, 101)]
            if other is not store:
                await other.close()

    asyncio.run(run())


def test_a_row_that_commits_after_a_later_one_was_sealed(postgres):
    async def run() -> None:
        await migrate(postgres)
        store = open_store(url=postgres)
        await store.start()
        try:

            def slowly(db: Session) -> None:
                note(db, 1)
                db.execute(text("SELECT pg_advisory_lock(42), pg_advisory_unlock(42)"))

            holder = asyncio.Event()

            async def hold() -> None:
                connection = await asyncpg.connect(postgres)
                await connection.execute("SELECT pg_advisory_lock(42)")
                await holder.wait()
                await connection.close()

            holding = asyncio.create_task(hold())
            while not await store.fetch("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
                await asyncio.sleep(0.01)
            late = asyncio.create_task(store.write(slowly))
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not await store.fetch(waiting):
                await asyncio.sleep(0.01)
            await store.write(note, 2)
            assert await store.write(seal) == 1
            holder.set()
            await late
            await holding
            assert await store.write(seal) == 1
            assert await store.fetch("SELECT id FROM audit ORDER BY position") == [(2,), (1,)]
            assert await store.read(verify) is None
        finally:
            await store.close()

    asyncio.run(run())
