"""Events as LINE sends them today, as it may send them tomorrow, and with fields missing (R6, R11).

Each is answered 200, stored as it came, and offered to `on_line_event` if nothing else handles it;
none leaves an exception in the log. The toy plugin does nothing but note what it is offered.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from madoguchi.inbox import read, split
from madoguchi.testing import TestResident, Town, install
from madoguchi.testing.installing import forget

WATCHER = """
from madoguchi import hookimpl

seen = []

@hookimpl
def on_line_event(ctx, event):
    seen.append(event)
"""
FALLBACK = "お答えできませんでした。"
USER = {"type": "user", "userId": "U" + "a" * 32}
GROUP = {"type": "group", "groupId": "C" + "b" * 32, "userId": "U" + "a" * 32}
ROOM = {"type": "room", "roomId": "R" + "c" * 32}


def event(kind: str, **members: Any) -> dict[str, Any]:
    """An event of a resident. A member that is `...` is left out."""
    whole = {
        "type": kind,
        "mode": "active",
        "timestamp": 1_790_000_000_000,
        "source": USER,
        "deliveryContext": {"isRedelivery": False},
        "replyToken": "0f3779fba3b349968c5d07db31eab56f",
        **members,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def message(kind: Any, *, message: Any = None, **members: Any) -> dict[str, Any]:
    body = {"id": "468789577898262530", "type": kind, **(message or {})}
    return event("message", message=body, **members)


NOBODY: dict[str, Any] = {"source": ..., "replyToken": ...}
LINE = {"contentProvider": {"type": "line"}}
HANDLED: dict[str, dict[str, Any]] = {
    # Messages of today: offered to plugins as messages, answered by the fallback.
    "text": message("text", message={"text": "こんにちは"}),
    "text with emojis": message("text", message={"text": "(hi)", "emojis": [{"index": 0}]}),
    "text with a mention": message(
        "text", message={"text": "@a", "mention": {"mentionees": [{"type": "all"}]}}
    ),
    "text that quotes": message("text", message={"text": "a", "quotedMessageId": "1"}),
    "text with an unknown member": message("text", message={"text": "a", "mood": {"level": 3}}),
    "text without a text": message("text"),
    "text that is a number": message("text", message={"text": 5}),
    "text that is null": message("text", message={"text": None}),
    "text of lone surrogates": message("text", message={"text": "\ud800\udc00 \ud800"}),
    "text of NUL": message("text", message={"text": "\0\0"}),
    "text of 5,000 kanji": message("text", message={"text": "窓" * 5_000}),
    "text without an id": event("message", message={"type": "text", "text": "a"}),
    "image": message("image", message=LINE),
    "image of a set": message("image", message={**LINE, "imageSet": {"id": "E0"}}),
    "image from elsewhere": message("image", message={"contentProvider": {"type": "external"}}),
    "image of an unknown provider": message("image", message={"contentProvider": {"type": "x"}}),
    "video": message("video", message={**LINE, "duration": 60_000}),
    "audio": message("audio", message={**LINE, "duration": 60_000}),
    "file": message("file", message={"fileName": "a.pdf", "fileSize": 5}),
    "location": message("location", message={"latitude": 35.0, "longitude": 139.0}),
    "location without a place": message("location"),
    "sticker": message("sticker", message={"packageId": "1", "stickerId": "2", "keywords": ["a"]}),
    "sticker of an unknown kind": message("sticker", message={"stickerResourceType": "HOLOGRAM"}),
    "redelivered": message("text", message={"text": "a"}, deliveryContext={"isRedelivery": True}),
    "no delivery context": message("text", message={"text": "a"}, deliveryContext=...),
    "no timestamp": message("text", message={"text": "a"}, timestamp=...),
    "timestamp that is a text": message("text", message={"text": "a"}, timestamp="now"),
    "timestamp of the far future": message("text", message={"text": "a"}, timestamp=10**30),
    "timestamp below zero": message("text", message={"text": "a"}, timestamp=-5),
    "no reply token": message("text", message={"text": "a"}, replyToken=...),
    "reply token that is a number": message("text", message={"text": "a"}, replyToken=5),
    "no mode": message("text", message={"text": "a"}, mode=...),
    "mode that is null": message("text", message={"text": "a"}, mode=None),
    "unknown member of the event": message("text", message={"text": "a"}, urgency="high"),
    "unknown member of the source": message(
        "text", message={"text": "a"}, source={**USER, "device": {"kind": "glasses"}}
    ),
    "postback": event("postback", postback={"data": "a=1"}),
    "postback of a date": event(
        "postback", postback={"data": "a", "params": {"date": "2026-01-01"}}
    ),
    "postback of a menu": event(
        "postback",
        postback={"data": "a", "params": {"newRichMenuAliasId": "b", "status": "SUCCESS"}},
    ),
    "postback without a postback": event("postback"),
    "postback without data": event("postback", postback={}),
    "postback with data that is a table": event("postback", postback={"data": {"a": 1}}),
    "follow": event("follow", follow={"isUnblocked": False}),
    "follow without its member": event("follow", follow=...),
    "follow with unknown members": event("follow", follow={"via": "shop"}),
    "unfollow": event("unfollow", replyToken=...),
    "unsend": event("unsend", unsend={"messageId": "325708"}, replyToken=...),
}
"""What the gateway itself handles: nothing is offered to `on_line_event`."""

UNKNOWN_MESSAGES = {
    "message of an unknown type": message("hologram", message={"url": "https://example.org"}),
    "message of type textV2": message("textV2", message={"text": "{a}", "substitution": {}}),
    "message of type flex": message("flex", message={"contents": {"type": "bubble"}}),
    "message without a type": event("message", message={"id": "1", "text": "a"}),
    "message whose type is a list": message(["text"]),
    "message whose type is a table": message({"type": "text"}),
    "message whose type is null": message(None),
    "message whose type is a number": message(5),
    "message that is empty": event("message", message={}),
}
OFFERED: dict[str, Any] = {
    **UNKNOWN_MESSAGES,
    "message that is null": event("message", message=None),
    "message that is a text": event("message", message="text"),
    "message that is a list": event("message", message=[{"type": "text"}]),
    "no message": event("message"),
    "unsend without an id": event("unsend", unsend={}),
    "unsend of nothing": event("unsend"),
    # The other events of today.
    "join": event("join", source=GROUP),
    "leave": event("leave", source=GROUP, replyToken=...),
    "memberJoined": event("memberJoined", source=GROUP, joined={"members": [USER]}),
    "memberLeft": event("memberLeft", source=GROUP, left={"members": [USER]}, replyToken=...),
    "videoPlayComplete": event("videoPlayComplete", videoPlayComplete={"trackingId": "t"}),
    "beacon": event("beacon", beacon={"hwid": "d41d8cd98f", "type": "enter", "dm": "ff"}),
    "beacon of an unknown type": event("beacon", beacon={"hwid": "d41d8cd98f", "type": "hover"}),
    "accountLink": event("accountLink", link={"result": "ok", "nonce": "n"}),
    "accountLink failed": event("accountLink", link={"result": "failed"}, **NOBODY),
    "things": event("things", things={"deviceId": "t2c449", "type": "link"}),
    "membership": event("membership", membership={"type": "joined", "membershipId": 3189}),
    "module": event("module", module={"type": "attached", "botId": "U1"}, **NOBODY),
    "activated": event("activated", chatControl={"expireAt": 1_790_000_000_000}),
    "deactivated": event("deactivated", replyToken=...),
    "botSuspended": event("botSuspended", **NOBODY),
    "botResumed": event("botResumed", **NOBODY),
    "delivery": event("delivery", delivery={"data": "15034552939884E2"}, **NOBODY),
    "messageEdited": event(
        "messageEdited", source=GROUP, message={"id": "1", "type": "text", "text": "直した"}
    ),
    # Groups and rooms: kept, offered, never answered.
    "message of a group": message("text", message={"text": "a"}, source=GROUP),
    "message of a group without a user": message(
        "text", message={"text": "a"}, source={"type": "group", "groupId": "C1"}
    ),
    "message of a room": message("text", message={"text": "a"}, source=ROOM),
    "unsend of a group": event("unsend", source=GROUP, unsend={"messageId": "77"}, replyToken=...),
    # Modes (R10): nothing may be sent.
    "standby message": message("text", message={"text": "a"}, mode="standby", replyToken=...),
    "standby follow": event("follow", mode="standby", replyToken=...),
    "standby postback": event("postback", postback={"data": "a"}, mode="standby", replyToken=...),
    "unknown mode": message("text", message={"text": "a"}, mode="shared"),
    "mode that is a table": message("text", message={"text": "a"}, mode={"name": "active"}),
    "mode that cannot be printed": message("text", message={"text": "a"}, mode="\u202e"),
    # Sources.
    "no source": message("text", message={"text": "a"}, source=...),
    "source that is null": message("text", message={"text": "a"}, source=None),
    "source that is a text": message("text", message={"text": "a"}, source="user"),
    "source that is a list": message("text", message={"text": "a"}, source=[USER]),
    "source of an unknown type": message(
        "text", message={"text": "a"}, source={"type": "openchat", "userId": "U1"}
    ),
    "source without a type": message("text", message={"text": "a"}, source={"userId": "U1"}),
    "source without a user": message("text", message={"text": "a"}, source={"type": "user"}),
    "user id that is a number": message(
        "text", message={"text": "a"}, source={"type": "user", "userId": 5}
    ),
    "user id of lone surrogates": message(
        "text", source={"type": "user", "userId": "U\ud800"}, replyToken=...
    ),
    "user id of NUL": message("text", source={"type": "user", "userId": "\0"}, replyToken=...),
    # What LINE has yet to invent.
    "reaction": event("reaction", reaction={"messageId": "1", "emoji": "🍎"}),
    "payment": event("payment", payment={"amount": {"yen": 500}, "state": ["done"]}),
    "voiceCall": event("voiceCall", source={"type": "call", "callId": "K1"}),
    "type in capitals": event("MESSAGE", message={"type": "text", "text": "a"}),
    "type that is null": {**event("x"), "type": None},
    "type that is a table": {**event("x"), "type": {"name": "message"}},
    "type that is empty": event(""),
    "no type": {"timestamp": 1, "source": USER},
    "nothing at all": {},
    "a number": 5,
    "a text": "message",
    "null": None,
    "a list": [message("text", message={"text": "a"})],
    "deep": event("deep", deep=[[[[[[[[[[{"deeper": [[[[[[]]]]]]}]]]]]]]]]]),
    "a hundred members": {**event("wide"), **{f"member{n}": n for n in range(100)}},
}  # fmt: skip
SAMPLES = {**HANDLED, **OFFERED}


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, loop_thread: Any, redis_url: str, migrated: Path
) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("future")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        package = install(folder, "watcher", {"__init__.py": WATCHER})
        with Town(
            folder, loop_thread, redis_url, {"watcher": {}}, {}, name="future", template=migrated
        ) as running:
            running.wait(running.simulator.add_resident("花子", user_id=USER["userId"]))
            yield running
        forget(package)


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test of this file may leave an exception or an error in the log."""
    caplog.set_level(logging.INFO, "madoguchi")
    yield
    assert [
        r.getMessage() for r in caplog.records if r.exc_info or r.levelno > logging.WARNING
    ] == []


