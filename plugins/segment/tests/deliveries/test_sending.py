"""From a reservation into the ledger: who gets it, once, when, and what holds it."""

from collections import Counter

import pytest

from madoguchi import deliveries
from madoguchi_segment.deliveries import (
    approving,
    correcting,
    drafts,
    figures,
    links,
    runs,
    sending,
    states,
)
from madoguchi_segment.deliveries.states import Refused, State

from .conftest import BOSS, WRITER, say_yes

AT_TEN = {"every": "once", "day": "2027-04-06", "at": "10:30"}


def state(desk, one):
    return desk.read(states.get, one.id).state


def last_run(desk, one):
    return desk.read(runs.runs_of, one.id)[0]


def got_it(desk, one):
    """How often each resident is in the ledgers of a delivery."""

    def read(db):
        found = Counter()
        for key in runs.keys_of(db, one.id):
            for ids in deliveries.recipients(db, key):
                found.update(ids)
        return found

    return desk.read(read)


def test_it_goes_out_at_its_time_to_each_once(desk):
    people = desk.friends(3)
    one = desk.reserved(timing=AT_TEN)
    desk.tick()
    assert desk.read(runs.runs_of, one.id) == []
    desk.at(2027, 4, 6, 10, 30)
    desk.tick()
    desk.tick()
    assert state(desk, one) is State.SENDING
    say_yes(desk)
    desk.tick()
    assert state(desk, one) is State.SENT
    assert got_it(desk, one) == dict.fromkeys(people, 1)
    told = desk.read(figures.figures, one.id)
    assert (told.frozen, told.sent, told.waiting, told.left_out) == (3, 3, 0, {})


def test_two_schedulers_and_a_clock_that_jumps_send_nothing_twice(desk):
    people = desk.friends(3)
    one = desk.reserved(timing=AT_TEN)
    desk.at(2027, 4, 6, 10, 31)

    async def both():
        import asyncio

        await asyncio.gather(
            *(sending.send_due(desk.office(), desk.now) for _ in range(2)), return_exceptions=True
        )

    desk.thread.run(both())
    desk.at(2027, 4, 6, 9, 31)
    desk.tick()
    desk.at(2027, 4, 6, 10, 31)
    desk.tick()
    say_yes(desk)
    desk.at(2027, 4, 6, 11, 31)
    desk.tick()
    assert len(desk.read(runs.runs_of, one.id)) == 1
    assert got_it(desk, one) == dict.fromkeys(people, 1)
    assert state(desk, one) is State.SENT


def test_three_hours_late_holds_and_asks(desk):
    people = desk.friends(3)
    one = desk.reserved(timing=AT_TEN)
    desk.at(2027, 4, 6, 13, 30)
    desk.tick()
    held = last_run(desk, one)
    assert (held.state, held.reason) == ("held", "late")
    assert "15分" in (held.question or "")
    say_yes(desk)
    assert got_it(desk, one) == {}
    desk.write(runs.release, BOSS, held.id, desk.now)
    desk.tick()
    say_yes(desk)
    assert got_it(desk, one) == dict.fromkeys(people, 1)


@pytest.mark.parametrize(
    ("then", "more", "holds"), [(500, 50, False), (500, 51, True), (600, 60, False)]
)
def test_drift_holds_above_ten_percent_and_fifty(desk, then, more, holds):
    desk.friends(then)
    one = desk.reserved(count=then)
    desk.friends(more, start=10_000)
    desk.tick()
    assert (last_run(desk, one).reason == "drift") is holds
    assert (state(desk, one) is State.SCHEDULED) is holds
    if holds:
        dropped = desk.write(runs.drop, WRITER, last_run(desk, one).id, desk.now)
        assert dropped.state == "cancelled"
        assert state(desk, one) is State.CANCELLED


def rule(desk, *, ceiling=3, **fields):
    timing = {"every": "day", "at": "10:30"}
    values = {"kind": "rule", "ceiling": ceiling, "until": "2028-03-31", "timing": timing}
    return desk.reserved(**(values | fields))


def test_a_rule_has_its_ceiling_and_no_drift_guard(desk):
    desk.friends(3)
    one = rule(desk, ceiling=4)
    desk.at(2027, 4, 6, 10, 30)
    desk.tick()
    say_yes(desk)
    desk.tick()
    assert state(desk, one) is State.SCHEDULED
    desk.friends(1, start=100)
    desk.at(2027, 4, 7, 10, 30)
    desk.tick()
    assert last_run(desk, one).state == "going", "from 3 to 4 does not pause it"
    say_yes(desk)
    desk.tick()
    desk.friends(1, start=200)
    desk.at(2027, 4, 8, 10, 30)
    desk.tick()
    assert last_run(desk, one).reason == "ceiling"
    assert sorted(got_it(desk, one).values()) == [1, 2, 2, 2]


def test_a_rule_ends_on_its_last_day(desk):
    desk.friends(3)
    one = rule(desk, until="2027-04-06")
    desk.at(2027, 4, 7, 10, 30)
    desk.tick()
    assert state(desk, one) is State.SENT
    assert desk.read(runs.runs_of, one.id) == []


