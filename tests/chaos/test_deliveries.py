"""Deliveries to many while everything breaks: each recipient once, nobody missing (design §8).

The book of the simulated LINE says who got it; our own ledger has to add up at every look.
"""

import random
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from madoguchi import deliveries, migrations, residents
from madoguchi.deliveries import Ledger
from madoguchi.store import open_store

from .conftest import postgres

KEY = "tally/1"
TEXT = "市からのお知らせです。"


class Mailing:
    """One delivery to a crowd, seen from outside: through the database, and LINE's book."""

    def __init__(self, city, size, spread):
        self.city, self.size = city, size
        url = city.database_url
        path = city.folder / "data" / "mihon" / "main.sqlite"
        if url:
            self._store = open_store(url=url, clock=city.clock)
            city.thread.run(self._store.start())
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            city.thread.run(migrations.migrate(path), 60)
            self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

            @event.listens_for(self._engine, "connect")
            def _(connection, record):
                connection.isolation_level = None
                connection.execute("PRAGMA synchronous=OFF")

            @event.listens_for(self._engine, "begin")
            def _(connection):
                connection.exec_driver_sql("BEGIN IMMEDIATE")

            self._store = None
        self.crowd = city.thread.call(self._befriend)
        for at in range(0, size, 5_000):
            self.write(residents.take_in, self.crowd[at : at + 5_000], datetime.now(UTC))
        self.ids = [number for (number,) in city.query("SELECT id FROM resident ORDER BY id")]
        self.frozen(KEY, self.ids, spread)

    def _befriend(self):
        found = self.city.simulator.residents
        added = [found.add(f"住民{n}", None, 0, friend=True) for n in range(self.size)]
        self.city.simulator._db.commit()
        return added

    def frozen(self, key, ids, spread=0.0):
        token = self.write(deliveries.begin_freeze, key, TEXT, spread=spread)
        for at in range(0, len(ids), 2_500):
            self.write(deliveries.freeze_slice, key, token, ids[at : at + 2_500])
        self.write(deliveries.end_freeze, key, token)

    def write(self, fn, *args, **named):
        if self._store is not None:
            return self.city.thread.run(self._store.write(fn, *args, **named), 60)
        while True:
            try:
                with Session(self._engine, info={"clock": self.city.clock}) as db, db.begin():
                    return fn(db, *args, **named)
            except DBAPIError as error:
                if "locked" not in str(error):
                    raise

    def count(self) -> Ledger:
        return self.write(deliveries.count, KEY)

    def state(self):
        return self.write(deliveries.look, KEY).state

    def received(self, text=TEXT):
        sends = [send for send in self.city.book() if send["messages"][0]["text"] == text]
        return Counter(who for send in sends for who in send["userIds"])

    @contextmanager
    def watched(self):
        """Look all the time whether the ledger adds up."""
        wrong, done = [], threading.Event()

        def look():
            while not done.is_set():
                with suppress(Exception):  # the database itself may be away
                    ledger = self.count()
                    if not ledger.adds_up or ledger.frozen != self.size:
                        wrong.append(ledger)
                time.sleep(0.2)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        assert not wrong, wrong[:5]

    def wait(self, *states, patience=240):
        end = time.monotonic() + patience
        while self.state() not in states:
            assert time.monotonic() < end, (self.state(), self.count())
            time.sleep(0.2)

    def close(self):
        if self._store is not None:
            self.city.thread.run(self._store.close())

    def check_all_once(self):
        assert self.count() == Ledger(self.size, self.size, 0, 0, 0)
        assert self.received() == dict.fromkeys(self.crowd, 1)
        assert not self.city.complaints()


@pytest.fixture
def mail(request, deploy):
    """`mail(size, spread)`: a delivery, ready to be started; on PostgreSQL two workers share it."""
    made = []

    def make(size, spread=0.0, database="sqlite"):
        url = request.getfixturevalue("database_url") if database == "postgresql" else None
        city = deploy(url)
        mailing = Mailing(city, size, spread)
        made.append(mailing)
        for name in ("worker-1", "worker-2") if url else ("worker-1",):
            city.start_worker(name)
        return mailing

    yield make
    for one in made:
        one.close()


both = pytest.mark.parametrize("database", ["sqlite", "postgresql"])
FULL = pytest.param(100_000, 20, 60.0, marks=pytest.mark.slow)


