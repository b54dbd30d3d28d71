"""LINE's follower list becomes residents, each once, whatever happens in between (R49)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from madoguchi import followers, privacy, residents
from madoguchi.audit import Actor
from madoguchi.followers import Reading, describe, is_due, last_reading
from madoguchi.testing import until

WHO = Actor("staff", "1", "試験")


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request, make_town):
    """A gateway on each database."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return make_town(**({"database_url": url} if url else {}))


def befriend(town, count):
    """So many friends from before the gateway; their ids."""

    async def add():
        return [
            await town.simulator.add_resident(f"住民{n}", follow="before") for n in range(count)
        ]

    return town.wait(add())


def reader(town):
    s = town.running.services
    return followers.reader_of(s.office, s.store.write, s.client, s.clock)


def read(town, patience=0.0, most=60.0) -> Reading:
    return town.wait(reader(town).read_on(patience, most))


def rows(town):
    sql = "SELECT line_id, follows FROM resident ORDER BY id"
    return [(line_id, bool(f)) for line_id, f in town.wait(town.running.store.fetch(sql))]


def execute(town, sql):
    town.wait(town.running.store.write(lambda db: db.execute(text(sql)) and None))


def set_state(town, line_id, follows, at):
    town.wait(town.running.store.write(residents.set_following, line_id, follows, at))


def test_r49_friends_from_before_become_followers_without_settings_each_once(town):
    friends = befriend(town, 1203)
    reading = read(town)
    assert reading.ended
    assert (reading.listed, reading.added, reading.pages) == (1203, 1203, 3)
    assert dict(rows(town)) == dict.fromkeys(friends, True)
    again = read(town)
    assert (again.id > reading.id, again.listed, again.added) == (True, 1203, 0)
    assert len(rows(town)) == 1203
    assert town.call(lambda: list(town.simulator.book.sends())) == []


def test_an_account_without_friends_is_read_too(town):
    reading = read(town)
    assert reading.ended
    assert (reading.listed, reading.pages) == (0, 1)


def test_r49_who_is_missing_in_the_list_is_not_gone(town):
    listed = befriend(town, 2)
    missing = "U" + "a" * 32
    set_state(town, missing, True, town.clock.now() - timedelta(days=1))
    read(town)
    assert dict(rows(town)) == {missing: True, **dict.fromkeys(listed, True)}


def test_r9_a_newer_event_stays_and_an_older_one_gives_way(town):
    left_now, left_long_ago = befriend(town, 2)
    set_state(town, left_now, False, town.clock.now())
    set_state(town, left_long_ago, False, town.clock.now() - timedelta(days=1))
    reading = read(town)
    assert dict(rows(town)) == {left_now: False, left_long_ago: True}
    assert (reading.added, reading.returned) == (0, 1)


def test_r9_an_event_from_before_the_list_changes_nothing_and_a_later_one_does(town):
    early, late = befriend(town, 2)
    read(town)
    set_state(town, early, False, town.clock.now() - timedelta(hours=1))
    set_state(town, late, False, town.clock.now())
    assert dict(rows(town)) == {early: True, late: False}


def test_a_reading_that_was_broken_off_goes_on_where_it_was(town):
    befriend(town, 1600)
    town.call(town.simulator.set_faults, [])
    half = town.wait(broken_off(town, pages=2))
    assert half.ended is None
    assert (half.listed, len(rows(town))) == (1000, 1000)
    town.stop_worker()
    town.start_worker()
    whole = read(town)
    assert (whole.id, whole.listed, whole.pages, whole.added) == (half.id, 1600, 4, 1600)
    assert len(rows(town)) == 1600


async def broken_off(town, pages):
    """A reading of which so many pages are done."""
    one = reader(town)
    reading = await one.write(followers._begin, one.clock.now())
    for _ in range(pages):
        reading = await one._step(reading)
    return reading


def test_the_last_page_was_read_and_the_end_was_not_written(town):
    befriend(town, 700)
    half = town.wait(broken_off(town, pages=2))
    assert (half.onward, half.ended, half.listed) == (None, None, 700)
    whole = read(town)
    assert (whole.id, whole.listed, bool(whole.ended)) == (half.id, 700, True)


def test_two_who_read_the_same_page_count_it_once(town):
    befriend(town, 1600)

    async def both():
        one = reader(town)
        reading = await one.write(followers._begin, one.clock.now())
        page = await one.line.friends(None)
        args = (reading, page, one.clock.now(), one.key_of)
        first = await one.write(followers._turn, *args)
        second = await one.write(followers._turn, *args)
        return first, second

    first, second = town.wait(both())
    assert first == second
    assert (second.listed, second.pages) == (500, 1)
    assert read(town).listed == 1600


def test_r49_the_name_of_the_next_page_is_valid_for_a_day(town):
    befriend(town, 1100)
    half = town.wait(broken_off(town, pages=1))
    town.clock.move(25 * 3600)
    whole = read(town, patience=5)
    assert (whole.id, whole.restarts, whole.listed, whole.added) == (half.id, 1, 1100, 1100)
    assert "続きの期限が切れ、1回、最初から読み直しました。" in describe(whole, 1100)
    assert len(rows(town)) == 1100


