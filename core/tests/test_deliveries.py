"""Deliveries to many: each recipient once, and a ledger that adds up (design §8, R22 to R29)."""

import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from madoguchi import deliveries, privacy, residents
from madoguchi.audit import Actor
from madoguchi.deliveries import Ledger
from madoguchi.export import export
from madoguchi.testing import until

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


def test_r28_who_has_gone_is_left_out_until_the_first_try(town):
    friends = befriend(town, 1100)
    ids = list(friends)
    freeze(town, "toy/2", ids)
    gone = [ids[3], ids[700], *ids[1000:]]  # the third chunk is empty then
    for who in gone:
        write(town, residents.set_following, friends[who], False, datetime.now(UTC))
    write(town, deliveries.start, "toy/2")
    wait_for(town, "toy/2", "done")
    assert count(town, "toy/2") == Ledger(1100, 998, 0, 0, 102)
    assert received(town) == {friends[one]: 1 for one in ids if one not in gone}
    reasons = town.wait(town.running.store.read(deliveries.left_out, "toy/2"))
    assert reasons == {"unfollowed": 102}
    slices = town.wait(town.running.store.read(lambda db: list(deliveries.recipients(db, "toy/2"))))
    assert [one for part in slices for one in part] == [one for one in ids if one not in gone]


def test_r24_r25_an_answer_that_is_lost_is_asked_for_again_with_the_same_bytes(town):
    friends = befriend(town, 1203)
    faults(town, {"endpoint": "multicast", "share": 0.5, "drop": True, "afterAccept": True})
    freeze(town, "toy/3", friends)
    write(town, deliveries.start, "toy/3")
    seen = []
    while look(town, "toy/3").state != "done":
        ledger = count(town, "toy/3")
        assert ledger.adds_up
        assert ledger.frozen == 1203
        seen.append(ledger.sent)
        time.sleep(0.05)
    assert seen == sorted(seen)
    assert received(town) == dict.fromkeys(friends.values(), 1)


@pytest.mark.parametrize(
    "fault",
    [
        {"share": 0.7, "status": 500},
        {"share": 0.7, "status": 503, "afterAccept": True},
        {"share": 0.7, "status": 429},
        {"share": 0.7, "drop": True},
    ],
    ids=["500", "503 after it was taken", "429", "dropped"],
)
def test_r25_r26_what_may_be_repeated_is_repeated(town, fault):
    friends = befriend(town, 1203)
    faults(town, {"endpoint": "multicast", "times": 5, **fault})
    freeze(town, "toy/4", friends)
    write(town, deliveries.start, "toy/4")
    wait_for(town, "toy/4", "done")
    assert count(town, "toy/4") == Ledger(1203, 1203, 0, 0, 0)
    assert received(town) == dict.fromkeys(friends.values(), 1)


def test_r26_the_monthly_limit_stops_and_a_person_lets_it_go_on(town):
    friends = befriend(town, 1203)
    town.call(town.simulator.change_settings, {"quota": 600})
    freeze(town, "toy/5", friends)
    write(town, deliveries.start, "toy/5")
    stopped = wait_for(town, "toy/5", "paused")
    assert stopped.reason == "quota"
    assert "monthly limit" in stopped.detail
    assert count(town, "toy/5") == Ledger(1203, 500, 703, 0, 0)
    town.call(town.simulator.change_settings, {"quota": None})
    time.sleep(0.5)
    assert look(town, "toy/5").state == "paused"
    assert write(town, deliveries.resume, "toy/5")
    wait_for(town, "toy/5", "done")
    assert received(town) == dict.fromkeys(friends.values(), 1)


def test_after_the_first_401_no_call_starts(town):
    friends = befriend(town, 40)
    faults(town, {"endpoint": "multicast", "status": 401, "delayMs": 300})
    for n in range(20):
        freeze(town, f"toy/6/{n}", list(friends)[2 * n : 2 * n + 2])
        write(town, deliveries.start, f"toy/6/{n}")
    until(lambda: all(look(town, f"toy/6/{n}").state == "paused" for n in range(20)))
    time.sleep(0.5)
    made = calls(town)
    assert 1 <= made <= 20
    time.sleep(1)
    assert calls(town) == made
    assert {look(town, f"toy/6/{n}").reason for n in range(20)} == {"unauthorized"}
    faults(town)
    for n in range(20):
        write(town, deliveries.resume, f"toy/6/{n}")
    until(lambda: all(look(town, f"toy/6/{n}").state == "done" for n in range(20)))
    assert received(town) == dict.fromkeys(friends.values(), 1)


def calls(town):
    """How many multicasts LINE has heard of."""
    heard = town.call(town.simulator.calls.recent, 1000)
    return sum("multicast" in str(call) for call in heard)


def strangers(town, known, places):
    """Our list has these places taken by ids that LINE does not know."""

    def forget():
        for place in places:
            town.simulator.residents.known.discard(known[place])
            town.simulator.residents.friends.discard(known[place])

    town.call(forget)


