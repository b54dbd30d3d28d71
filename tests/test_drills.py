"""No combination of channel, draft and user lets a drill reach the live channel (design §8)."""

import itertools
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from madoguchi import deliveries, drill, serving
from madoguchi.city_file import DrillTable, LineTable
from madoguchi.testing import TestResident, until
from madoguchi_segment.deliveries import approving, drafts, runs, states, work
from madoguchi_segment.deliveries.sending import Office, send_due
from madoguchi_simulator import Channel, Simulator

CHANNEL = Channel(id="1000000009", secret="drill-secret", access_token="drill-token")


class Person:
    def __init__(self, id):
        self.id, self.name = id, f"職員{id}"

    def permissions(self, section):
        return {"segment.write", "segment.approve", "segment.send_emergency"}


@pytest.fixture
def training(loop_thread, tmp_path):
    """The simulated LINE of the channel for drills, and its address."""
    stack = AsyncExitStack()
    clock = tmp_path / "clock"
    simulator = loop_thread.call(lambda: Simulator(CHANNEL, clock_file=clock))

    async def start():
        await stack.enter_async_context(simulator)
        return await stack.enter_async_context(serving.serving(simulator.app))

    address = loop_thread.run(start())
    yield simulator, address
    loop_thread.run(stack.aclose())
    loop_thread.call(simulator.close)


@pytest.fixture
def town(make_town, training, monkeypatch):
    simulator, address = training
    monkeypatch.setenv("DRILL_SECRET", CHANNEL.secret)
    monkeypatch.setenv("DRILL_TOKEN", CHANNEL.access_token)
    table = {
        "channel_id": CHANNEL.id,
        "channel_secret": {"env": "DRILL_SECRET"},
        "access_token": {"env": "DRILL_TOKEN"},
        "platform": address,
    }
    town = make_town({"segment": {}}, {"line": {"drill": table}})
    town.call(simulator.set_webhook_url, f"{town.pages_url}/{town.name}/drill/webhook")
    return town


def write(town, fn, *args, **named):
    return town.wait(town.running.store.write(fn, *args, **named))


def book(town, simulator):
    sends = town.call(lambda: list(simulator.book.sends()))
    return Counter(
        (who, message["text"])
        for send in sends
        for message in send["messages"]
        for who in send["userIds"]
    )


def friends(town):
    rows = town.wait(town.running.store.fetch("SELECT line_id, follows FROM drill_friend"))
    return {line_id: bool(follows) for line_id, follows in rows}


def test_only_who_follows_the_channel_for_drills_is_kept(town, training):
    simulator, _ = training
    who = town.wait(simulator.add_resident("訓練の人"))
    assert friends(town) == {who: True}
    town.wait(simulator.send_message(who, {"type": "text", "text": "こんにちは"}))
    town.wait(simulator.unfollow(who))
    assert friends(town) == {who: False}
    inbox = town.wait(town.running.store.fetch("SELECT count(*) FROM resident"))
    assert inbox == [(0,)], "nobody of them is a resident"
    old = [{"type": "follow", "timestamp": 1, "source": {"type": "user", "userId": who}}]
    assert town.wait(simulator.send_raw_events(old)).status == 200
    assert friends(town) == {who: False}, "older news (R9)"
    bad = town.wait(simulator.send_raw_events(old, signature="x"))
    assert bad.status == 401
    for body in (b"[]", b"{", b'{"events":[1,{"type":"follow"}]}'):
        assert town.wait(simulator.send_raw_body(body)).status == 200


def test_every_combination_of_channel_draft_and_user(town, training):
    simulator, _ = training
    live_only = TestResident(town).user_id
    drill_only = town.wait(simulator.add_resident("訓練だけ"))
    both = TestResident(town).user_id
    town.wait(simulator.add_resident("両方", user_id=both))
    until(lambda: len(friends(town)) == 2)
    writer, boss = Person("1"), Person("2")
    store, now = town.running.store, town.clock.now
    office = Office(read=store.read, write=store.write, audience=work.Everyone())
    town.clock.move((10 - (now().hour + 9) % 24) * 3600)  # about ten in Japan
    texts = {}
    for n, (channel, is_emergency, condition, kind) in enumerate(
        itertools.product(
            ("live", "drill"), (False, True), ({"everyone": True}, None), ("announcement", "rule")
        )
    ):
        if channel == "live" and condition is None:
            continue  # refused: nobody was chosen
        text = f"{'【訓練】' if channel == 'drill' else ''}知らせ{n}"
        fields = {
            "title": text,
            "content": {"ja": [{"type": "text", "text": text}]},
            "condition": condition,
            "timing": {"every": "once"},
            "emergency": is_emergency,
            "ceiling": 100,
            "until": states_until(now()),
        }
        one = write(town, drafts.create, writer, "課", now(), kind=kind, channel=channel, **fields)
        for who in (writer, boss):
            write(town, approving.note_preview, who, one.id, 1, now())
        if is_emergency:
            write(town, approving.send_emergency, writer, one.id, 1, now())
        else:
            write(town, approving.request, writer, one.id, 1, now())
            write(town, approving.approve, boss, one.id, 1, 2, now())
            write(town, approving.schedule, writer, one.id, 1, now())
        texts[text] = channel
        town.wait(send_due(office, now()))
    until(
        lambda: all(
            town.wait(store.read(deliveries.look, key)).state == "done"
            for one in town.wait(store.read(states.find_all))
            for key in town.wait(store.read(runs.keys_of, one.id))
        )
    )
    live, drills = book(town, town.simulator), book(town, simulator)
    told = {text for _, text in live if text in texts}
    assert told == {text for text, channel in texts.items() if channel == "live"}
    assert {text for _, text in drills} == {t for t, channel in texts.items() if channel == "drill"}
    assert {who for who, text in live if text in texts} == {live_only, both}
    assert {who for who, _ in drills} == {drill_only, both}
    assert set(drills.values()) == {1}
    tokens = town.call(lambda: simulator.channel.access_token)
    assert tokens == CHANNEL.access_token


def states_until(now):
    return approving.fiscal_year_end(now.date()).isoformat()


@pytest.mark.parametrize("same", ["channel_id", "channel_secret", "access_token"])
def test_the_live_channel_is_never_taken_for_drills(same):
    from madoguchi.mistakes import FromEnvironment

    live = {
        "channel_id": "1",
        "channel_secret": FromEnvironment("a"),
        "access_token": FromEnvironment("b"),
    }
    other = {
        "channel_id": "2",
        "channel_secret": FromEnvironment("c"),
        "access_token": FromEnvironment("d"),
    }
    assert LineTable(**live, drill=other).drill == DrillTable(**other)
    with pytest.raises(ValueError, match="channel of its own"):
        LineTable(**live, drill={**other, same: live[same]})
    if same != "channel_id":  # two that are not set, as where a file is only looked at
        unset = {same: FromEnvironment("")}
        assert LineTable(**(live | unset), drill=other | unset).drill


def test_a_client_for_drills_has_nothing_of_the_live_channel(town):
    table = town.running.services.settings.line.drill
    client = drill.client_for(table, town.clock)
    live = town.running.services.settings.line
    assert client._credentials.access_token == CHANNEL.access_token != live.access_token
    assert client._credentials.channel_secret == CHANNEL.secret
    town.wait(client.close())
