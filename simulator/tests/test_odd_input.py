"""The control API with what does not stand in its table: refused in words, and nothing breaks."""

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ODD = [True, -1, 1.5, 10**30, float("nan"), [], [1], {}, {"a": 1}]
ODD += ["", "a", "x" * 3000, "\0", "\ud800"]
ONE = "/sim/residents/{user}"
FIELDS = {
    "POST /sim/residents": ({}, "displayName language follow userId"),
    f"POST {ONE}/messages": ({"type": "text", "text": "a"}, "type text id emojis quotedMessageId"),
    f"POST {ONE}/postback": ({"data": "a"}, "data params displayText"),
    f"POST {ONE}/unsend": ({}, "messageId"),
    f"POST {ONE}/richmenu": ({}, "area params"),
    f"POST {ONE}/id-token": ({}, "liffId"),
    f"POST {ONE}/liff": ({}, "url chat"),
    "POST /sim/webhooks": ({}, "events signature body bodyBase64"),
    "PUT /sim/faults": ({}, "faults"),
    "PUT /sim/liff": ({}, "apps"),
    "PUT /sim/richmenu": ({}, "richMenu image"),
    "PUT /sim/settings": (
        {},
        "quota verified rateScale clock lenientMulticast redelivery duplicates shuffle batch mode"
        " richMenuSeconds transcodingSeconds webhookTimeout webhookActive chatMode nothing",
    ),
}
SAMPLES = json.loads(
    (Path(__file__).parents[2] / "messages" / "tests" / "samples.json").read_text("utf-8")
)
FAULT = "endpoint share status message delayMs afterAccept drop times"


@pytest.mark.parametrize("call", FIELDS)
def test_an_odd_field_is_refused_in_words(line, bot, call):
    method, path = call.format(user=line.resident()).split()
    body, names = FIELDS[call]
    for name in names.split():
        for odd in ODD:
            answer = line.call(method, path, {**body, name: odd})
            assert answer.status in (200, 400, 404), (name, odd, answer)
            assert answer.status == 200 or answer.message, (name, odd)
        line.settings(clock=0, mode="active", batch=1, webhookActive=True, webhookTimeout=2)
    for raw in (b"{", b"[]", b"5", b'"a"', b"null", b"\xff"):
        assert line.call(method, path, raw).status == 400 or path.endswith("faults")
    user = line.resident("花子")
    assert line.says(user, "まだ動く")["status"] == 200
    assert line.texts(user) == ["まだ動く"]


@pytest.mark.parametrize("clock", [10**30, -(10**30), 10**11, float("nan"), "31st", "", [], True])
def test_a_clock_that_cannot_be_leaves_the_time_as_it_is(line, clock):
    line.settings(clock=60)
    answer = line.put("/sim/settings", {"clock": clock, "quota": 5})
    assert (answer.status, "clock" in answer.message) == (400, True)
    settings = line.get("/sim/settings").json
    assert (settings["clock"], settings["quota"]) == (60, None)


@pytest.mark.parametrize("name", FAULT.split())
def test_every_field_of_a_fault_is_checked(line, name):
    taken = []
    for odd in ODD:
        answer = line.put("/sim/faults", [{"endpoint": "push", name: odd}])
        if answer.status == 200:
            taken.append(odd)
        else:
            assert f'"{name}" is' in answer.message
    texts = [odd for odd in ODD if isinstance(odd, str)]
    wanted = {"endpoint": texts, "message": texts, "afterAccept": [True], "drop": [True]}
    assert taken == wanted.get(name, {"delayMs": [1.5]}.get(name, []))


def test_faults_are_listed_as_they_were_ordered(line):
    rule = {
        "endpoint": "push",
        "share": 0.5,
        "status": 500,
        "message": "later",
        "delayMs": 20,
        "afterAccept": True,
        "drop": False,
        "times": 3,
    }
    assert line.put("/sim/faults", [rule]).json == {"faults": [rule]}
    assert line.get("/sim/faults").json == {"faults": [rule]}


@pytest.mark.parametrize("value", ["x", "-1", "nan", "inf", "1e400", ""])
def test_a_number_in_the_address_is_one_from_0_on(line, value):
    user = line.resident()
    for path in (f"{ONE.format(user=user)}/chat?after=", f"{ONE.format(user=user)}/chat?wait=",
                 "/sim/book?after=", "/sim/calls?limit=", "/sim/webhooks?limit="):  # fmt: skip
        answer = line.get(path + value)
        assert answer.status == 400, path
        assert "is a number from 0 on" in answer.message


def test_a_message_id_of_any_length_is_not_there(line):
    for number in ("9" * 18, "9" * 40, "１" * 18, "0"):
        answer = line.get(f"/v2/bot/message/{_quoted(number)}/content")
        assert answer.status == 404, number
        body = json.dumps({"messageId": number}).encode()
        unsent = line.call("POST", f"{ONE.format(user=line.resident())}/unsend", body)
        assert unsent.status == 404


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    items: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        found += places(item, (*path, key))
    return found


def damage(body: Any, chance: random.Random) -> Any:
    """Change or remove up to three things, or nothing."""
    for _ in range(chance.randint(0, 3)):
        if found := places(body):
            *path, last = chance.choice(found)
            parent = body
            for key in path:
                parent = parent[key]
            if chance.random() < 0.7:
                parent[last] = copy.deepcopy(chance.choice([*ODD, {"type": []}, {"type": "text"}]))
            else:
                del parent[last]
    return body


def test_a_bot_that_sends_nonsense_is_refused_and_the_phone_goes_on(line):
    user_id, chance = line.resident(), random.Random(20260403)
    line.settings(rateScale=0)
    kinds = {"push": {"to": user_id}, "multicast": {"to": [user_id]}, "reply": {"replyToken": "x"}}
    kinds |= {"broadcast": {}, "validate/push": {}}
    statuses = Counter[int]()
    for _ in range(2_000):
        kind = chance.choice([*kinds])
        body = copy.deepcopy({**kinds[kind], "messages": [chance.choice(SAMPLES)]})
        statuses[line.post(f"/v2/bot/message/{kind}", damage(body, chance)).status] += 1
    for odd in ODD:
        loading = {"chatId": odd, "loadingSeconds": 5}
        statuses[line.post("/v2/bot/chat/loading/start", loading).status] += 1
        reply = {"replyToken": odd, "messages": [{"type": "text", "text": "a"}]}
        statuses[line.post("/v2/bot/message/reply", reply).status] += 1
        event = {"type": "x", "replyToken": odd, "source": {"type": "user", "userId": user_id}}
        statuses[line.post("/sim/webhooks", {"events": [event]}).status] += 1
    assert set(statuses) == {200, 400}
    assert min(statuses.values()) > 100
    assert line.get(f"/sim/residents/{user_id}/chat?html=1").json["entries"]


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
