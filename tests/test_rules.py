"""LINE's rules, from the gateway's side: signed webhooks in, what the simulated LINE accepted out.

Rules that have their tests elsewhere are not repeated; the last test looks that none is forgotten.
"""

import ast
import asyncio
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from madoguchi.line import retry_key
from madoguchi.testing import TestResident, Town, until
from madoguchi.testing.resident import PHOTO

ROOT = Path(__file__).parents[1]
RULES = [*range(1, 15), 16, 17, 18, 20, 22, *range(24, 30), *range(37, 44), 47, 48]
RULES += [*range(53, 64), 68]
APOLOGY = "0100-00-0000"
TOY = """
import asyncio
import random
import threading
from datetime import timedelta
from madoguchi import Fit, Offer, hookimpl
from madoguchi.content import ContentGone, ContentMissing
from madoguchi.tables import meta, resident
from sqlalchemy import select

seen, photos, unsent, offers = [], [], [], []
started, hold, gate = threading.Event(), threading.Event(), threading.Event()

@hookimpl
def offer_for_message(message, text):
    offers.append(text)
    if message["type"] in ("image", "video"):
        return Offer(keep_photo, Fit.EXACT, "写真")
    if text.startswith("数 "):
        return Offer(count, Fit.PATTERN, "数")
    word = text.partition(" ")[0]
    if handler := {"知らせて": notify, "明日": notify, "待つ": wait, "返事": reply}.get(word):
        return Offer(handler, Fit.EXACT, text[:20], data=text.partition(" ")[2])

@hookimpl
def on_line_event(ctx, event):
    seen.append(event)

@hookimpl
def on_unsend(message_id):
    unsent.append(message_id)

async def keep_photo(ctx):
    started.set()
    if hold.is_set():
        await asyncio.to_thread(gate.wait, 20)
    try:
        async with ctx.fetch_content() as content:
            data = b"".join([chunk async for chunk in content])
    except (ContentGone, ContentMissing) as error:
        photos.append((type(error).__name__, None))
        return None
    photos.append((data, ctx.event.message.get("imageSet")))
    return "受け取りました"

async def count(ctx):
    await asyncio.sleep(random.random() / 200)
    return await ctx.write(note, ctx.resident.id, int(ctx.event.text[2:]))

def note(db, who, number):
    last = db.scalar(select(meta.c.value).where(meta.c.key == f"last {who}"))
    if last is None:
        db.execute(meta.insert().values(key=f"last {who}", value=str(number)))
    else:
        mine = meta.update().where(meta.c.key == f"last {who}")
        db.execute(mine.values(value=f"{last} {number}"))

async def notify(ctx):
    later = ctx.now + timedelta(days=1) if ctx.event.text == "明日" else None
    return await ctx.write(queue, ctx, later)

def queue(db, ctx, later):
    everybody = list(db.scalars(select(resident.c.id)))
    sent = ctx.send(db, everybody, "お知らせです", key="notice", not_before=later)
    return f"{sent}人に送ります"

def wait(ctx):
    started.set()
    gate.wait(20)
    return "お待たせしました"

REPLIES = {
    "six": ["1", "2", "3", "4", "5", "6"],
    "five": ["1", "2", "3", "4", "5"],
    "empty": "",
    "long": "あ" * 5001,
    "apples": "🍎" * 2501,
    "fourteen": {"type": "text", "text": "a", "quickReply": {"items": [{"type": "action",
        "action": {"type": "message", "label": "a", "text": "a"}}] * 14}},
    "flex": {"type": "flex", "altText": "a", "contents": {"type": "bubble", "body": {"type": "box",
        "layout": "vertical", "contents": [{"type": "text", "text": "あ" * 11_000}]}}},
    "data": {"type": "text", "text": "a", "quickReply": {"items": [{"type": "action",
        "action": {"type": "postback", "label": "a", "data": "d" * 301}}]}},
    "scheme": {"type": "text", "text": "a", "quickReply": {"items": [{"type": "action",
        "action": {"type": "uri", "label": "a", "uri": "javascript:alert(1)"}}]}},
    "http": {"type": "image", "originalContentUrl": "http://a.example/a.jpg",
             "previewImageUrl": "http://a.example/a.jpg"},
}

def reply(ctx):
    return REPLIES[ctx.offer.data]
"""


