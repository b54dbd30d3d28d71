"""From the inbox to the dispatcher: what waits, is repeated, is set aside, is found again."""

import asyncio
import shutil
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy.orm import Session

from madoguchi.arrivals import Arrival, SqliteReader
from madoguchi.clock import Clock
from madoguchi.feed import ATTEMPTS, Feed
from madoguchi.inbox import split
from madoguchi.inbox_sqlite import SqliteInbox
from madoguchi.lanes import Lanes
from madoguchi.store import Store, StoreUnavailable, open_store
from madoguchi.tables import attempt
from madoguchi.tables import handled as handled_table
from madoguchi.testing import LoopThread, TestResident, Town, until

TOY = """
import threading
from madoguchi import Fit, Offer, hookimpl

seen, started, gate = [], threading.Event(), threading.Event()

@hookimpl
def offer_for_message(text):
    seen.append(text)
    if text == "待つ":
        return Offer(wait, Fit.EXACT, "待つ")
    if text == "すぐ":
        return Offer(lambda ctx: "はい", Fit.EXACT, "すぐ")

def wait(ctx):
    started.set()
    gate.wait(20)
    return "お待たせしました"
"""


# -- the feed alone, over a real inbox and a real store -------------------------------------------


async def stored(folder: Path, *people: str) -> list[str]:
    """Put one event of each of these residents into the inbox; their ids."""
    events = ",".join(
        f'{{"webhookEventId":"01FEED{n}","source":{{"userId":"{who}"}}}}'
        for n, who in enumerate(people)
    )
    rows = split(f'{{"events":[{events}]}}'.encode(), time.time())
    inbox = SqliteInbox(folder / "inbox.sqlite", folder / "main.sqlite")
    await inbox.open()
    await inbox.store(rows)
    await inbox.close()
    return [row.event_id for row in rows]


async def feeding(
    folder: Path,
    handle: Callable[[Arrival], Awaitable[bool]],
    done: Callable[[Store, Feed], Awaitable[None]],
) -> None:
    """Run a feed over the inbox in `folder` until `done` returns."""
    store = open_store(path=folder / "main.sqlite")
    await store.start()
    lanes = Lanes(store, "a worker", True, Clock())
    reader = SqliteReader(folder / "inbox.sqlite")
    feed = Feed(reader, store, lanes, handle, time.time)
    holding = await lanes.renew()
    await feed.recover(holding.taken)
    running = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(20):
            await done(store, feed)
    finally:
        await feed.drain(5)
        running.cancel()
        reader.close()
        await store.close()


@pytest.fixture
def folder(tmp_path: Path, migrated: Path) -> Path:
    shutil.copy(migrated, tmp_path / "main.sqlite")
    return tmp_path


