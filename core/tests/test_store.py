"""The store: units are whole or absent, in both databases, whatever happens around them."""

import asyncio
import itertools
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Integer, Table, Text, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from madoguchi import store_sqlite
from madoguchi.store import (
    OutcomeUnknown,
    Store,
    StoreLocked,
    StoreUnavailable,
    UTCDateTime,
    clean_json,
    clean_text,
    open_store,
    plugin_metadata,
)

metadata = plugin_metadata("toy")
counter = Table(
    "toy_counter", metadata, Column("id", Integer, primary_key=True), Column("n", Integer)
)
note = Table(
    "toy_note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text),
    Column("data", JSON),
    Column("at", UTCDateTime),
)


class Base(DeclarativeBase):
    metadata = plugin_metadata("orm")


class Card(Base):
    __tablename__ = "orm_card"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


def make(db: Session) -> None:
    metadata.create_all(db.connection())
    Base.metadata.create_all(db.connection())
    db.execute(insert(counter).values(id=1, n=0))


def put(db: Session, number: int) -> int:
    db.execute(insert(note).values(id=number, text="電池"))
    return number


def put_and_fail(db: Session, number: int) -> None:
    put(db, number)
    raise KeyError(number)


def numbers(db: Session) -> list[int]:
    return list(db.execute(select(note.c.id).order_by(note.c.id)).scalars())


@asynccontextmanager
async def started(store: Store) -> AsyncIterator[Store]:
    await store.start()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def toys(opened: Callable[..., Store], **options: Any) -> AsyncIterator[Store]:
    async with started(opened(**options)) as store:
        await store.write(make)
        yield store


def test_a_unit_answers_and_its_rows_stay(opened):
    async def run() -> None:
        async with toys(opened) as store:
            assert await store.write(put, 7) == 7
        async with started(opened()) as store:
            assert await store.read(numbers) == [7]

    asyncio.run(run())


def test_a_failing_unit_undoes_itself_and_no_neighbour(opened):
    async def run() -> None:
        async with toys(opened) as store:
            units = [store.write(put_and_fail if n % 3 == 0 else put, n) for n in range(1, 91)]
            results = await asyncio.gather(*units, return_exceptions=True)
            failed = [n for n, result in enumerate(results, 1) if isinstance(result, KeyError)]
            assert failed == [n for n in range(1, 91) if n % 3 == 0]
            assert await store.read(numbers) == [n for n in range(1, 91) if n % 3]

    asyncio.run(run())


def test_a_flush_that_fails_undoes_one_unit_only(opened):
    def same_name(db: Session, number: int) -> None:
        put(db, number)
        db.add(Card(name="同じ"))

    async def run() -> None:
        async with toys(opened) as store:
            units = [store.write(same_name if n % 2 else put, n) for n in range(1, 21)]
            results = await asyncio.gather(*units, return_exceptions=True)
            assert sum(isinstance(one, IntegrityError) for one in results) == 9
            assert len(await store.read(numbers)) == 11

    asyncio.run(run())


def test_no_update_is_lost(opened):
    def add_one(db: Session) -> None:
        n = db.execute(select(counter.c.n).with_for_update()).scalar_one()
        db.execute(update(counter).values(n=n + 1))

    async def run() -> None:
        async with toys(opened) as store:

            async def many() -> None:
                for _ in range(40):
                    await store.write(add_one)

            await asyncio.gather(*(many() for _ in range(8)))
            assert await store.fetch("SELECT n FROM toy_counter") == [(320,)]

    asyncio.run(run())


def test_reading_units_cannot_write(opened):
    async def run() -> None:
        async with toys(opened) as store:
            with pytest.raises(DBAPIError, match=r"read.?only"):
                await store.read(put, 1)
            assert await store.read(numbers) == []

    asyncio.run(run())


def test_fetch_numbers_its_parameters(opened):
    async def run() -> None:
        async with toys(opened) as store:
            await store.write(put, 1)
            await store.write(put, 2)
            rows = await store.fetch(
                "SELECT id, text FROM toy_note WHERE text = $2 AND id IN ($1, $1 + 1) ORDER BY id",
                1,
                "電\0池\ud800",
            )
            assert rows == [(1, "電池"), (2, "電池")]
            with pytest.raises(Exception, match=r"read.?only"):
                await store.fetch("DELETE FROM toy_note")

    asyncio.run(run())


def test_fetch_sees_what_was_written_before(opened):
    async def run() -> None:
        async with toys(opened) as store:
            for number in range(1, 20):
                await store.write(put, number)
                assert await store.fetch("SELECT count(*) FROM toy_note") == [(number,)]

    asyncio.run(run())


UNCLEAN = "単\0三\ud83d電池\udc00"


