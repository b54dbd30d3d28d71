"""One delivery to a crowd, while everything breaks: what the tests of deliveries look through."""

import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from madoguchi import deliveries, migrations, residents
from madoguchi.deliveries import Ledger
from madoguchi.store import open_store

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
        self.looks = 0

        def look():
            while not done.is_set():
                with suppress(Exception):  # the database itself may be away
                    ledger = self.count()
                    self.looks += 1
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
        assert self.looks
        assert not wrong, wrong[:5]

    def wait(self, *states, patience=240):
        end = time.monotonic() + patience
        while self.state() not in states:
            assert time.monotonic() < end, (self.state(), self.count())
            time.sleep(0.2)

    def close(self):
        if self._store is not None:
            self.city.thread.run(self._store.close())

    def tries(self):
        """How often a chunk was tried, all in all; and how many chunks there are."""
        return self.city.query("SELECT sum(tries), count(*) FROM chunk")[0]

    def check_all_once(self):
        assert self.count() == Ledger(self.size, self.size, 0, 0, 0)
        assert self.received() == dict.fromkeys(self.crowd, 1)
        assert not self.city.complaints()

    def figures(self):
        """What the run found, as a row of README.md."""
        received, (tries, chunks), ledger = self.received(), self.tries(), self.count()
        return [
            f"{self.size:,}",
            "PostgreSQL" if self.city.database_url else "SQLite",
            f"{chunks} / {tries}",
            f"{list(received.values()).count(1):,}",
            ledger.left_out + ledger.waiting,
            self.size - len(received) - ledger.left_out - ledger.waiting - ledger.unknown,
            sum(count > 1 for count in received.values()),
            f"{self.looks} / 0",
        ]