@both
@pytest.mark.parametrize(("size", "kills", "spread"), [(5_000, 3, 15.0), FULL])
def test_the_sending_process_is_killed_again_and_again(mail, database, size, kills, spread):
    mailing = mail(size, spread, database)
    city = mailing.city
    city.faults(
        {"endpoint": "multicast", "share": 0.1, "drop": True, "afterAccept": True},
        {"endpoint": "multicast", "share": 0.5, "delayMs": 300},
    )
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        for _ in range(kills):
            time.sleep(random.uniform(0.2, 2))
            name = random.choice(list(city.processes.keys() - {"door"}))
            city.kill(name)
            city.start_worker(name)
        mailing.wait("done")
    mailing.check_all_once()


@pytest.mark.parametrize(
    "fault",
    [
        {"share": 0.1, "drop": True, "afterAccept": True},
        {"share": 0.3, "status": 429},
        {"status": 500},
        {"share": 0.3, "status": 503, "afterAccept": True},
    ],
    ids=["answers dropped", "429", "500", "503 after it was taken"],
)
@pytest.mark.parametrize(("size", "seconds"), [(5_000, 3), pytest.param(
    100_000, 60, marks=pytest.mark.slow)])  # fmt: skip
def test_line_has_trouble(mail, fault, size, seconds):
    mailing = mail(size)
    mailing.city.faults({"endpoint": "multicast", **fault})
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        time.sleep(seconds)
        if "drop" not in fault:
            mailing.city.faults()
        mailing.wait("done", patience=400)
    mailing.check_all_once()


def test_redis_is_emptied_and_then_away(mail):
    mailing = mail(10_000, 8.0)
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        for _ in range(4):
            time.sleep(0.3)
            mailing.city.empty_redis()
        mailing.city.stop_redis()
        time.sleep(3)
        mailing.city.start_redis()
        mailing.wait("done")
    mailing.check_all_once()


def test_connections_to_postgresql_break(mail):
    mailing = mail(10_000, 8.0, "postgresql")
    url = mailing.city.database_url
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        for _ in range(5):
            time.sleep(1)
            name = url.rpartition("/")[2]
            postgres(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{name}' AND pid <> pg_backend_pid()",
            )
        mailing.wait("done")
    mailing.check_all_once()


@both
def test_200_times_paused_resumed_and_at_last_cancelled(mail, database):
    mailing = mail(50_000, 0.0, database)
    mailing.city.faults({"endpoint": "multicast", "share": 0.3, "delayMs": 200})
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        for n in range(200):
            mailing.write(deliveries.resume if n % 2 else deliveries.pause, KEY)
            time.sleep(random.uniform(0, 0.02))
        time.sleep(0.3)
        mailing.write(deliveries.cancel, KEY)
        at = datetime.now(UTC)
        time.sleep(3)
        late = [one for one in mailing.city.book() if _seconds(at, one["at"]) > 2]
        assert late == [], "no call starts more than 2 s after the cancel"
        ledger = mailing.count()
        assert ledger.waiting == 0 or mailing.state() != "cancelled"
    received = mailing.received()
    assert set(received.values()) <= {1}
    assert len(received) == ledger.sent
    assert ledger.unknown == 0


def _seconds(earlier, later):
    return (datetime.fromisoformat(later) - earlier).total_seconds()


@pytest.mark.parametrize(
    ("size", "gone", "spread"),
    [(5_000, 200, 10.0), pytest.param(100_000, 1_000, 60.0, marks=pytest.mark.slow)],
)
def test_who_unfollows_in_the_middle_gets_no_chunk_that_starts_later(mail, size, gone, spread):
    mailing = mail(size, spread)
    city = mailing.city
    left = {}
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        time.sleep(1)

        async def leave():
            for who in random.sample(mailing.crowd, gone):
                await city.simulator.unfollow(who)
                left[who] = datetime.now(UTC)

        city.thread.run(leave(), 240)
        mailing.wait("done")
    ledger = mailing.count()
    assert ledger.adds_up
    assert ledger.left_out > 0
    for send in city.book():
        for who in send["userIds"]:
            if who in left:
                assert _seconds(left[who], send["at"]) <= 2
    received = mailing.received()
    assert set(received.values()) == {1}
    assert set(mailing.crowd) - set(received) <= set(left)
    assert len(received) == ledger.sent
