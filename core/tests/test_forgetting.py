"""How a SQLite file forgets, and how the door carries out what the worker orders."""

import asyncio
import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from madoguchi import forgetting, inbox_orders, migrations
from madoguchi.inbox import Row
from madoguchi.inbox_sqlite import SqliteInbox
from madoguchi.store import Store, open_store

ROWS = forgetting.SLICE * 2 + 50


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.sqlite*"))


def test_a_file_that_is_written_anew_holds_nothing_that_was_deleted(tmp_path: Path) -> None:
    chance, alive = random.Random(7), set()
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as db:
        db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON;"
            "CREATE TABLE t (id INTEGER PRIMARY KEY, key TEXT UNIQUE, content BLOB)"
        )
        db.execute("BEGIN")
        for number in range(4000):
            canary = f"CANARY{number:05}"
            key = f"{chance.random()}{canary}"
            size = chance.choice([10, 300, 900, 5000])
            db.execute("INSERT INTO t VALUES (?, ?, ?)", (number, key, f"{canary}{'x' * size}"))
            alive.add(number)
            if number % 2:
                gone = chance.choice(sorted(alive))
                db.execute("DELETE FROM t WHERE id = ?", (gone,))
                alive.remove(gone)
        db.execute("COMMIT")
        found = set(map(int, re.findall(rb"CANARY(\d{5})", content(tmp_path))))
        assert found > alive, "otherwise there would be nothing to do"
        assert forgetting.scrub(tmp_path / "a.sqlite")
    assert set(map(int, re.findall(rb"CANARY(\d{5})", content(tmp_path)))) == alive


def test_a_file_that_somebody_writes_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forgetting, "ATTEMPTS", 1)
    monkeypatch.setattr(forgetting, "BUSY", 0.05)
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t (id INTEGER)")
        db.execute("BEGIN IMMEDIATE")
        assert not forgetting.scrub(tmp_path / "a.sqlite")
        db.execute("ROLLBACK")
    assert "database is locked" in caplog.text
    assert forgetting.scrub(tmp_path / "a.sqlite")


def test_a_large_file_is_not_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forgetting, "SCRUB_MOST", 10)
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db:
        db.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t (id INTEGER)")
    assert not forgetting.scrub(tmp_path / "a.sqlite")
    assert "use PostgreSQL" in caplog.text


class Desk:
    """The door's file with many events, and the worker's store beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        main = folder / "main.sqlite"
        self.run(migrations.migrate(main))
        self.inbox = SqliteInbox(folder / "inbox.sqlite", main)
        self.store: Store = open_store(path=main)
        rows = [
            Row(f"E{n:04}", 1, f"{n}", False, float(n), b"CANARY%05d." % n) for n in range(ROWS)
        ]
        self.run(self.inbox.open())
        self.run(self.store.start())
        self.run(self.inbox.store(rows))

    def run(self, work: object) -> object:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    def orders(self, order: Callable[..., object], *given: object) -> None:
        """The worker orders, the door does it, the worker takes the order away."""
        self.run(self.store.write(order, *given))
        self.run(self.inbox.settle())
        keys = self.run(inbox_orders.find_carried_out(self.store))
        assert keys
        self.run(self.store.write(inbox_orders.drop_orders, keys))
        self.run(self.inbox.settle())
        assert self.run(inbox_orders.find_carried_out(self.store)) == []

    def left(self) -> list[str]:
        with closing(sqlite3.connect(self.folder / "inbox.sqlite")) as db:
            rows = db.execute("SELECT event_id FROM inbox WHERE raw IS NOT NULL ORDER BY seq")
            return [number for (number,) in rows]

    def close(self) -> None:
        self.run(self.inbox.close())
        self.run(self.store.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def test_more_events_than_fit_into_a_slice(desk: Desk) -> None:
    those = [f"E{n:04}" for n in range(0, ROWS, 2)] + ["UNKNOWN"]
    desk.orders(inbox_orders.forget_events, those)
    assert desk.left() == [f"E{n:04}" for n in range(1, ROWS, 2)]


def test_events_that_are_handled_go_by_age_in_slices(desk: Desk) -> None:
    def handle(db: object) -> None:
        from sqlalchemy import insert

        from madoguchi.tables import handled

        marks = [
            {"event_id": f"E{n:04}", "lane": 1, "outcome": "set aside", "at": 1.0}
            for n in range(ROWS)
            if n % 3
        ]
        db.execute(insert(handled), marks)  # type: ignore[attr-defined]

    desk.run(desk.store.write(handle))
    desk.orders(inbox_orders.forget_old, float(ROWS - 10), 1)
    assert desk.left() == [f"E{n:04}" for n in range(ROWS) if n % 3 == 0 or n >= ROWS - 10]


def test_webhooks_wait_while_the_file_is_written_anew_and_none_is_lost(desk: Desk) -> None:
    desk.run(desk.store.write(inbox_orders.order_scrub))

    async def beside() -> None:
        scrubbing = asyncio.create_task(desk.inbox.settle())
        for n in range(50):
            await desk.inbox.store([Row(f"N{n}", 1, None, False, 1.0, b"new")])
        await scrubbing

    desk.run(beside())
    assert len(desk.left()) == ROWS + 50


def test_an_order_of_a_restored_file_is_carried_out_although_its_number_was_given_before(
    desk: Desk,
) -> None:
    desk.orders(inbox_orders.forget_events, ["E0001"])
    desk.orders(inbox_orders.forget_events, ["E0002"])
    assert not {"E0001", "E0002"} & set(desk.left())
