"""One event, one unit: what is written together, slow handlers, and what waited for the worker."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from madoguchi.line import retry_key
from madoguchi.plugins import Plugin
from madoguchi.testing import TestResident, Town, until

APOLOGY = "0100-00-0000"


def select(town: Town, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the gateway's database, when everything that happened is in it."""
    town.wait(town.running.journal.flush())
    return [tuple(row) for row in town.wait(town.running.store.fetch(sql))]


def begin(town: Town, who: TestResident, text: str) -> str:
    """Say something without waiting for the answer; the event's id."""
    said = town.wait(town.simulator.send_message(who.user_id, {"type": "text", "text": text}))
    assert said["status"] == 200
    return str(said["webhookEventId"])


def finish(town: Town, *events: str) -> None:
    for event in events:
        town.wait(town.running.feed.wait_for(event))


def answers(who: TestResident) -> list[tuple[str, str]]:
    """`(via, text)` of everything the bot said after the greeting."""
    bot = [entry for entry in who.chat() if entry["from"] == "bot"]
    return [(entry["via"], entry["message"]["text"]) for entry in bot][1:]


# -- units ----------------------------------------------------------------------------------------

WRITER = '''
"""Writes in the ways that its words say."""
import threading
from madoguchi import Fit, Offer, hookimpl
from madoguchi.tables import meta

seen, started, gate = [], threading.Event(), threading.Event()

@hookimpl
def offer_for_message(text):
    if handler := WORDS.get(text):
        return Offer(handler, Fit.EXACT, label=text)

@hookimpl
def register_postbacks():
    return {"tap": lambda ctx: f"押しました {ctx.args}"}

def save(db, value, reply):
    db.execute(meta.insert().values(key=f"writer {value}", value=value))
    if isinstance(reply, Exception):
        raise reply
    return reply

async def once(ctx):
    return await ctx.write(save, "once", "書きました")

async def twice(ctx):
    first = await ctx.write(save, "twice", "一度")
    try:
        await ctx.write(save, "twice again", "二度")
    except RuntimeError as error:
        seen.append(str(error))
    return first

async def broken(ctx):
    return await ctx.write(save, "broken", ValueError("no"))

async def too_long(ctx):
    return await ctx.write(save, "too long", "長" * 5001)

async def send(ctx):
    text = "長" * 5001 if ctx.event.text == "長く送る" else "お知らせ"
    def queue(db):
        save(db, ctx.event.text, None)
        return f"{ctx.send(db, [ctx.resident], text, key='news')}人"
    return await ctx.write(queue)

async def broken_later(ctx):
    await ctx.write(save, "later", "書いてあります")
    raise RuntimeError("after the unit")

async def one_by_one(ctx):
    return await ctx.write(save, ctx.event.id, "順に")

def wait(ctx):
    started.set()
    gate.wait(20)
    return "お待たせしました"

async def wait_and_write(ctx):
    import asyncio
    await asyncio.to_thread(wait, ctx)
    return await ctx.write(save, "slow", "お待たせして書きました")

WORDS = {"一回": once, "二回": twice, "失敗": broken, "長い": too_long, "あと": broken_later,
         "待つ": wait, "待って書く": wait_and_write, "順": one_by_one,
         "今": lambda ctx: "今です", "長く送る": send, "送る": send, "また送る": send,
         "悪い": lambda ctx: {"type": "text"}, "変": lambda ctx: 5, "無": lambda ctx: None}
'''


@pytest.fixture
def writer(install_plugin: Callable[..., str], make_town: Callable[..., Town]) -> Town:
    install_plugin("writer", WRITER)
    return make_town(plugins={"writer": {}})


def toy() -> Any:
    """The module of the plugin under test."""
    return sys.modules["writer_under_test"]


def written(town: Town) -> set[str]:
    return {row[0] for row in select(town, "SELECT value FROM meta WHERE key LIKE 'writer %'")}


def test_a_unit_is_the_plugins_rows_the_mark_and_the_reply_or_nothing(writer: Town) -> None:
    taro = TestResident(writer)
    done = begin(writer, taro, "一回")
    broken = [begin(writer, taro, word) for word in ("失敗", "長い")]
    finish(writer, done, *broken)
    texts = [text for _, text in answers(taro)]
    assert texts[0] == "書きました"
    assert all(APOLOGY in text for text in texts[1:])
    assert len(texts) == 3
    assert written(writer) == {"once"}
    outcomes = dict(select(writer, "SELECT event_id, outcome FROM handled"))
    assert outcomes[done] == "answered"
    assert [outcomes[event] for event in broken] == ["failed", "failed"]
    letters = select(writer, "SELECT event_id, kind, state FROM outgoing")
    assert letters == [(done, "reply", "accepted")]


def test_a_database_that_is_slow_for_everybody_is_no_plugins_fault(
    writer: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Plugin.run.__kwdefaults__, "limit", 0.3)
    taro, hanako = TestResident(writer), TestResident(writer, "花子")
    held = asyncio.run_coroutine_threadsafe(
        writer.running.store.write(lambda db: time.sleep(1.5)), writer._thread.loop
    )
    events = [begin(writer, taro, "一回"), begin(writer, hanako, "順")]
    held.result(20)
    finish(writer, *events)
    assert [answers(who)[0][1] for who in (taro, hanako)] == ["書きました", "順に"]


def test_a_second_write_for_one_event_raises(writer: Town) -> None:
    assert TestResident(writer).says("二回") == ["一度"]
    assert toy().seen == ["ctx.write was called before: one event is one unit"]
    assert written(writer) == {"twice"}