@pytest.fixture
def town(install_plugin: Callable[..., str], make_town: Callable[..., Town]) -> Town:
    install_plugin("toy", TOY)
    danger = {"words": ["火事"], "answer": "119へ"}
    return make_town(plugins={"toy": {}}, city={"danger": [danger]})


def toy() -> Any:
    """The module of the plugin under test."""
    return sys.modules["toy_under_test"]


def select(town: Town, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Rows of the gateway's database, when everything that happened is in it."""
    town.wait(town.running.journal.flush())
    return [tuple(row) for row in town.wait(town.running.store.fetch(sql, *params))]


def sends(town: Town, endpoint: str = "") -> list[dict[str, Any]]:
    """What LINE accepted, in order."""
    book = town.call(lambda: list(town.simulator.book.sends()))
    return [send for send in book if endpoint in ("", send["endpoint"])]


def deliver(town: Town, *events: dict[str, Any]) -> None:
    """Events as they are, in one webhook; returns when each is handled."""
    assert town.wait(town.simulator.send_raw_events(list(events))).status == 200
    for event in events:
        town.wait(town.running.feed.wait_for(event["webhookEventId"]))


def make(kind: str, number: int, user_id: str, at: float = 0, **members: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "mode": "active",
        "timestamp": int((at or time.time()) * 1000),
        "webhookEventId": f"01RULE{number:05d}",
        "source": {"type": "user", "userId": user_id},
        **members,
    }


def follows(town: Town, user_id: str) -> bool | None:
    rows = select(town, "SELECT follows FROM resident WHERE line_id = $1", user_id)
    return bool(rows[0][0]) if rows else None


def bot(who: TestResident) -> list[str]:
    """The texts that the bot sent after the greeting."""
    entries = [entry for entry in who.chat() if entry["from"] == "bot"]
    return [entry["message"].get("text", "") for entry in entries][1:]


# -- receiving ------------------------------------------------------------------------------------


def test_r3_the_webhook_is_answered_while_the_handler_still_works(town: Town) -> None:
    taro = TestResident(town)
    said = town.wait(town.simulator.send_message(taro.user_id, {"type": "text", "text": "待つ"}))
    assert said["status"] == 200
    assert toy().started.wait(10)
    assert bot(taro) == []
    toy().gate.set()
    town.wait(town.running.feed.wait_for(said["webhookEventId"]))
    assert bot(taro) == ["お待たせしました"]


def test_r7_r8_the_same_event_twice_at_once_and_redelivered_later_is_answered_once(
    town: Town,
) -> None:
    taro = TestResident(town)
    town.call(town.simulator.change_settings, {"duplicates": 1.0})
    assert taro.says("返事 five") == ["1", "2", "3", "4", "5"]
    event = town.call(town.simulator.webhooks.recent, 1)[0]["event"]
    again = {**event, "deliveryContext": {"isRedelivery": True}}
    deliver(town, again)
    assert bot(taro) == ["1", "2", "3", "4", "5"]
    assert toy().offers == ["返事 five"]


def test_r8_a_redelivered_event_that_never_arrived_is_handled(town: Town) -> None:
    taro = TestResident(town)
    message = {"id": "1", "type": "text", "text": "返事 five"}
    event = make("message", 1, taro.user_id, message=message, replyToken="t1")
    deliver(town, {**event, "deliveryContext": {"isRedelivery": True}})
    assert bot(taro) == ["1", "2", "3", "4", "5"]


def test_r9_an_older_unfollow_never_overwrites_a_newer_follow(town: Town) -> None:
    taro = TestResident(town, follow=False)
    now = town.clock.time()
    deliver(town, make("follow", 1, taro.user_id, now))
    deliver(town, make("unfollow", 2, taro.user_id, now - 5))
    assert follows(town, taro.user_id) is True
    deliver(town, make("unfollow", 3, taro.user_id, now + 5))
    deliver(town, make("follow", 4, taro.user_id, now + 4, replyToken="old"))
    assert follows(town, taro.user_id) is False
    assert len(sends(town)) == 1  # the late follow is not greeted


@pytest.mark.parametrize("first", ["follow", "unfollow"])
def test_r9_follow_and_unfollow_in_one_webhook_in_any_order(town: Town, first: str) -> None:
    taro = TestResident(town, follow=False)
    now = town.clock.time()
    followed = make("follow", 1, taro.user_id, now - 2)
    blocked = make("unfollow", 2, taro.user_id, now - 1)
    deliver(town, *([followed, blocked] if first == "follow" else [blocked, followed]))
    assert follows(town, taro.user_id) is False


def test_r10_in_standby_nothing_is_sent_and_the_state_is_kept(town: Town) -> None:
    taro, hanako = TestResident(town), TestResident(town, follow=False)
    town.call(town.simulator.change_settings, {"mode": "standby"})
    before = len(sends(town))
    assert taro.says("返事 five") == []
    assert taro.says("火事") == []
    assert hanako.follows() == []
    taro.blocks()
    assert len(sends(town)) == before
    assert toy().offers == []
    assert [event.mode for event in toy().seen] == ["standby"] * 3
    assert (follows(town, taro.user_id), follows(town, hanako.user_id)) == (False, True)


def test_r11_what_has_no_source_or_reply_token_is_noted_and_nothing_is_sent(town: Town) -> None:
    nobody = [
        {key: value for key, value in make(kind, n, "").items() if key != "source"}
        for n, kind in enumerate(("accountLink", "delivery", "module", "botSuspended"))
    ]
    group = {"source": {"type": "group", "groupId": "C1"}}
    deliver(town, *nobody, {**make("memberJoined", 9, ""), **group})
    assert [event.user_id for event in toy().seen] == [None] * 5
    assert sends(town) == []


def test_r12_unfollow_by_a_stranger_and_a_message_by_somebody_who_is_no_friend(
    town: Town,
) -> None:
    stranger = "U" + "9" * 32
    deliver(town, make("unfollow", 1, stranger))
    assert follows(town, stranger) is False
    assert sends(town) == []
    taro = TestResident(town, follow=False)
    assert taro.says("返事 five") == ["1", "2", "3", "4", "5"]


def test_r13_unsend_removes_unanswered_words_and_the_text_in_the_inbox(town: Town) -> None:
    taro = TestResident(town)
    for words in ("ひみつの話", "べつの話"):
        taro.says(words)
    number = next(e["messageId"] for e in taro.chat() if e["message"].get("text") == "ひみつの話")
    assert len(select(town, "SELECT 1 FROM unanswered")) == 2
    taro.unsends(number)
    assert [row[0] for row in select(town, "SELECT text FROM unanswered")] == ["べつの話"]
    assert toy().unsent == [number]
    files = (town.folder / town.name).glob("inbox.sqlite")
    assert all("ひみつ".encode() not in path.read_bytes() for path in files)


def test_r13_what_was_taken_back_before_it_was_handled_is_never_shown_to_a_plugin(
    town: Town,
) -> None:
    taro = TestResident(town)
    town.stop_worker()
    said = town.wait(town.simulator.send_message(taro.user_id, {"type": "text", "text": "ひみつ"}))
    gone = town.wait(town.simulator.unsend(taro.user_id, said["messageId"]))
    town.start_worker()
    for event in (said, gone):
        town.wait(town.running.feed.wait_for(event["webhookEventId"]))
    assert toy().offers == []
    assert toy().unsent == [said["messageId"]]
    assert bot(taro) == []


def test_r14_edited_messages_are_offered_with_their_times_and_not_answered(town: Town) -> None:
    """The largest timestamp is the message as it is; each version keeps its own event."""
    now = int(town.clock.time())
    group = {"source": {"type": "group", "groupId": "C1", "userId": "U1"}}
    edited = [
        {
            **make("messageEdited", n, "", now + n, replyToken=f"edit {n}"),
            **group,
            "message": {"id": "7", "type": "text", "text": f"{n}回目"},
        }
        for n in (2, 1)
    ]
    deliver(town, *edited)
    newest = max(toy().seen, key=lambda event: event.at)
    assert len(toy().seen) == 2
    assert (newest.at.timestamp(), newest.message["text"]) == (now + 2, "2回目")
    assert sends(town) == []


def test_r16_each_account_has_its_own_address_and_secret(
    install_plugin: Callable[..., str], make_town: Callable[..., Town]
) -> None:
    """The path chooses the channel; `destination` alone opens nothing."""
    north, south = make_town(name="kita"), make_town(name="minami")
    body = north.simulator.webhooks.body([make("follow", 1, "U1")])
    for destination in (b"Unknown", south.channel.bot_user_id.encode()):
        other = body.replace(north.channel.bot_user_id.encode(), destination)
        assert north.wait(north.simulator.send_raw_body(other)).status == 200
    signature = north.simulator.webhooks.sign(body)
    crossed = south.wait(south.simulator.send_raw_body(body, signature))
    assert crossed.status == 401
    assert follows(south, "U1") is None


def test_r18_each_residents_order_is_kept_while_residents_are_mixed(town: Town) -> None:
    people = [TestResident(town, f"住民{n}") for n in range(8)]
    town.call(town.simulator.change_settings, {"shuffle": "residents", "duplicates": 0.3})

    async def speak(who: TestResident) -> list[str]:
        events = []
        for number in range(12):
            message = {"type": "text", "text": f"数 {number}"}
            said = await town.simulator.send_message(who.user_id, message)
            events.append(said["webhookEventId"])
        return events

    async def speak_all() -> None:
        for events in await asyncio.gather(*map(speak, people)):
            for event in events:
                await town.running.feed.wait_for(event)

    town.wait(speak_all())
    found = select(town, "SELECT value FROM meta WHERE key LIKE 'last %'")
    assert found == [(" ".join(map(str, range(12))),)] * 8


# -- sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["six", "empty", "long", "apples", "fourteen", "flex", "data", "scheme", "http"]
)
def test_r22_r37_to_r43_what_breaks_a_limit_never_leaves(town: Town, name: str) -> None:
    """R22, R37, R38, R39, R40, R41, R42, R43: the resident gets the apology instead."""
    taro = TestResident(town)
    town.call(town.simulator.set_faults, [{"endpoint": "push", "share": 1, "status": 500}])
    (apology,) = taro.says(f"返事 {name}")
    assert APOLOGY in str(apology)
    assert [len(send["messages"]) for send in sends(town)] == [1, 1]


