"""Deliveries to many: each recipient once, and a ledger that adds up (design §8, R22 to R29)."""

import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from madoguchi import deliveries, residents
from madoguchi.deliveries import Ledger

MESSAGE = "お知らせです。"


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request, make_town):
    """A gateway on each database."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return make_town(**({"database_url": url} if url else {}))


def befriend(town, count):
    """So many friends, at LINE and with us: their ids of ours and of LINE's."""

    def add():
        found = town.simulator.residents
        added = [found.add(f"住民{n}", "ja", 0, friend=True) for n in range(count)]
        town.simulator._db.commit()
        return added

    friends = town.call(add)
    write(town, residents.take_in, friends, datetime.now(UTC))
    rows = town.wait(town.running.store.fetch("SELECT id, line_id FROM resident ORDER BY id"))
    return dict(rows)


def write(town, fn, *args, **named):
    return town.wait(town.running.store.write(fn, *args, **named))


def count(town, key) -> Ledger:
    return town.wait(town.running.store.read(deliveries.count, key))


def look(town, key):
    return town.wait(town.running.store.read(deliveries.look, key))


def freeze(town, key, ids, messages=MESSAGE, **named):
    work = deliveries.freeze_in_slices(town.running.store.write, key, list(ids), messages, **named)
    return town.wait(work)


def until(condition, patience=60.0):
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
    return found


def wait_for(town, key, *states):
    return until(lambda: (now := look(town, key)).state in states and now)


def received(town):
    """How often LINE accepted something for each user id."""
    sends = town.call(lambda: list(town.simulator.book.sends()))
    return Counter(who for send in sends for who in send["userIds"])


def faults(town, *rules):
    town.call(town.simulator.set_faults, list(rules))


def test_r22_r23_all_get_it_once_in_chunks_of_500(town):
    friends = befriend(town, 1203)
    frozen = freeze(town, "toy/1", friends)
    assert (frozen.state, frozen.frozen) == ("frozen", 1203)
    assert count(town, "toy/1") == Ledger(1203, 0, 1203, 0, 0)
    time.sleep(0.5)
    assert received(town) == {}, "it was not started"
    assert write(town, deliveries.start, "toy/1")
    assert not write(town, deliveries.start, "toy/1")
    wait_for(town, "toy/1", "done")
    assert count(town, "toy/1") == Ledger(1203, 1203, 0, 0, 0)
    assert received(town) == dict.fromkeys(friends.values(), 1)
    sends = town.call(lambda: list(town.simulator.book.sends()))
    assert [len(send["userIds"]) for send in sends] == [500, 500, 203]
    assert all(send["retryKey"] for send in sends)
    assert freeze(town, "toy/1", friends, "別の文").state == "done", "chosen once"