def test_what_was_written_stays_and_is_answered_whatever_the_handler_does_then(
    writer: Town,
) -> None:
    assert TestResident(writer).says("あと") == ["書いてあります"]
    assert written(writer) == {"later"}


def test_replies_that_cannot_be_sent_cost_an_apology_and_no_reply_is_none(writer: Town) -> None:
    taro = TestResident(writer)
    for word in ("悪い", "変"):
        (apology,) = taro.says(word)
        assert APOLOGY in str(apology)
    assert taro.says("無") == []


def test_what_line_would_refuse_is_never_queued_and_a_key_queues_once(writer: Town) -> None:
    """R38, of what a unit sends: nothing of the unit stays, and the resident is told."""
    taro = TestResident(writer)
    (apology,) = taro.says("長く送る")
    assert APOLOGY in str(apology)
    assert written(writer) == set()
    assert select(writer, "SELECT 1 FROM outgoing WHERE kind = 'push'") == []
    taro.says("送る")
    taro.says("また送る")
    until(lambda: ("push", "お知らせ") in answers(taro))
    assert [text for via, text in answers(taro) if via == "reply"][1:] == ["1人", "0人"]
    assert answers(taro).count(("push", "お知らせ")) == 1
    assert len(select(writer, "SELECT 1 FROM outgoing WHERE kind = 'push'")) == 1


# -- slow handlers --------------------------------------------------------------------------------


def test_a_handler_slower_than_a_second_shows_the_loading_animation(writer: Town) -> None:
    taro = TestResident(writer)
    event = begin(writer, taro, "待つ")
    assert toy().started.wait(10)
    until(lambda: writer.call(writer.simulator.chats.is_loading, taro.user_id))
    toy().gate.set()
    finish(writer, event)
    assert answers(taro) == [("reply", "お待たせしました")]
    assert not writer.call(writer.simulator.chats.is_loading, taro.user_id)


@pytest.mark.parametrize(
    ("word", "answer"),
    [("待つ", "お待たせしました"), ("待って書く", "お待たせして書きました")],
)
def test_r20_a_handler_slower_than_the_tokens_life_is_answered_by_push(
    writer: Town, word: str, answer: str
) -> None:
    """Once, with the retry key that is derived from the event (R24)."""
    taro = TestResident(writer)
    event = begin(writer, taro, word)
    assert toy().started.wait(10)
    writer.clock.move(61)
    toy().gate.set()
    finish(writer, event)
    assert answers(taro) == [("push", answer)]
    sends = writer.call(lambda: list(writer.simulator.book.sends()))
    keys = [send["retryKey"] for send in sends if send["endpoint"] == "push"]
    assert keys == [retry_key(event, "answer")]


# -- recovery -------------------------------------------------------------------------------------


def test_typed_text_that_waited_too_long_is_not_answered_but_a_tap_is(writer: Town) -> None:
    taro = TestResident(writer)
    writer.stop_worker()
    text = begin(writer, taro, "無")
    tapped = writer.wait(writer.simulator.tap(taro.user_id, "writer:tap?n=1"))
    writer.clock.move(601)
    writer.start_worker()
    finish(writer, text, tapped["webhookEventId"])
    assert answers(taro) == [("push", "押しました {'n': '1'}")]
    outcome = select(writer, f"SELECT outcome FROM handled WHERE event_id = '{text}'")
    assert outcome == [("too old",)]


def test_only_what_may_have_been_answered_before_a_crash_is_never_pushed_r20(writer: Town) -> None:
    """A unit's answer goes out after its commit: where no unit was committed, nothing was tried."""
    taro = TestResident(writer)
    writer.stop_worker()
    asked = [begin(writer, taro, word) for word in ("今", "順")]
    with closing(sqlite3.connect(writer.folder / writer.name / "main.sqlite")) as db, db:
        # As if a worker that died had held the lease when these events came.
        db.execute("UPDATE lane SET until = ?", (writer.clock.time() + 5,))
    writer.clock.move(61)
    writer.start_worker()
    finish(writer, *asked)
    assert answers(taro) == [("push", "順に")]


def test_typed_text_that_waited_a_little_is_answered_in_order(writer: Town) -> None:
    taro = TestResident(writer)
    writer.stop_worker()
    events = [begin(writer, taro, word) for word in ("一回", "順", "順")]
    writer.clock.move(590)
    writer.start_worker()
    finish(writer, *events)
    texts = ["書きました", "順に", "順に"]
    assert answers(taro) == [("push", text) for text in texts]
    assert written(writer) == {"once", *events[1:]}


def test_a_body_of_ten_events_is_answered_one_by_one(writer: Town) -> None:
    """R5, R18: one webhook, several residents, each one's order kept."""
    people = [TestResident(writer) for _ in range(3)]
    events = [
        {
            "type": "message",
            "mode": "active",
            "timestamp": int(writer.clock.time() * 1000),
            "webhookEventId": f"01BODY{number}",
            "source": {"type": "user", "userId": people[number % 3].user_id},
            "replyToken": f"token{number}",
            "message": {"type": "text", "id": str(number), "text": "順"},
        }
        for number in range(10)
    ]
    delivery = writer.wait(writer.simulator.send_raw_events(events))
    assert delivery.status == 200
    finish(writer, *(str(event["webhookEventId"]) for event in events))
    assert [len(answers(one)) for one in people] == [4, 3, 3]
    ids = select(writer, "SELECT value FROM meta WHERE key LIKE 'writer %' ORDER BY rowid")
    for place in range(3):
        own = [value for (value,) in ids if int(value[6:]) % 3 == place]
        assert own == sorted(own)
