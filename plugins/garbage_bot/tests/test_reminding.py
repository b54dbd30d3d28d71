"""Reminders with the clock moved: once for each occasion, shifts, staff's word, late workers."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import delete, select

from madoguchi import JST
from madoguchi.ledger_tables import delivery
from madoguchi.tables import job_run, resident
from madoguchi.testing import TestResident, TestStaff
from madoguchi.testing.waiting import until
from madoguchi_garbage_bot import day_rows, day_tables
from madoguchi_garbage_bot.day_names import name_day

PATH = "/liff/garbage_bot/reminders"
MONDAYS = (date(2027, 10, 4) + timedelta(7 * n) for n in count())
"""Each test has a week of its own, because a job runs once for each time."""


@pytest.fixture
def at(town):
    """Set the clock of gateway and LINE."""

    def set_clock(day, time):
        moment = datetime.fromisoformat(f"{day} {time}").replace(tzinfo=JST)
        town.clock.move(moment.timestamp() - town.clock.time())
        return moment

    return set_clock


@pytest.fixture
def monday(town, at):
    """Nobody is reminded by an earlier test; the clock stands on Monday morning."""

    def clear(db):
        for table in (day_tables.reminder, day_tables.reminded, day_tables.stopped):
            db.execute(delete(table))

    town.wait(town.running.store.write(clear))
    day = next(MONDAYS)
    at(day, "10:00")
    return day


def tells(when, day, name):
    return f"{when}、{name_day(day)['ja']}は「{name}」の日です。"


@pytest.fixture
def friend(town):
    """Make a friend with an area and reminders."""

    def make(area="honcho", evening="19:00", morning="", kinds=None, language=None):
        who = TestResident(town)
        who.opens("/liff/garbage_bot/area")
        who.browser.posts("/mihon/liff/garbage_bot/area", [("area", area)])
        page = who.opens(PATH)
        assert "本町" in page or area != "honcho"
        typed = {"evening": evening, "morning": morning}
        who.submits(typed if kinds is None else {**typed, "kind": kinds}, "保存する")
        if language:
            who.says(language)
        who.hears(0)
        return who

    return make


def ran(town, tick):
    """Whether the job of a time has ended, and everything it froze has gone out."""

    def look(db):

        jobs = select(job_run.c.outcome).where(
            job_run.c.job == "garbage_bot/remind", job_run.c.tick >= int(tick.timestamp())
        )
        done = [one for (one,) in db.execute(jobs)]
        waiting = select(delivery.c.id).where(delivery.c.state != "done")
        return bool(done) and "running" not in done and db.execute(waiting).first() is None

    return town.wait(town.running.store.read(look))


@pytest.fixture
def goes_by(town, at):
    """Let it be a time at which the job runs, and wait until it has."""

    def go(day, time):
        tick = at(day, f"{time}:01") - timedelta(seconds=1)
        until(lambda: ran(town, tick), 30)

    return go


def pushed(who):
    return [
        entry["message"]["text"]
        for entry in who.chat()
        if entry["from"] == "bot" and entry["via"] in ("push", "multicast")
    ]


def test_the_evening_before_once_and_not_again_after_a_restart(town, friend, goes_by, monday):
    one, other, burnables = friend(), friend(), friend(kinds=["燃やすごみ"])
    goes_by(monday, "18:55")
    assert pushed(one) == []
    goes_by(monday, "19:00")
    assert pushed(one) == [tells("明日", monday + timedelta(1), "プラスチック")]
    assert pushed(other) == pushed(one)
    town.stop_worker()
    town.start_worker()
    goes_by(monday, "19:05")
    goes_by(monday, "21:55")
    assert len(pushed(one)) == len(pushed(other)) == 1
    assert pushed(burnables) == []
    goes_by(monday + timedelta(2), "19:00")
    assert pushed(burnables) == [tells("明日", monday + timedelta(3), "燃やすごみ")]


def test_equal_texts_are_one_multicast(town, friend, goes_by, monday):
    friends = [friend(), friend(), friend("hongo"), friend()]
    goes_by(monday, "19:00")
    texts = Counter(text for who in friends for text in pushed(who))
    assert sorted(texts.values()) == [1, 3]
    sends = town.call(lambda: list(town.simulator.book.sends(0)))
    assert sorted(len(one["userIds"]) for one in sends[-2:]) == [1, 3]


def test_a_morning_reminder_is_made_up_for_until_nine(town, friend, at, goes_by, monday):
    who = friend(evening="", morning="06:30")
    town.stop_worker()
    at(monday + timedelta(1), "08:40:00")
    town.start_worker()
    goes_by(monday + timedelta(1), "08:45")
    assert pushed(who) == [tells("今日", monday + timedelta(1), "プラスチック")]
    town.stop_worker()
    at(monday + timedelta(3), "09:01:00")
    town.start_worker()
    goes_by(monday + timedelta(3), "09:05")
    assert len(pushed(who)) == 1, "it is too late to be of use"


def test_who_left_or_was_erased_is_told_nothing(town, friend, goes_by, monday):
    gone, erased, there = friend(), friend(), friend()
    gone.blocks()

    def erase(db):
        number = db.scalar(select(resident.c.id).where(resident.c.line_id == erased.user_id))
        titles = [one.title for one in day_rows.export(db, number)]
        assert titles == [day_rows.AREA, day_rows.REMINDER]
        return day_rows.erase(db, number)

    assert town.wait(town.running.store.write(erase))["ごみの地区"] == 1
    goes_by(monday, "19:00")
    assert (len(pushed(gone)), len(pushed(erased)), len(pushed(there))) == (0, 0, 1)


def test_staff_see_the_texts_and_stop_a_day(town, friend, goes_by, monday):
    who, tuesday = friend(morning="07:00"), monday + timedelta(1)
    staff = TestStaff(town, "見本 花子", ["garbage_bot.reminders"])
    page = staff.opens("/garbage_bot/changes?week=0")
    assert tells("明日", tuesday, "プラスチック") in page
    assert "すべていつもどおり" in page
    path = "/mihon/console/garbage_bot/changes"
    page = staff.browser.posts(path, [("do", f"stop:{tuesday}"), ("week", "0")])
    assert "止めています" in page
    goes_by(monday, "19:00")
    goes_by(tuesday, "07:00")
    assert pushed(who) == []
    staff.logs_in()
    staff.browser.posts(path, [("do", f"resume:{tuesday}"), ("week", "0")])
    goes_by(tuesday, "07:05")
    assert pushed(who) == [tells("今日", tuesday, "プラスチック")]
    outsider = TestStaff(town, "見本 次郎")
    assert outsider.opens("/garbage_bot/changes").status == 403


def test_settings_are_kept_and_unknown_values_are_none(friend, monday):
    who = friend(evening="17:30", morning="08:00", kinds=["燃やすごみ"])
    page = who.opens(PATH)
    assert 'value="17:30" selected' in page
    assert 'value="08:00" selected' in page
    assert page.html.count(" checked") == 1
    page = who.submits({"evening": "03:00", "morning": ""}, "保存する")
    assert "通知は送りません。" in page


def test_a_shift_is_honoured_and_told_and_staff_see_it_before(town, friend, at, goes_by, monday):
    at("2027-12-20", "10:00")
    who = friend()
    staff = TestStaff(town, "見本 三郎", ["garbage_bot.reminders"])
    page = staff.opens("/garbage_bot/changes")
    assert "年末の振替" in page
    assert "から変わりました" in page, "it stands in the text that will go out"
    goes_by("2027-12-28", "19:00")
    assert pushed(who)[-1] == (
        "明日、12月29日（水）は「燃やすごみ」の日です。\n"
        "「燃やすごみ」は、12月30日（木）から変わりました（年末の振替）。"
    )
    count_before = len(pushed(who))
    goes_by("2027-12-29", "19:00")
    assert len(pushed(who)) == count_before, "nothing is collected on the 30th"