def offered() -> list[Any]:
    """What `on_line_event` was offered since the last look."""
    seen = sys.modules["watcher_under_test"].seen
    found = list(seen)
    seen.clear()
    return found


def deliver(town: Town, events: list[Any]) -> list[str]:
    """Send a webhook, wait until each of its events is handled; their ids."""
    ids = [row.event_id for row in split(town.simulator.webhooks.body(events), 0)]
    assert town.wait(town.simulator.send_raw_events(events)).status == 200
    for one in ids:
        town.wait(town.running.feed.wait_for(one))
    return ids


def outcome(town: Town, event_id: str) -> str:
    town.wait(town.running.journal.flush())
    query = "SELECT outcome FROM handled WHERE event_id = $1"
    return town.wait(town.running.store.fetch(query, event_id))[0][0]


def test_there_are_enough_samples() -> None:
    assert len(SAMPLES) >= 90


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(town: Town, name: str) -> None:
    sample = SAMPLES[name]
    if isinstance(sample, dict) and sample:
        sample = {**sample, "webhookEventId": f"01SAMPLE{list(SAMPLES).index(name):03d}"}
    offered()
    (event_id,) = deliver(town, [sample])
    arrival = town.wait(town.running.services.reader.find(event_id))
    assert arrival is not None
    assert arrival.raw is not None
    assert [one.id for one in offered()] == ([event_id] if name in OFFERED else [])
    assert outcome(town, event_id) != "failed"
    if isinstance(sample, dict) and "surrogates" not in name:
        assert read(arrival.raw) == sample