def test_r22_the_danger_number_and_five_messages_are_five(town: Town) -> None:
    assert TestResident(town).says("返事 five") == ["1", "2", "3", "4", "5"]
    assert TestResident(town).says("火事")[0] == "119へ"


def push_all(town: Town, word: str = "知らせて") -> TestResident:
    """A resident makes the plugin send to everybody."""
    sender = TestResident(town, "知らせる人")
    sender.says(word)
    return sender


def states(town: Town) -> list[str]:
    return [row[0] for row in select(town, "SELECT state FROM outgoing WHERE kind = 'push'")]


def tries(town: Town) -> list[int]:
    return [row[0] for row in select(town, "SELECT tries FROM outgoing WHERE kind = 'push'")]


def test_r24_every_push_has_its_derived_key_and_a_reply_has_none(town: Town) -> None:
    taro = TestResident(town)
    push_all(town)
    until(lambda: states(town) == ["accepted"] * 2)
    keys = {send["userIds"][0]: send["retryKey"] for send in sends(town, "push")}
    assert keys[taro.user_id] == retry_key("toy/notice", taro.user_id)
    assert len(set(keys.values())) == 2
    assert {send["retryKey"] for send in sends(town, "reply")} == {None}


@pytest.mark.parametrize("lost", [True, False])
def test_r25_after_a_5xx_the_same_bytes_go_out_with_the_same_key_and_arrive_once(
    town: Town, lost: bool
) -> None:
    """`lost`: LINE took it and only its answer was an error; the 409 that follows is a success."""
    fault = {"endpoint": "push", "status": 500, "times": 1, "afterAccept": lost}
    town.call(town.simulator.set_faults, [fault])
    push_all(town)
    until(lambda: tries(town) == [1])
    town.clock.move(10)
    until(lambda: states(town) == ["accepted"])
    assert [len(send["messages"]) for send in sends(town, "push")] == [1]