def test_quiet_hours_hold_all_but_emergencies_and_times_that_residents_chose(desk):
    desk.friends(3)
    early = {"every": "day", "at": "06:30"}
    chosen = rule(desk, timing=early, chosen_time=True)
    with pytest.raises(Refused, match="夜9時"):
        rule(desk, timing=early)
    desk.at(2027, 4, 7, 6, 30)
    desk.tick()
    assert last_run(desk, chosen).state == "going"
    late = desk.draft(emergency=True, timing=None)
    desk.see(WRITER, late)
    desk.write(approving.send_emergency, WRITER, late.id, 1, desk.now)
    desk.tick()
    assert last_run(desk, late).state == "going"


def test_an_edit_before_the_start_takes_the_run_away(desk):
    desk.friends(3)
    one = desk.reserved(timing=AT_TEN)
    desk.at(2027, 4, 6, 11, 0)
    desk.tick()
    assert last_run(desk, one).state == "held"
    desk.write(drafts.edit, WRITER, one.id, 1, desk.now, title="べつ", timing={"every": "once"})
    desk.tick()
    assert desk.read(runs.runs_of, one.id) == []
    again = desk.reserve(desk.approve(desk.ask(desk.read(states.get, one.id))))
    desk.tick()
    assert last_run(desk, again).state == "going"


def test_languages_are_groups_and_what_is_missing_says_so(desk):
    japanese, english = desk.friends(3), desk.friends(2, "en", 100)
    other = desk.friends(1, "vi", 200)
    content = {
        "ja": [{"type": "text", "text": "お知らせ"}],
        "en": [{"type": "text", "text": "News"}],
    }
    one = desk.reserved(count=6, content=content)
    desk.tick()
    keys = last_run(desk, one).keys
    assert set(keys) == {"ja", "en", "fallback"}
    say_yes(desk)

    def read(db):
        return {
            group: [who for ids in deliveries.recipients(db, key) for who in ids]
            for group, key in keys.items()
        }

    assert desk.read(read) == {"ja": japanese, "en": english, "fallback": other}


def test_a_correction_goes_to_exactly_the_same_people(desk):
    people = desk.friends(3)
    one = desk.reserved()
    desk.tick()
    say_yes(desk)
    desk.tick()
    desk.friends(5, start=500)
    draft = desk.write(correcting.correct, WRITER, one.id, desk.now)
    assert draft.title == "【訂正】図書館"
    second = desk.reserve(desk.approve(desk.ask(draft), count=3))
    desk.at(2027, 4, 6, 10, 1)
    desk.tick()
    say_yes(desk)
    desk.tick()
    assert got_it(desk, second) == dict.fromkeys(people, 1)
    assert (state(desk, one), state(desk, second)) == (State.CORRECTED, State.SENT)


def test_pause_resume_and_cancel_reach_the_ledger(desk):
    desk.friends(3)
    one = desk.reserved()
    desk.tick()
    desk.write(runs.pause, WRITER, one.id, desk.now)
    say_yes(desk)
    assert desk.read(figures.figures, one.id).waiting == 3
    desk.write(runs.resume, WRITER, one.id, desk.now)
    assert state(desk, one) is State.SENDING
    desk.write(runs.cancel, WRITER, one.id, desk.now)
    desk.tick()
    told = desk.read(figures.figures, one.id)
    assert (told.sent, told.left_out) == (0, {"cancelled": 3})
    assert state(desk, one) is State.CANCELLED
    with pytest.raises(Refused):
        desk.write(runs.resume, WRITER, one.id, desk.now)


def test_an_emergency_to_all_is_a_broadcast_where_our_list_is_short(desk):
    desk.friends(3)
    for lines, kind in ((3, "multicast"), (100, "broadcast")):
        one = desk.draft(emergency=True, timing=None)
        desk.see(WRITER, one)
        desk.write(approving.send_emergency, WRITER, one.id, 1, desk.now)
        desk.tick(friends=lambda db, lines=lines: sending.Friends(3, lines))
        (key,) = last_run(desk, one).keys.values()
        sent = desk.read(deliveries.look, key)
        assert (sent.kind, sent.frozen) == (kind, lines)


def test_links_are_counted_in_buttons_only_and_never_in_an_emergency(desk):
    desk.friends(3)
    action = {"type": "uri", "label": "申込み", "uri": "https://www.city.example.jp/form"}
    template = {"type": "buttons", "text": "https://city.example.jp/text", "actions": [action]}
    content = {"ja": [{"type": "template", "altText": "申込み", "template": template}]}
    base = links.base_for("https://line.city.example.jp", "https://www.city.example.jp", "/go")
    assert base == "https://line.city.example.jp/go"
    assert (
        links.base_for("https://vendor.example.com", "https://www.city.example.jp", "/go") is None
    )
    one = desk.draft(content=content)
    sent = desk.write(links.count_in, one, "ja", content["ja"], base)
    uri = sent[0]["template"]["actions"][0]["uri"]
    assert uri.startswith(f"{base}/")
    assert sent[0]["template"]["text"] == template["text"]
    assert desk.write(links.count_in, one, "ja", content["ja"], base) == sent, "the same again"
    for _ in range(19):
        assert desk.write(links.count_tap, uri.rpartition("/")[2]) == action["uri"]
    assert desk.read(links.taps, one.id) == {"申込み": None}
    desk.write(links.count_tap, uri.rpartition("/")[2])
    assert desk.read(links.taps, one.id) == {"申込み": 20}
    assert desk.write(links.count_tap, "x") is None
    urgent = desk.draft(content=content, emergency=True)
    assert desk.write(links.count_in, urgent, "ja", content["ja"], base) == content["ja"]