def test_a_fault_of_the_gateway_is_tried_a_few_times_and_then_set_aside(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Meanwhile the resident's next event waits, and others' do not."""
    handled: list[str] = []

    async def handle(row: Arrival) -> bool:
        handled.append(row.event_id)
        if row.event_id == "01FEED0":
            raise RuntimeError("broken on purpose")
        return True

    async def done(store: Store, feed: Feed) -> None:
        for event_id in ("01FEED0", "01FEED1", "01FEED2"):
            await feed.wait_for(event_id)
        outcome = "SELECT outcome FROM handled WHERE event_id = $1"
        assert await store.fetch(outcome, "01FEED0") == [("set aside",)]
        tries = "SELECT attempts, set_aside FROM attempt WHERE event_id = $1"
        ((attempts, set_aside),) = await store.fetch(tries, "01FEED0")
        assert (attempts, bool(set_aside)) == (ATTEMPTS + 1, True)

    async def run() -> None:
        await stored(folder, "U1", "U1", "U2")
        await feeding(folder, handle, done)

    asyncio.run(run())
    assert handled.count("01FEED0") == ATTEMPTS
    assert handled.index("01FEED2") < handled.index("01FEED1")
    assert handled[-1] == "01FEED1"
    assert "madoguchi inbox retry 01FEED0" in caplog.text


def test_what_may_have_ended_a_worker_again_runs_alone(folder: Path) -> None:
    """Otherwise the next death would count against all that happened to be under way."""
    people = [f"U{n}" for n in range(4)]
    under_way: set[str] = set()
    most: list[int] = []

    async def handle(row: Arrival) -> bool:
        under_way.add(row.event_id)
        most.append(len(under_way))
        await asyncio.sleep(0.05)
        under_way.remove(row.event_id)
        return True

    async def done(store: Store, feed: Feed) -> None:
        for n in range(len(people)):
            await feed.wait_for(f"01FEED{n}")

    async def run(tried: int) -> int:
        most.clear()
        await reset(folder, await stored(folder, *people), tried)
        await feeding(folder, handle, done)
        return max(most)

    assert asyncio.run(run(0)) > 1
    assert asyncio.run(run(1)) == 1


async def reset(folder: Path, ids: Sequence[str], tried: int) -> None:
    """As if each of these events were not handled, and so often the worker had died over them."""
    store = open_store(path=folder / "main.sqlite")
    await store.start()

    def change(db: Session) -> None:
        db.execute(handled_table.delete())
        db.execute(attempt.delete())
        if tried:
            rows = [{"event_id": one, "attempts": tried, "at": 1.0} for one in ids]
            db.execute(attempt.insert(), rows)

    await store.write(change)
    await store.close()


def test_a_database_that_is_away_for_a_moment_costs_nothing(folder: Path) -> None:
    tries: list[Arrival] = []

    async def handle(row: Arrival) -> bool:
        tries.append(row)
        if len(tries) == 1:
            raise StoreUnavailable("away for a moment")
        return True

    async def run() -> None:
        await stored(folder, "U1")
        await feeding(folder, handle, lambda store, feed: feed.wait_for("01FEED0"))

    asyncio.run(run())
    assert len(tries) == 2
    assert tries[1].maybe_tried  # its reply token may be used up: never pushed after that


def test_what_a_dead_worker_may_have_answered_is_known(folder: Path) -> None:
    """A lease that had not ended when the event came: the token may have been tried."""
    seen: list[Arrival] = []

    async def handle(row: Arrival) -> bool:
        seen.append(row)
        return True

    async def run() -> None:
        store = open_store(path=folder / "main.sqlite")
        await store.start()
        await Lanes(store, "the dead one", True, Clock()).renew()
        await store.close()
        await stored(folder, "U1")
        await feeding(folder, handle, lambda store, feed: feed.wait_for("01FEED0"))

    asyncio.run(run())
    assert [(row.recovered, row.maybe_tried) for row in seen] == [(True, True)]


def test_before_the_door_has_opened_the_inbox_there_is_nothing(tmp_path: Path) -> None:
    async def look() -> None:
        reader = SqliteReader(tmp_path / "inbox.sqlite")
        assert await reader.after(0, [1], 5) == []
        assert await reader.pending(0, [1], 5) == []
        assert await reader.newest() == 0
        assert await reader.find("01FEED0") is None
        await stored(tmp_path, "U1", "U2", "U3")
        every = range(64)
        assert [row.seq for row in await reader.after(1, every, 5)] == [2, 3]
        assert [row.seq for row in await reader.pending(0, every, 2)] == [1, 2]
        assert await reader.newest() == 3
        found = await reader.find("01FEED1")
        assert found is not None
        assert found.seq == 2
        reader.close()

    asyncio.run(look())


# -- in a town ------------------------------------------------------------------------------------


@pytest.fixture
def town(install_plugin: Callable[..., str], make_town: Callable[..., Town]) -> Town:
    install_plugin("toy", TOY)
    return make_town(plugins={"toy": {}})


def toy() -> Any:
    return sys.modules["toy_under_test"]


def begin(town: Town, who: TestResident, text: str) -> str:
    """Say something without waiting for the answer; the event's id."""
    said = town.wait(town.simulator.send_message(who.user_id, {"type": "text", "text": text}))
    assert said["status"] == 200
    return str(said["webhookEventId"])


def bot(who: TestResident) -> list[str]:
    """What the bot said after the greeting."""
    return [entry["message"]["text"] for entry in who.chat() if entry["from"] == "bot"][1:]


def test_r18_one_residents_slow_event_holds_only_their_own(town: Town) -> None:
    taro, hanako = TestResident(town, "太郎"), TestResident(town)
    events = [begin(town, taro, "待つ"), begin(town, taro, "すぐ")]
    assert toy().started.wait(10)
    assert hanako.says("すぐ") == ["はい"]
    assert bot(taro) == []
    toy().gate.set()
    for event in events:
        town.wait(town.running.feed.wait_for(event))
    assert bot(taro) == ["お待たせしました", "はい"]


def test_a_worker_that_stops_finishes_what_it_has_begun_and_leaves_the_rest(town: Town) -> None:
    taro = TestResident(town)
    begin(town, taro, "待つ")
    rest = begin(town, taro, "すぐ")
    assert toy().started.wait(10)
    stopping = threading.Thread(target=town.stop_worker)
    stopping.start()
    until(lambda: bool(town.running.feed._leaving))
    toy().gate.set()
    stopping.join(20)
    assert bot(taro) == ["お待たせしました"]
    town.start_worker()
    town.wait(town.running.feed.wait_for(rest))
    assert bot(taro) == ["お待たせしました", "はい"]


def test_without_redis_the_worker_polls(
    tmp_path: Path,
    loop_thread: LoopThread,
    migrated: Path,
    install_plugin: Callable[..., str],
) -> None:
    install_plugin("toy", TOY)
    nowhere = f"unix://{tmp_path}/nobody.sock"
    with Town(tmp_path, loop_thread, nowhere, {"toy": {}}, {}, template=migrated) as town:
        taro = town.wait(town.simulator.add_resident("太郎", follow="before"))
        for _ in range(2):
            said = town.simulator.send_message(taro, {"type": "text", "text": "すぐ"})
            assert town.wait(said)["status"] == 200
        chat = town.simulator.chats
        until(lambda: len(town.call(chat.entries, taro, 0)) == 4)


def test_an_event_that_was_set_aside_is_seen_and_runs_again_when_somebody_asks(
    town: Town, redis_url: str
) -> None:
    taro = TestResident(town)
    town.stop_worker()
    event = begin(town, taro, "すぐ")
    add_attempts(town, event)
    town.start_worker()
    town.wait(town.running.feed.wait_for(event))
    assert toy().seen == []
    outcome = f"SELECT outcome FROM handled WHERE event_id = '{event}'"
    assert town.wait(town.running.store.fetch(outcome)) == [("set aside",)]
    time.sleep(0.6)  # the door copies marks every quarter of a second
    assert pending(town) == [event]
    redis = Redis.from_url(redis_url)
    redis.publish(f"{town.name}:retry", event)
    redis.close()
    until(lambda: bot(taro) == ["はい"])
    until(lambda: pending(town) == [])


def add_attempts(town: Town, event: str) -> None:
    """As if the worker had died three times while it handled this event."""

    async def add() -> None:
        store = open_store(path=town.folder / town.name / "main.sqlite")
        await store.start()
        values = {"event_id": event, "attempts": ATTEMPTS, "at": 1.0}
        await store.write(lambda db: db.execute(attempt.insert().values(**values)))
        await store.close()

    town.wait(add())


def pending(town: Town) -> list[str]:
    rows = town.wait(town.running.services.reader.pending(0, range(64), 100))
    return [row.event_id for row in rows]