def test_r26_a_rate_limit_waits_and_then_it_goes_out(town: Town) -> None:
    fault = {"endpoint": "push", "status": 429, "times": 1}
    town.call(town.simulator.set_faults, [fault])
    push_all(town)
    until(lambda: tries(town) == [1])
    town.clock.move(10)
    until(lambda: states(town) == ["accepted"])


def test_r26_the_monthly_limit_is_not_tried_again(town: Town) -> None:
    town.call(town.simulator.change_settings, {"quota": 0})
    push_all(town)
    until(lambda: states(town) == ["refused"])
    town.clock.move(3600)
    assert states(town) == ["refused"]
    error = select(town, "SELECT error, tries FROM outgoing WHERE kind = 'push'")
    assert error == [("You have reached your monthly limit.", 1)]


def test_r28_who_has_blocked_the_account_gets_no_push(town: Town) -> None:
    taro = TestResident(town)
    taro.blocks()
    sender = push_all(town)
    assert bot(sender)[0] == "1人に送ります"
    until(lambda: states(town) == ["accepted"])
    assert [send["userIds"] for send in sends(town, "push")] == [[sender.user_id]]


def test_r28_who_blocks_after_a_push_was_queued_is_left_out(town: Town) -> None:
    taro = TestResident(town)
    sender = push_all(town, "明日")
    assert bot(sender) == ["2人に送ります"]
    taro.blocks()
    town.clock.move(86_401)
    until(lambda: sorted(states(town)) == ["accepted", "left out"])
    assert [send["userIds"] for send in sends(town, "push")] == [[sender.user_id]]