def test_r29_ids_that_line_does_not_know_are_taken_out_and_the_rest_gets_it(town):
    friends = befriend(town, 600)
    known = list(friends.values())
    strangers(town, known, [0, 7, 499, 500])
    freeze(town, "toy/7", friends)
    write(town, deliveries.start, "toy/7")
    wait_for(town, "toy/7", "done")
    assert count(town, "toy/7") == Ledger(600, 596, 0, 0, 4)
    reasons = town.wait(town.running.store.read(deliveries.left_out, "toy/7"))
    assert reasons == {"refused by LINE": 4}
    bad = {known[place] for place in (0, 7, 499, 500)}
    assert received(town) == {one: 1 for one in known if one not in bad}


def test_many_bad_ids_in_three_chunks_running_stop_and_ask(town):
    friends = befriend(town, 2000)
    known = list(friends.values())
    strangers(town, known, [n for n in range(2000) if n % 500 < 8])
    freeze(town, "toy/8", friends)
    write(town, deliveries.start, "toy/8")
    assert wait_for(town, "toy/8", "paused", "done").reason == "bad recipients"
    ledger = count(town, "toy/8")
    assert ledger.adds_up
    assert ledger.waiting > 0
    write(town, deliveries.resume, "toy/8")
    wait_for(town, "toy/8", "paused", "done")
    write(town, deliveries.resume, "toy/8")
    wait_for(town, "toy/8", "done")
    assert count(town, "toy/8") == Ledger(2000, 1968, 0, 0, 32)


def test_paused_and_cancelled_within_two_seconds(town):
    friends = befriend(town, 60)
    freeze(town, "toy/9", friends, spread=100)
    write(town, deliveries.start, "toy/9")
    until(lambda: count(town, "toy/9").sent)
    assert write(town, deliveries.pause, "toy/9")
    assert not write(town, deliveries.pause, "toy/9")
    time.sleep(0.5)
    sent = count(town, "toy/9").sent
    assert write(town, deliveries.cancel, "toy/9")
    assert look(town, "toy/9").state == "cancelled"
    until(lambda: look(town, "toy/9").ended)
    assert count(town, "toy/9") == Ledger(60, sent, 0, 0, 60 - sent)
    reasons = town.wait(town.running.store.read(deliveries.left_out, "toy/9"))
    assert reasons == {"cancelled": 60 - sent}
    for act in (deliveries.start, deliveries.resume, deliveries.cancel):
        assert not write(town, act, "toy/9")
    assert sum(received(town).values()) == sent


def test_spread_over_a_time_in_smaller_chunks(town):
    friends = befriend(town, 120)
    freeze(town, "toy/10", friends, spread=600)
    rows = town.wait(town.running.store.fetch("SELECT size FROM chunk"))
    assert rows == [(1,)] * 120
    write(town, deliveries.start, "toy/10")
    left = town.wait(town.running.store.read(deliveries.estimate, "toy/10"))
    assert 580 < left < 600
    until(lambda: count(town, "toy/10").sent)
    town.clock.move(100)
    until(lambda: count(town, "toy/10").sent >= 15)
    assert count(town, "toy/10").sent < 60
    town.clock.move(500)
    wait_for(town, "toy/10", "done")
    assert received(town) == dict.fromkeys(friends.values(), 1)


def test_after_23_hours_of_doubt_a_person_decides(town):
    friends = befriend(town, 10)
    faults(town, {"endpoint": "multicast", "status": 500, "afterAccept": True})
    freeze(town, "toy/11", friends)
    write(town, deliveries.start, "toy/11")
    until(lambda: received(town))
    time.sleep(0.5)
    town.clock.move(24 * 3600)
    wait_for(town, "toy/11", "done")
    assert count(town, "toy/11") == Ledger(10, 0, 0, 10, 0)
    assert received(town) == dict.fromkeys(friends.values(), 1), "not tried again by itself"
    assert write(town, deliveries.decide, "toy/11", again=False) == 1
    assert write(town, deliveries.decide, "toy/11", again=True) == 0
    assert count(town, "toy/11").unknown == 10


def test_without_redis_deliveries_wait_and_go_on(town, monkeypatch):
    from madoguchi import rates

    real = rates.SharedBucket.reserve

    async def gone(self, calls=1):
        raise rates.RatesUnavailable("Redis does not answer")

    monkeypatch.setattr(rates.SharedBucket, "reserve", gone)
    friends = befriend(town, 10)
    freeze(town, "toy/12", friends)
    write(town, deliveries.start, "toy/12")
    time.sleep(1.5)
    assert count(town, "toy/12").waiting == 10
    monkeypatch.setattr(rates.SharedBucket, "reserve", real)
    wait_for(town, "toy/12", "done")
    assert received(town) == dict.fromkeys(friends.values(), 1)