def test_nul_and_lone_surrogates_are_removed_whatever_way_they_come(opened):
    def save(db: Session) -> None:
        db.execute(insert(note).values(id=1, text=UNCLEAN, data={UNCLEAN: [UNCLEAN, "\\u0000"]}))
        db.execute(insert(note), [{"id": 2, "text": UNCLEAN}, {"id": 3, "text": UNCLEAN}])
        db.execute(text("INSERT INTO toy_note (id, text) VALUES (4, :t)"), {"t": UNCLEAN})
        db.add_all([Card(name=UNCLEAN), Card(name="別" + UNCLEAN)])

    def texts(db: Session) -> tuple[set[str], object, set[str]]:
        return (
            set(db.execute(select(note.c.text)).scalars()),
            db.execute(select(note.c.data).where(note.c.id == 1)).scalar_one(),
            set(db.execute(select(Card.name)).scalars()),
        )

    async def run() -> None:
        async with toys(opened) as store:
            await store.write(save)
            clean = "単三電池"
            assert await store.read(texts) == (
                {clean},
                {clean: [clean, "\\u0000"]},
                {clean, "別" + clean},
            )

    asyncio.run(run())


def test_clean_text_keeps_everything_else():
    assert clean_text("絵文字 👨‍👩‍👧 と\n改行") == "絵文字 👨‍👩‍👧 と\n改行"
    assert clean_text("a\0b") == "ab"
    assert clean_json(["\0\0", "\\\0", "\\u0000"]) == '["","\\\\","\\\\u0000"]'


def test_a_unit_has_no_commit_of_its_own(opened):
    def commits(db: Session) -> None:
        put(db, 1)
        db.commit()

    async def run() -> None:
        async with toys(opened) as store:
            with pytest.raises(RuntimeError, match="leave out"):
                await store.write(commits)
            assert await store.read(numbers) == []

    asyncio.run(run())


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, StopIteration])
def test_what_a_plugin_raises_does_not_end_the_store(database, opened, kind):
    def bad(db: Session) -> None:
        raise kind

    async def fate(unit: Any) -> str:
        try:
            await unit
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            return type(error).__name__
        return "nothing"

    async def run() -> None:
        async with toys(opened) as store:
            expected = "RuntimeError" if kind is StopIteration else kind.__name__
            assert await fate(store.write(bad)) == expected
            assert await fate(store.read(bad)) == expected
            assert await store.write(put, 1) == 1

    asyncio.run(run())


def test_a_cancelled_caller_leaves_nothing_behind_sqlite(tmp_path):
    running, go_on = threading.Event(), threading.Event()

    def slow(db: Session) -> None:
        put(db, 1)
        running.set()
        go_on.wait()

    async def run() -> None:
        async with toys(open_store, path=tmp_path / "main.sqlite") as store:
            first = asyncio.create_task(store.write(slow))
            second = asyncio.create_task(store.write(put, 2))
            third = asyncio.create_task(store.write(put, 3))
            await asyncio.to_thread(running.wait)
            first.cancel()
            second.cancel()
            go_on.set()
            await third
            assert await store.read(numbers) == [3]

    asyncio.run(run())


def test_a_cancelled_caller_leaves_nothing_behind_postgres(postgres):
    def slow(db: Session) -> None:
        put(db, 1)
        db.execute(text("SELECT pg_sleep(60)"))

    async def run() -> None:
        async with toys(open_store, url=postgres) as store:
            unit = asyncio.create_task(store.write(slow))
            while not await store.fetch(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()",
                "SELECT pg_sleep%",
            ):
                await asyncio.sleep(0.01)
            unit.cancel()
            with pytest.raises(asyncio.CancelledError):
                await unit
            assert await store.write(put, 2) == 2
            assert await store.read(numbers) == [2]

    asyncio.run(run())


def test_the_label_says_whose_code_runs(opened):
    seen: list[str | None] = []

    def look(db: Session) -> str | None:
        return seen[-1]

    async def run() -> None:
        async with toys(opened, on_unit=seen.append) as store:
            assert await store.write(look, label="garbage_bot") == "garbage_bot"
            assert seen[-1] is None
            assert await store.write(look) is None

    asyncio.run(run())


def test_a_slow_unit_is_named_once(opened, caplog):
    def dawdle(db: Session) -> None:
        threading.Event().wait(0.11)

    async def run() -> None:
        async with toys(opened) as store:
            caplog.clear()
            await store.write(dawdle, label="booking")

    with caplog.at_level(logging.WARNING, "madoguchi.store"):
        asyncio.run(run())
    warnings = [record.getMessage() for record in caplog.records if "unit" in record.getMessage()]
    assert len(warnings) == 1
    assert "dawdle" in warnings[0]
    assert "booking" in warnings[0]