@pytest.mark.parametrize("name", ["standby message", "message of a group", "message of a room",
                                  "unknown mode", "no source", "reaction"])  # fmt: skip
def test_r10_r11_nothing_is_sent_where_there_is_nobody_to_answer(town: Town, name: str) -> None:
    before = len(town.call(lambda: list(town.simulator.book.sends())))
    deliver(town, [{**SAMPLES[name], "webhookEventId": f"01SILENT{len(name):03d}{name[0]}"}])
    assert len(town.call(lambda: list(town.simulator.book.sends()))) == before


@pytest.mark.parametrize("name", UNKNOWN_MESSAGES)
def test_r6_a_message_of_an_unknown_type_gets_the_fallback(town: Town, name: str) -> None:
    taro = TestResident(town, "太郎")
    sample = {**UNKNOWN_MESSAGES[name], "source": {"type": "user", "userId": taro.user_id}}
    deliver(town, [{**sample, "replyToken": f"token of {taro.user_id}",
                    "timestamp": int(town.clock.time() * 1000)}])  # fmt: skip
    said = [entry["message"]["text"] for entry in taro.chat() if entry["from"] == "bot"]
    assert said[1].startswith(FALLBACK)


BAD: list[Any] = [
    None, 5, "event", [], {}, {"type": 5}, message({"a": 1}), event("message", message=[1]),
    event("follow", source=[]), event("unsend", unsend={"messageId": ["1"]}),
    message("text", source={"type": "user", "userId": "\ud800"}, replyToken=...),
    event("postback", postback=5),
]  # fmt: skip


@pytest.mark.parametrize("place", [0, 4, 8])
def test_r5_one_bad_event_among_ten_and_nine_are_handled(town: Town, place: int) -> None:
    people = [TestResident(town, f"住民{n}") for n in range(9)]
    some = BAD[place % 3 :: 3]
    for number, bad in enumerate(some):
        good: list[Any] = [
            {
                **message("text", message={"text": "電池"}),
                "source": {"type": "user", "userId": one.user_id},
                "webhookEventId": f"01TEN{place}x{number}x{n}",
                "replyToken": f"{place} {number} {n}",
                "timestamp": int(town.clock.time() * 1000),
            }
            for n, one in enumerate(people)
        ]
        deliver(town, [*good[:place], bad, *good[place:]])
    for one in people:
        answers = [entry for entry in one.chat() if entry["from"] == "bot"][1:]
        assert len(answers) == len(some)