def test_a_broadcast_is_one_row_with_a_retry_key(town):
    befriend(town, 30)
    faults(town, {"endpoint": "broadcast", "times": 1, "drop": True, "afterAccept": True})
    frozen = write(town, deliveries.freeze_broadcast, "toy/13", MESSAGE, 31)
    assert (frozen.kind, frozen.frozen) == ("broadcast", 31)
    write(town, deliveries.start, "toy/13")
    wait_for(town, "toy/13", "done")
    assert count(town, "toy/13") == Ledger(31, 31, 0, 0, 0)
    (send,) = town.call(lambda: list(town.simulator.book.sends()))
    assert (send["endpoint"], len(send["userIds"])) == ("broadcast", 30)


def test_what_is_urgent_goes_first(town):
    friends = befriend(town, 10)
    ids = list(friends)
    faults(town, {"endpoint": "multicast", "delayMs": 200})
    freeze(town, "toy/slow", ids)
    freeze(town, "toy/urgent", ids, "緊急です。", urgent=True)

    def both(db):
        deliveries.start(db, "toy/slow")
        deliveries.start(db, "toy/urgent")

    write(town, both)
    wait_for(town, "toy/slow", "done")
    sends = town.call(lambda: list(town.simulator.book.sends()))
    assert sends[0]["messages"][0]["text"] == "緊急です。"


def test_a_freeze_that_broke_off_begins_again_and_another_one_loses(town):
    friends = befriend(town, 700)
    ids = list(friends)
    first = write(town, deliveries.begin_freeze, "toy/14", MESSAGE)
    write(town, deliveries.freeze_slice, "toy/14", first, ids[:600])
    frozen = freeze(town, "toy/14", ids)
    assert frozen.frozen == 700
    with pytest.raises(deliveries.NotFrozen):
        write(town, deliveries.freeze_slice, "toy/14", first, ids[600:])
    write(town, deliveries.start, "toy/14")
    wait_for(town, "toy/14", "done")
    assert received(town) == dict.fromkeys(friends.values(), 1)


def test_nothing_is_frozen_of_what_line_would_refuse(town):
    befriend(town, 1)
    for messages in ("", [], ["a"] * 6):
        with pytest.raises(ValueError):
            freeze(town, "toy/15", [1], messages)
    assert look(town, "toy/15") is None
    assert town.wait(town.running.store.fetch("SELECT count(*) FROM delivery")) == [(0,)]


def test_who_is_erased_gets_nothing_more_and_no_address_is_left(town):
    friends = befriend(town, 3)
    who = list(friends)[1]
    freeze(town, "toy/16", friends)
    person = town.wait(town.running.store.read(privacy.find_person, str(who)))
    actor = Actor("system", "test", "test")
    assert town.wait(privacy.erase(town.running.services.office, person, actor)).done_at
    left = town.wait(town.running.store.fetch("SELECT addresses FROM parcel"))
    assert friends[who].encode() not in bytes(left[0][0])
    write(town, deliveries.start, "toy/16")
    wait_for(town, "toy/16", "done")
    assert count(town, "toy/16") == Ledger(3, 2, 0, 0, 1)
    assert received(town) == {friends[one]: 1 for one in friends if one != who}
    assert town.wait(town.running.store.fetch("SELECT length(addresses) FROM parcel")) == [(0,)]


def test_a_residents_copy_names_deliveries_and_an_erasure_leaves_the_ledger_countable(town):
    friends = befriend(town, 3)
    who, other, gone = friends
    freeze(town, "toy/17", [who, other], "図書館は休みです。")
    freeze(town, "toy/18", [who, gone], "ほかの人へ")
    town.wait(town.simulator.unfollow(friends[who]))
    follows = "SELECT follows FROM resident WHERE id = $1"
    until(lambda: not town.wait(town.running.store.fetch(follows, who))[0][0])
    write(town, deliveries.start, "toy/18")
    wait_for(town, "toy/18", "done")
    town.wait(town.simulator.follow(friends[who]))
    until(lambda: town.wait(town.running.store.fetch(follows, who))[0][0])
    write(town, deliveries.start, "toy/17")
    wait_for(town, "toy/17", "done")

    person = town.wait(town.running.store.read(privacy.find_person, str(who)))
    office = town.running.services.office
    files = town.wait(export(office, person)).files
    told = b"".join(files.values()).decode()
    assert "図書館は休みです。" in told
    assert "ほかの人へ" not in told, "left out of it"
    before = count(town, "toy/17")
    town.wait(privacy.erase(office, person, Actor("system", "test", "test")))
    assert count(town, "toy/17") == before == Ledger(2, 2, 0, 0, 0)
    ids = town.wait(town.running.store.read(lambda db: list(deliveries.recipients(db, "toy/17"))))
    assert ids == [[who, other]], "a number that names nobody any more"
    assert town.wait(town.running.store.read(privacy.find_person, str(who))) is None