def test_a_second_writer_is_refused(tmp_path):
    path = tmp_path / "main.sqlite"

    async def run() -> None:
        async with toys(open_store, path=path) as store:
            with pytest.raises(StoreLocked, match=f"written by process {os.getpid()};"):
                await open_store(path=path).start()
            code = (
                "import asyncio, sys\nfrom pathlib import Path\n"
                "from madoguchi.store import StoreLocked, open_store\n"
                "try: asyncio.run(open_store(path=Path(sys.argv[1])).start())\n"
                "except StoreLocked as error: sys.exit(str(error))"
            )
            other = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", code, str(path)), stderr=subprocess.PIPE
            )
            _, said = await other.communicate()
            assert f"written by process {os.getpid()};" in said.decode()

            await store.write(put, 1)
            async with started(open_store(path=path, read_only=True)) as beside:
                assert await beside.read(numbers) == [1]
                with pytest.raises(StoreUnavailable, match="reading only"):
                    await beside.write(put, 2)
        async with started(open_store(path=path)) as store:
            assert await store.write(put, 2) == 2

    asyncio.run(run())


WRITES_FOR_EVER = """
import asyncio, itertools, sys
from pathlib import Path
from sqlalchemy import text
from madoguchi.store import open_store

def put(db, n):
    db.execute(text("INSERT INTO toy_note (id, text) VALUES (:n, 'x')"), {"n": n})

async def run(place):
    store = open_store(url=place) if "://" in place else open_store(path=Path(place))
    await store.start()
    async def lane(first):
        for n in itertools.count(first, 4):
            await store.write(put, n)
            print(n, flush=True)
    await asyncio.gather(*(lane(first) for first in range(1, 5)))

asyncio.run(run(sys.argv[1]))
"""


def test_kill_9_loses_nothing_that_was_acknowledged(database, opened):
    async def prepare() -> None:
        async with toys(opened):
            pass

    async def look() -> list[int]:
        async with started(opened()) as store:
            return await store.read(numbers)

    asyncio.run(prepare())
    for wanted in (20, 150):
        with subprocess.Popen(
            [sys.executable, "-c", WRITES_FOR_EVER, str(database)], stdout=subprocess.PIPE
        ) as writing:
            assert writing.stdout is not None
            acknowledged = list(itertools.islice(writing.stdout, wanted))
            writing.send_signal(signal.SIGKILL)
            acknowledged += list(writing.stdout)
        told = {int(line) for line in acknowledged if line.endswith(b"\n")}
        assert len(told) >= wanted
        assert told <= set(asyncio.run(look()))

        async def empty() -> None:
            async with started(opened()) as store:
                await store.write(lambda db: db.execute(text("DELETE FROM toy_note")) and None)

        asyncio.run(empty())


def test_a_unit_waits_for_a_lock_and_gives_up_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(store_sqlite, "WRITER_BUSY_SECONDS", 0.05)
    path = tmp_path / "main.sqlite"

    async def run() -> None:
        async with toys(open_store, path=path) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked, after 5 attempts"):
                await store.write(put, 1)
            waiting = asyncio.create_task(store.write(put, 2))
            await asyncio.sleep(0.06)
            other.execute("ROLLBACK")
            other.close()
            assert await waiting == 2
            assert await store.read(numbers) == [2]

    asyncio.run(run())


@pytest.mark.parametrize(
    "statement", ["ROLLBACK", "INSERT OR ROLLBACK INTO toy_note (id) VALUES (0)"]
)
def test_a_unit_that_ends_the_shared_transaction_harms_itself_alone(tmp_path, statement):
    def ends_it(db: Session) -> None:
        db.connection().exec_driver_sql(statement)

    async def run() -> None:
        async with toys(open_store, path=tmp_path / "main.sqlite") as store:
            await store.write(put, 0)
            units = [store.write(ends_it) if n == 10 else store.write(put, n) for n in range(1, 21)]
            results = await asyncio.gather(*units, return_exceptions=True)
            assert [n for n, one in enumerate(results, 1) if isinstance(one, Exception)] == [10]
            assert await store.read(numbers) == [n for n in range(21) if n != 10]

    asyncio.run(run())


def test_the_writer_beats_while_it_is_idle(opened):
    async def run() -> None:
        async with started(opened()) as store:
            first = store.last_write_beat
            async with asyncio.timeout(30):
                while store.last_write_beat == first:
                    await asyncio.sleep(0.05)
            assert store.last_write_beat > first

    asyncio.run(run())


