"""Ten thousand damaged webhooks at the door: none is a 5xx, none costs a neighbour (R5, R6).

The bodies are signed after they were damaged, so that the damage reaches the parsers. Each body
holds a good event beside the damaged one. The seed is fixed: a failure can be repeated.
"""

import asyncio
import base64
import copy
import hashlib
import hmac
import json
import logging
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from madoguchi.door import Door, Entrance
from madoguchi.inbox import read, split
from madoguchi.testing import TestResident, Town
from madoguchi.types import Event

SECRET = "a channel's secret"
BODIES = 12_000
SEEDS: list[dict[str, Any]] = [
    {
        "type": "message",
        "mode": "active",
        "timestamp": 1_700_000_000_000,
        "webhookEventId": "01SEED",
        "deliveryContext": {"isRedelivery": False},
        "source": {"type": "user", "userId": "U" + "1" * 32},
        "replyToken": "0f3779fba3b349968c5d07db31eab56f",
        "message": {"id": "444573844083572737", "type": "text", "text": "電池は何曜日ですか🍎"},
    },
    {
        "type": "postback",
        "webhookEventId": "01SEED",
        "source": {"type": "user", "userId": "U" + "1" * 32},
        "postback": {"data": "toy:cancel?id=5", "params": {"date": "2026-04-01"}},
    },
    {
        "type": "unsend",
        "webhookEventId": "01SEED",
        "source": {"type": "group", "groupId": "C1", "userId": "U1"},
        "unsend": {"messageId": "444573844083572737"},
    },
    {"type": "follow", "webhookEventId": "01SEED", "follow": {"isUnblocked": False}},
]
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 10**18, 10**25, 1e308, float("nan"), float("inf"), "", "\0", "\ud800",
    "\udc00\ud800", "a" * 5_000, "🍎", "０１", "../../etc", "'; DROP TABLE inbox; --", [], [[]], {},
    {"": {}}, [None] * 50, {"type": []}, {"id": {}}, {"userId": ["U"]}, "\u202e", "\r\n",
]  # fmt: skip
BYTES = [b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\0", b"NaN", b"1e999", b","]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        found += places(item, (*path, key))
    return found


def damage(event: dict[str, Any], chance: random.Random) -> Any:
    """Change, remove, rename or add something, up to four times."""
    event = copy.deepcopy(event)
    for _ in range(chance.randint(1, 4)):
        where = places(event)
        if not where:
            break
        *path, last = chance.choice(where)
        parent: Any = event
        for key in path:
            parent = parent[key]
        match chance.randrange(5):
            case 0 | 1:
                parent[last] = copy.deepcopy(chance.choice(ODD))
            case 2:
                del parent[last]
            case 3 if isinstance(parent, dict):
                parent[str(chance.choice([last, "neu", "", "\ud800", "type"])) + "x"] = parent.pop(
                    last
                )
            case _ if isinstance(parent, dict):
                parent[chance.choice(["mode", "source", "message", "neu"])] = chance.choice(ODD)
    return chance.choice(ODD) if chance.random() < 0.05 else event


def damage_bytes(body: bytes, chance: random.Random) -> bytes:
    """Cut, repeat, overwrite or insert bytes somewhere."""
    at = chance.randrange(len(body))
    match chance.randrange(5):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + chance.choice(BYTES) + body[at:]
        case 2:
            return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        case 3:
            return body[:at] + body[at + chance.randint(1, 30) :]
    return body[:at] + body[at - 40 : at] + body[at:]


def make_body(number: int, chance: random.Random) -> bytes:
    """A good event `GOOD<number>` beside a damaged one, in either order, as bytes."""
    good = {**SEEDS[0], "webhookEventId": f"GOOD{number}"}
    events = [damage(chance.choice(SEEDS), chance), good]
    chance.shuffle(events)
    body = json.dumps(
        {"destination": chance.choice(ODD), "events": events}, ensure_ascii=chance.random() < 0.5
    ).encode("utf-8", "surrogatepass")
    return damage_bytes(body, chance) if chance.random() < 0.4 else body


def has_good(body: bytes, number: int) -> bool:
    """Whether a body is JSON with a list of events that has the good one unharmed."""
    try:
        tables = json.loads(body.decode("utf-8", "replace"))
        events = tables["events"]
        found = [event.get("webhookEventId") for event in events if isinstance(event, dict)]
        return f"GOOD{number}" in found
    except (ValueError, KeyError, TypeError):
        return False


async def deliver(door: Door, body: bytes) -> int:
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mihon/webhook",
        "headers": [(b"x-line-signature", signature)],
        "client": ("203.0.113.5", 443),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await door(scope, receive, send)
    return int(sent[0]["status"])


def test_no_5xx_and_no_lost_neighbour_in_12000_damaged_webhooks(tmp_path: Path) -> None:
    chance = random.Random(20260401)
    bodies = [make_body(number, chance) for number in range(BODIES)]

    async def deliver_all() -> list[int]:
        door = Door([Entrance("mihon", SECRET, str(tmp_path))], lambda: 1_700_000_000.0)
        await door.open()
        try:
            statuses: list[int] = []
            for start in range(0, BODIES, 100):
                some = bodies[start : start + 100]
                statuses += await asyncio.gather(*(deliver(door, body) for body in some))
            return statuses
        finally:
            await door.close()

    statuses = asyncio.run(deliver_all())
    assert set(statuses) == {200, 400}
    assert statuses.count(200) > BODIES / 2
    with closing(sqlite3.connect(tmp_path / "inbox.sqlite")) as db:
        rows = db.execute("SELECT event_id, raw FROM inbox").fetchall()
    found = {event_id for event_id, _ in rows}
    wanted = [number for number, body in enumerate(bodies) if has_good(body, number)]
    assert len(wanted) > BODIES / 2
    assert [number for number in wanted if f"GOOD{number}" not in found] == []
    assert [number for number in wanted if statuses[number] != 200] == []
    for event_id, raw in rows:  # the worker reads whatever the door has stored
        if raw is not None:
            Event.from_raw(event_id, read(raw), 1.0)


def test_what_was_damaged_harms_no_neighbour_in_the_worker_either(
    make_town: Callable[..., Town], caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand damaged events handled: none fails, and whoever spoke beside them is answered."""
    town, chance = make_town(), random.Random(20260402)
    people = [TestResident(town, f"住民{number}") for number in range(10)]
    text = {"type": "text", "text": "つちのこ"}
    for round_ in range(10):
        events: list[Any] = [damage(chance.choice(SEEDS), chance) for _ in range(100)]
        for number, event in enumerate(events):
            if isinstance(event, dict) and event.get("webhookEventId") == "01SEED":
                event["webhookEventId"] = f"01SEED{round_}x{number}"
        for number, person in enumerate(people):
            events[number * 10] = {
                **SEEDS[0],
                "webhookEventId": f"01GOOD{round_}x{number}",
                "timestamp": int(town.clock.time() * 1000),
                "source": {"type": "user", "userId": person.user_id},
                "replyToken": f"token{round_}x{number}",
                "message": {"id": f"{round_}{number}", **text},
            }
        assert town.wait(town.simulator.send_raw_events(events)).status == 200
        for row in split(town.simulator.webhooks.body(events), 0):
            town.wait(town.running.feed.wait_for(row.event_id))
    town.wait(town.running.journal.flush())
    for person in people:
        answers = [entry for entry in person.chat() if entry["from"] == "bot"][1:]
        assert len(answers) == 10
    failed = "SELECT count(*) FROM handled WHERE outcome IN ('failed', 'set aside')"
    assert town.wait(town.running.store.fetch(failed)) == [(0,)]
    # LINE knows nobody by the damaged ids, and refuses the answers to them: no more than that.
    wrong = [r for r in caplog.records if r.levelno > logging.WARNING or r.exc_info]
    assert {r.getMessage() for r in wrong} <= {"LINE refused a push: Failed to send messages"}
