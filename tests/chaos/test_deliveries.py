"""Deliveries to many while everything breaks: each recipient once, nobody missing (design §8).

The book of the simulated LINE says who got it; our own ledger has to add up at every look. With
`--slow --record` a run writes what it found into README.md.
"""

import random
import time
from datetime import UTC, datetime

import pytest

from madoguchi import deliveries

from .conftest import postgres
from .mailing import KEY, Mailing
from .record import write_row
from .server import PostgreSQL

MANY = 100_000


@pytest.fixture
def mail(request, deploy):
    """`mail(size, spread)`: a delivery, ready to be started; on PostgreSQL two workers share it."""
    made = []

    def make(size, spread=0.0, database="sqlite", url=None):
        if database == "postgresql":
            url = request.getfixturevalue("database_url")
        city = deploy(url)
        mailing = Mailing(city, size, spread)
        made.append(mailing)
        for name in ("worker-1", "worker-2") if url else ("worker-1",):
            city.start_worker(name)
        return mailing

    yield make
    for one in made:
        one.close()


@pytest.fixture
def found(request):
    """`found(what, mailing)`: a row of README.md, where the run is to write it."""
    began = time.monotonic()

    def record(what, mailing):
        figures = [what, *mailing.figures(), f"{time.monotonic() - began:.0f}"]
        print("\n  " + " | ".join(map(str, figures)))
        if request.config.getoption("--record") and mailing.size == MANY:
            write_row(figures)

    return record


@pytest.fixture
def own_postgresql():
    """A PostgreSQL server of this test's own, to be stopped and started."""
    server = PostgreSQL.find()
    if server is None:
        pytest.skip("the programs of a PostgreSQL server (initdb, pg_ctl) are not on this machine")
    with server:
        yield server


both = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)


def full(*values):
    """The numbers of the issue."""
    return pytest.param(MANY, *values, marks=pytest.mark.slow)


@both
@pytest.mark.parametrize(("size", "kills", "spread"), [(5_000, 3, 15.0), full(20, 60.0)])
def test_the_sending_process_is_killed_again_and_again(mail, found, database, size, kills, spread):
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
    found(f"`kill -9` of a sending process {kills} times, 10 % of the answers dropped", mailing)


@pytest.mark.parametrize(
    ("what", "fault", "share_of_time"),
    [
        pytest.param(
            "10 % taken, but the answer dropped",
            {"share": 0.1, "drop": True, "afterAccept": True},
            0,
            marks=pytest.mark.slow,
        ),
        ("30 % of the calls 429, a minute", {"share": 0.3, "status": 429}, 1),
        pytest.param("all calls 500, two minutes", {"status": 500}, 2, marks=pytest.mark.slow),
        (
            "30 % taken, but answered 503, a minute",
            {"share": 0.3, "status": 503, "afterAccept": True},
            1,
        ),
    ],
    ids=["answers dropped", "429", "500", "503 after it was taken"],
)
@pytest.mark.parametrize(("size", "seconds", "spread"), [(5_000, 2, 0.0), full(60, 60.0)])
def test_line_has_trouble(mail, found, what, fault, share_of_time, size, seconds, spread):
    mailing = mail(size, spread)
    mailing.city.faults({"endpoint": "multicast", **fault})
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        if share_of_time:
            time.sleep(seconds * share_of_time)
            mailing.city.faults()
        mailing.wait("done", patience=400)
    mailing.check_all_once()
    tries, chunks = mailing.tries()
    assert tries > chunks or size < MANY, "the trouble was met"
    found(what, mailing)


@pytest.mark.parametrize(("size", "spread"), [(5_000, 6.0), full(20.0)])
def test_redis_is_emptied_and_then_away(mail, found, size, spread):
    mailing = mail(size, spread)
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
    found("Redis emptied four times, then away for 3 s", mailing)


@pytest.mark.slow
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


@pytest.mark.parametrize(("size", "times", "spread"), [(5_000, 1, 6.0), full(5, 30.0)])
def test_the_postgresql_server_is_stopped_at_once_and_started(
    mail, found, own_postgresql, size, times, spread
):
    mailing = mail(size, spread, url=own_postgresql.url)
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        for _ in range(times):
            time.sleep(random.uniform(1, 3))
            own_postgresql.restart()
        mailing.wait("done")
    mailing.check_all_once()
    found(f"the PostgreSQL server stopped at once and started, {times} times", mailing)


@both
@pytest.mark.parametrize("size", [50_000, full()])
def test_200_times_paused_resumed_and_at_last_cancelled(mail, found, database, size):
    mailing = mail(size, 30.0, database)
    mailing.city.faults({"endpoint": "multicast", "share": 0.3, "delayMs": 200})
    with mailing.watched():
        mailing.write(deliveries.start, KEY)
        for _ in range(200):
            mailing.write(random.choice([deliveries.pause, deliveries.resume]), KEY)
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
    assert len(received) == ledger.sent < size
    assert ledger.unknown == 0
    found("paused and resumed 200 times at random, then cancelled", mailing)


def _seconds(earlier, later):
    return (datetime.fromisoformat(later) - earlier).total_seconds()


@pytest.mark.parametrize(
    ("size", "gone", "spread"),
    [(5_000, 200, 10.0), full(1_000, 60.0)],
)
def test_who_unfollows_in_the_middle_gets_no_chunk_that_starts_later(
    mail, found, size, gone, spread
):
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
    found(f"{gone:,} unfollow during the run", mailing)