def test_r49_an_unverified_account_is_told_what_to_do(town):
    befriend(town, 3)
    town.call(town.simulator.change_settings, {"verified": False})
    reading = read(town)
    assert reading.ended
    assert rows(town) == []
    said = describe(reading, 0)
    assert said == [
        followers.UNVERIFIED,
        *followers.HOW_TO_VERIFY,
        "こちらで数える友だちは、0人です。",
    ]
    town.call(town.simulator.change_settings, {"verified": True})
    assert read(town).listed == 3


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"drop": True}, {"status": 429, "message": "The API rate limit"}],
    ids=["error", "dropped", "rate"],
)
def test_a_list_that_breaks_off_is_said_and_read_on(make_town, fault):
    town = make_town()
    befriend(town, 1100)
    town.wait(broken_off(town, pages=1))
    town.call(town.simulator.set_faults, [{"endpoint": "followers", "share": 1, **fault}])
    stuck = read(town)
    assert (stuck.ended, stuck.trouble, stuck.listed) == (None, followers.HELD_UP, 500)
    assert followers.HELD_UP in describe(stuck, 500)
    rule = {"endpoint": "followers", "share": 1, "times": 1, **fault}
    town.call(town.simulator.set_faults, [rule])
    whole = read(town, patience=5)
    assert (whole.id, whole.trouble, whole.listed, bool(whole.ended)) == (
        stuck.id,
        None,
        1100,
        True,
    )


def expire(town):
    """What a channel access token that ends while it is used looks like from LINE."""
    town.call(town.simulator._db.execute, "UPDATE access_token SET expires = 0")


def test_r52_a_token_that_expires_between_two_pages_is_replaced(make_town):
    town = make_town(city={"line": {"access_token": None}})
    befriend(town, 1100)
    half = town.wait(broken_off(town, pages=1))
    expire(town)
    whole = read(town)
    assert (whole.id, whole.listed, whole.trouble) == (half.id, 1100, None)
    issued = town.call(lambda: town.simulator._db.execute("SELECT count(*) FROM access_token"))
    assert issued.fetchone()[0] == 2


def test_a_revoked_token_is_said_and_nothing_is_lost(make_town):
    town = make_town()
    befriend(town, 1100)
    town.wait(broken_off(town, pages=1))
    town.channel.access_token = "another"
    stuck = read(town, patience=5)
    assert (stuck.ended, stuck.trouble, stuck.listed) == (None, followers.REFUSED, 500)
    town.channel.access_token = f"token-of-{town.name}"
    assert read(town).listed == 1100


def test_who_was_erased_comes_back_by_themselves_only(town):
    stays, erased = befriend(town, 2)
    read(town)
    office = town.running.services.office
    person = town.wait(office.store.read(privacy.find_person, erased))
    town.wait(privacy.erase(office, person, WHO))
    reading = read(town)
    assert dict(rows(town)) == {stays: True}
    assert (reading.listed, reading.added, reading.left_out) == (2, 0, 1)
    assert "消去を申し出た1人は、入れていません。" in describe(reading, 1)
    message = {"type": "text", "text": "こんにちは"}
    town.wait(town.simulator.send_message(erased, message))
    until(lambda: len(rows(town)) == 2)
    assert dict(rows(town)) == {stays: True, erased: True}
    assert read(town).left_out == 0


def test_lines_own_count_stands_beside_ours(town):
    befriend(town, 2)
    assert "LINEの集計は、まだありません。新しいアカウントでは、数日かかります。" in describe(
        read(town), 2
    )
    ready = Reading(1, datetime.now(UTC), ended=datetime.now(UTC), line_count=1000)
    ready = replace(ready, line_day="2026-11-21")
    told = "LINEの集計では、1,000人です（2026-11-21、ブロックを除く）。"
    assert describe(ready, 990)[-1] == told
    assert describe(ready, 979)[-2:] == [told, followers.SHORT_LIST]


def test_it_is_read_at_night_and_whenever_something_is_left():
    night = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # 2:00 in Tokyo
    done = Reading(1, night + timedelta(minutes=1), ended=night + timedelta(minutes=2))
    assert is_due(None, night)
    assert is_due(Reading(1, night), night + timedelta(minutes=5))
    assert not is_due(done, night + timedelta(hours=23))
    assert is_due(done, night + timedelta(hours=24))


def test_the_worker_reads_it_at_night(make_town):
    town = make_town()
    befriend(town, 3)
    until(lambda: runs(town) == ["new"])
    town.clock.move(3600)
    until(lambda: runs(town) == ["new", "done"])
    assert len(rows(town)) == 3
    befriend(town, 1)
    town.clock.move(24 * 3600)
    until(lambda: len(rows(town)) == 4)
    assert town.wait(town.running.store.read(last_reading)).listed == 4


def runs(town):
    sql = "SELECT outcome FROM job_run WHERE job = 'core/followers' ORDER BY tick"
    return [row[0] for row in town.wait(town.running.store.fetch(sql))]


def test_old_readings_are_forgotten_except_the_last(town):
    befriend(town, 1)
    read(town)
    read(town)
    store = town.running.store
    town.wait(store.write(followers.forget_readings, town.clock.now() + timedelta(days=1)))
    assert town.wait(store.fetch("SELECT count(*) FROM follower_import"))[0][0] == 1