def test_r28_a_late_message_of_somebody_who_blocked_is_not_answered_by_push(town: Town) -> None:
    taro = TestResident(town)
    message = {"id": "1", "type": "text", "text": "返事 five"}
    event = make("message", 1, taro.user_id, town.clock.time() - 1, message=message)
    taro.blocks()
    deliver(town, event)  # without a token: nothing but a push could answer it
    assert sends(town, "push") == []


# -- media ----------------------------------------------------------------------------------------


def test_r47_content_is_fetched_from_line_at_once_also_when_it_takes_time(town: Town) -> None:
    taro = TestResident(town)
    assert taro.sends_photo() == ["受け取りました"]
    town.call(town.simulator.change_settings, {"transcodingSeconds": 0.6})
    files = [("film.mp4", "video/mp4", b"film" * 50_000)]
    sent = town.wait(town.simulator.send_files(taro.user_id, files))
    town.wait(town.running.feed.wait_for(sent[0]["webhookEventId"]))
    assert toy().photos == [(PHOTO, None), (b"film" * 50_000, None)]


def test_r47_the_address_of_an_external_image_is_not_fetched(town: Town) -> None:
    elsewhere = {"type": "external", "originalContentUrl": f"{town.platform}/sim/residents"}
    TestResident(town).sends({"type": "image", "contentProvider": elsewhere})
    assert toy().photos == [("ContentMissing", None)]


def test_r13_r47_content_that_was_taken_back_is_gone(town: Town) -> None:
    taro = TestResident(town)
    toy().hold.set()
    files = [("a.jpg", "image/jpeg", PHOTO)]
    (sent,) = town.wait(town.simulator.send_files(taro.user_id, files))
    assert toy().started.wait(10)
    gone = town.wait(town.simulator.unsend(taro.user_id, sent["messageId"]))
    toy().gate.set()
    for event in (sent, gone):
        town.wait(town.running.feed.wait_for(event["webhookEventId"]))
    assert toy().photos == [("ContentGone", None)]
    assert bot(taro) == []


def test_r48_images_of_a_set_are_separate_events_in_any_order(town: Town) -> None:
    taro = TestResident(town)
    town.call(town.simulator.change_settings, {"shuffle": "all"})
    files = [(f"{n}.jpg", "image/jpeg", PHOTO + bytes([n])) for n in range(4)]
    for sent in town.wait(town.simulator.send_files(taro.user_id, files)):
        town.wait(town.running.feed.wait_for(sent["webhookEventId"]))
    photos = toy().photos
    assert sorted(data[-1] for data, _ in photos) == [0, 1, 2, 3]
    assert len({image_set["id"] for _, image_set in photos}) == 1
    assert {image_set["total"] for _, image_set in photos} == {4}
    assert all(data[-1] + 1 == image_set["index"] for data, image_set in photos)


# -- no rule is forgotten -------------------------------------------------------------------------


def named_rules(file: Path) -> set[int]:
    """The rules that the tests of a file name, in their names or docstrings."""
    names = [
        f"{node.name} {ast.get_docstring(node) or ''}"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    found = re.findall(r"(?<![A-Za-z0-9])[Rr](\d+)(?!\d)", "\n".join(names))
    return {int(number) for number in found}


def test_every_rule_has_a_test_that_names_it() -> None:
    """The simulator's own tests do not count: they say what LINE does, not what we do."""
    files = [
        file
        for folder in ("core/tests", "messages/tests", "liff/tests", "tests")
        for file in (ROOT / folder).rglob("test_*.py")
    ]
    named = set().union(*map(named_rules, files))
    assert [f"R{rule}" for rule in RULES if rule not in named] == []
