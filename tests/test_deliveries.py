"""The whole way, with the courier and the simulated LINE: who gets an emergency, who a topic."""

import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from madoguchi import deliveries, followers, residents
from madoguchi.forms.profile import read_profile, write_profile
from madoguchi.tables import profile, resident
from madoguchi.testing import TestResident
from madoguchi.testing.resident import text_of
from madoguchi_segment.deliveries import approving, drafts, links, runs, states, wording, work
from madoguchi_segment.deliveries.sending import Office, send_due


class Person:
    def __init__(self, id):
        self.id, self.name = id, f"職員{id}"

    def permissions(self, section):
        return {"segment.write", "segment.approve", "segment.send_emergency"}


class Topics(work.Everyone):
    """A topic among the profile's, or everybody: as little of an audience as this test needs."""

    def stream(self, db, condition, now):
        if "topic" not in condition:
            yield from super().stream(db, condition, now)
            return
        chosen = select(profile.c.resident_id, profile.c.value).join(
            resident, resident.c.id == profile.c.resident_id
        )
        rows = db.execute(chosen.where(profile.c.field == "segment/topics", resident.c.follows))
        yield sorted(who for who, topics in rows if condition["topic"] in topics)


@pytest.fixture
def town(make_town):
    return make_town({"segment": {}})


def write(town, fn, *args, **named):
    return town.wait(town.running.store.write(fn, *args, **named))


def read(town, fn, *args):
    return town.wait(town.running.store.read(fn, *args))


def befriend(town, count, **named):
    def add():
        found = town.simulator.residents
        added = [found.add(f"住民{n}", None, 0, friend=True) for n in range(count)]
        town.simulator._db.commit()
        return added

    return town.call(add)


def deliver(town, text, condition, *, emergency):
    store, now, writer, boss = town.running.store, town.clock.now, Person("1"), Person("2")
    office = Office(read=store.read, write=store.write, audience=Topics())
    fields = {
        "title": text,
        "content": {"ja": [{"type": "text", "text": text}]},
        "condition": condition,
        "timing": {"every": "once"},
        "emergency": emergency,
    }
    one = write(town, drafts.create, writer, "課", now(), **fields)
    for who in (writer, boss):
        write(town, approving.note_preview, who, one.id, 1, now())
    if emergency:
        write(town, approving.send_emergency, writer, one.id, 1, now())
    else:
        write(town, approving.request, writer, one.id, 1, now())
        write(town, approving.approve, boss, one.id, 1, 150, now())
        write(town, approving.schedule, writer, one.id, 1, now())
    town.wait(send_due(office, now()))
    keys = read(town, runs.keys_of, one.id)
    end = time.monotonic() + 60
    while {read(town, deliveries.look, key).state for key in keys} != {"done"}:
        assert time.monotonic() < end
        time.sleep(0.05)
    town.wait(send_due(office, now()))
    assert read(town, states.get, one.id).label == "送信済み"
    sends = town.call(lambda: list(town.simulator.book.sends()))
    return Counter(
        who for send in sends if send["messages"][0]["text"] == text for who in send["userIds"]
    )


def test_5000_friends_from_before_and_300_after(town):
    """An emergency to all reaches 5,300 once; a topic's delivery none of the 5,000."""
    town.clock.move((10 - (town.clock.now().hour + 9) % 24) * 3600)  # about ten in Japan
    before = befriend(town, 5_000)
    s = town.running.services
    reader = followers.reader_of(s.office, s.store.write, s.client, s.clock)
    assert town.wait(reader.read_on(0, 60)).added == 5_000
    after = befriend(town, 300)
    write(town, residents.take_in, after, datetime.now(UTC))
    rows = town.wait(s.store.fetch("SELECT id, line_id FROM resident"))
    numbers = {line_id: number for number, line_id in rows}
    chose = after[:150]

    def choose(db):
        for n, who in enumerate(after):
            topics = ["disaster"] if n < 150 else ["garbage"]
            write_profile(db, numbers[who], "segment", {"topics": topics}, datetime.now(UTC))

    write(town, choose)
    everybody = deliver(town, "避難してください。", {"everyone": True}, emergency=True)
    assert everybody == dict.fromkeys([*before, *after], 1)
    topic = deliver(town, "防災のお知らせ", {"topic": "disaster"}, emergency=False)
    assert topic == dict.fromkeys(chose, 1)


def test_a_counted_button_leads_on_and_nowhere_else(town):
    import urllib.error
    import urllib.request

    action = {"type": "uri", "label": "申込み", "uri": f"{town.pages_url}/health/live"}
    template = {"type": "buttons", "text": "申込み", "actions": [action]}
    content = {"ja": [{"type": "template", "altText": "申込み", "template": template}]}
    now = town.clock.now()
    one = write(town, drafts.create, Person("1"), "課", now, title="申込み", content=content)
    base = f"{town.pages_url}/{town.name}/segment/go"
    sent = write(town, links.count_in, one, "ja", content["ja"], base)
    counted = sent[0]["template"]["actions"][0]["uri"]
    with urllib.request.urlopen(counted, timeout=10) as answer:
        assert answer.url == action["uri"]
    assert town.wait(town.running.store.fetch("SELECT taps FROM segment_link")) == [(1,)]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{base}/nothing", timeout=10)


@pytest.mark.parametrize(
    ("label", "words"),
    [("なぜ届いた?", "えらんだ"), ("止める", "止めました"), ("減らす", "えらび直せます")],
)
def test_what_a_message_offers_is_answered_in_the_chat(town, label, words):
    who, now = TestResident(town), town.clock.now()
    number = town.wait(town.running.store.fetch("SELECT id FROM resident"))[0][0]
    write(town, write_profile, number, "segment", {"topics": ["city", "garbage"]}, now)
    fields = {"title": "ごみ", "why": "ごみのお知らせをえらんだ", "topic": "garbage"}
    one = write(town, drafts.create, Person("1"), "課", now, **fields)
    text = [{"type": "text", "text": "明日は缶の日です。"}]
    messages = wording.offer_choices(text, one.id, str, has_topic=True)
    s = town.running.services
    write(town, lambda db: s.send(s.plugins.all["segment"], db, [number], messages, "x"))
    assert who.hears()
    assert words in text_of(who.taps(label)[0])
    topics = read(town, read_profile, number, "segment")["topics"]
    assert topics == (["city"] if label == "止める" else ["city", "garbage"])