def test_deadlocks_are_repeated(postgres):
    async def run() -> None:
        async with toys(open_store, url=postgres) as store:
            await store.write(lambda db: db.execute(insert(counter).values(id=2, n=0)) and None)

            def both(db: Session, first: int, second: int) -> None:
                for number in (first, second):
                    db.execute(
                        update(counter).where(counter.c.id == number).values(n=counter.c.n + 1)
                    )
                    db.execute(text("SELECT pg_sleep(0.2)"))

            await asyncio.gather(store.write(both, 1, 2), store.write(both, 2, 1))
            assert await store.fetch("SELECT n FROM toy_counter") == [(2,), (2,)]

    asyncio.run(run())


def test_connections_that_the_server_ended_are_replaced(postgres):
    def end_all(db: Session) -> None:
        db.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    async def run() -> None:
        async with (
            toys(open_store, url=postgres) as store,
            started(open_store(url=postgres)) as other,
        ):
            await asyncio.gather(*(store.write(put, n) for n in range(1, 9)))
            await store.fetch("SELECT 1")
            await other.write(end_all)
            assert await store.write(put, 9) == 9
            await other.write(end_all)
            assert await store.read(numbers) == list(range(1, 10))
            assert await store.fetch("SELECT max(id) FROM toy_note") == [(9,)]

    asyncio.run(run())


def test_a_commit_whose_outcome_is_unknown_is_not_repeated(postgres):
    runs = []

    def cut_off(db: Session) -> None:
        # The deferred trigger ends our own connection in the middle of COMMIT.
        runs.append(1)
        put(db, len(runs))

    trigger = (
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON toy_note"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()",
    )

    async def run() -> None:
        async with toys(open_store, url=postgres) as store:
            for statement in trigger:
                await store.write(lambda db, sql=statement: db.execute(text(sql)) and None)
            with pytest.raises(OutcomeUnknown, match="during COMMIT"):
                await store.write(cut_off)
            assert len(runs) == 1
            assert await store.read(numbers) == []

    asyncio.run(run())


def test_a_database_that_does_not_answer():
    async def run() -> None:
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1/") as caught:
            await open_store(url="postgresql://city:secret@127.0.0.1:1/mihon").start()
        assert "secret" not in str(caught.value)

    asyncio.run(run())


def test_a_store_is_used_between_start_and_close(opened):
    async def run() -> None:
        store = opened()
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.fetch("SELECT 1")
        async with started(store):
            assert await store.fetch("SELECT 1") == [(1,)]
        for call in (store.read(numbers), store.write(put, 1), store.fetch("SELECT 1")):
            with pytest.raises(StoreUnavailable, match="not open"):
                await call

    asyncio.run(run())


def test_close_finishes_the_units_that_wait(opened):
    async def run() -> None:
        store = opened()
        await store.start()
        await store.write(make)
        units = asyncio.gather(*(store.write(put, n) for n in range(1, 101)))
        await asyncio.sleep(0)
        if store.dialect == "postgresql":
            await units
        await store.close()
        assert len(await units) == 100
        async with started(opened()) as again:
            assert len(await again.read(numbers)) == 100

    asyncio.run(run())


@pytest.mark.parametrize("options", [{}, {"path": Path("x"), "url": "postgresql://x"}])
def test_open_store_needs_one_place(options):
    with pytest.raises(TypeError, match="either path="):
        open_store(**options)


def test_times_are_aware_and_come_back_in_utc(opened):
    jst = timezone(timedelta(hours=9))
    times = [datetime(2026, 4, 1, 9, tzinfo=jst), datetime(2026, 4, 1, 0, 0, 0, 1, tzinfo=UTC)]

    def save(db: Session) -> None:
        db.execute(insert(note), [{"id": n, "at": at} for n, at in enumerate(times)])

    def naive(db: Session) -> None:
        db.execute(insert(note).values(id=9, at=datetime(2026, 4, 1)))

    def load(db: Session) -> list[datetime]:
        late = select(note.c.at).where(note.c.at >= times[0]).order_by(note.c.at.desc())
        return list(db.execute(late).scalars())

    async def run() -> None:
        async with toys(opened) as store:
            await store.write(save)
            loaded = await store.read(load)
            assert loaded == times[::-1]
            assert all(at.tzinfo is UTC for at in loaded)
            assert await store.fetch("SELECT id FROM toy_note WHERE at > $1", times[0]) == [(1,)]
            with pytest.raises(StatementError, match="no time zone"):
                await store.write(naive)

    asyncio.run(run())


def test_constraints_have_the_same_names_everywhere():
    assert next(iter(Base.metadata.tables["orm_card"].primary_key.columns)).name == "id"
    assert {str(c.name) for c in Base.metadata.tables["orm_card"].constraints} == {
        "pk_orm_card",
        "uq_orm_card_name",
    }
