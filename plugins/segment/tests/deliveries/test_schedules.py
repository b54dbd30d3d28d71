"""When something goes out, and of what residents are reminded once ever."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi import JST
from madoguchi.forms.profile import write_profile
from madoguchi_segment.deliveries import reminders, runs, schedules, states
from madoguchi_segment.deliveries.reminders import dates_for, day_for
from madoguchi_segment.deliveries.schedules import Remind, occasions, parse

from .conftest import say_yes
from .test_sending import got_it, last_run, state

HOLIDAYS = {date(2027, 4, 29), date(2027, 5, 3), date(2027, 5, 4), date(2027, 5, 5)}


def is_closed(day):
    return day.weekday() >= 5 or day in HOLIDAYS


def days(timing, first=(2027, 4, 1), last=(2027, 5, 31)):
    after = datetime(*first, tzinfo=JST) - timedelta(seconds=1)
    until = datetime(*last, 23, 59, tzinfo=JST)
    found = occasions(parse({"at": "10:00", **timing}), after, until, is_closed)
    return [f"{when:%-m/%-d}" for when in found]


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ({"every": "once", "day": "2027-04-10"}, "4/10"),
        ({"every": "week", "days": ["fri"], "without": ["2027-04-09"]}, "4/2 4/16 4/23 4/30 5/7"),
        ({"every": "month", "days": [1, 31]}, "4/1 5/1 5/31"),
        ({"every": "month end"}, "4/30 5/31"),
        ({"every": "nth weekday", "nth": [2, -1], "days": ["wed"]}, "4/14 4/28 5/12 5/26"),
        ({"every": "dates", "dates": ["2027-05-05", "2027-04-02"]}, "4/2 5/5"),
        ({"every": "month", "days": [3], "closed": "before"}, "4/2 4/30"),
        ({"every": "month", "days": [3], "closed": "after"}, "4/5 5/6"),
        ({"every": "month", "days": [3], "closed": "skip"}, ""),
    ],
)
def test_the_days_of_a_timing(timing, expected):
    last = (2027, 5, 10) if timing["every"] == "week" else (2027, 5, 31)
    assert " ".join(days(timing, last=last)) == expected
    assert schedules.describe(parse({"at": "10:00", **timing}))


def test_whether_somebody_answers_the_telephone():
    for when, staffed in (
        ((2027, 4, 6, 8, 30), True),
        ((2027, 4, 6, 8, 29), False),
        ((2027, 4, 6, 17, 16), False),
        ((2027, 4, 29, 10, 0), False),
        ((2027, 4, 10, 10, 0), False),
    ):
        assert schedules.is_staffed(datetime(*when, tzinfo=JST), is_closed) is staffed


@pytest.mark.parametrize(
    ("born", "months", "expected"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 18, "2025-08-29"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-08-31", 18, "2027-02-28"),
        ("2025-06-30", 18, "2026-12-30"),
        ("2025-07-15", 18, "2027-01-15"),
    ],
)
def test_the_day_after_so_many_months(born, months, expected):
    assert day_for(date.fromisoformat(born), Remind("", None, months)).isoformat() == expected


@given(
    st.dates(date(2015, 1, 1), date(2035, 12, 31)),
    st.integers(-30, 60),
    st.integers(-60, 60),
)
def test_every_date_has_one_day_and_is_found_on_it(born, months, shift):
    remind = Remind("segment/children", "birthdate", months, shift)
    assert born in dates_for(day_for(born, remind), remind)


REMIND = {"field": "segment/children", "part": "birthdate", "months": 18, "days": -14}
RULE = {
    "kind": "rule",
    "ceiling": 100,
    "until": "2028-03-31",
    "timing": {"every": "day", "at": "10:30", "remind": REMIND},
    "condition": None,
}


def children(desk, number, *born):
    given_ = [{"birthdate": one} for one in born]
    desk.write(write_profile, number, "segment", {"children": given_}, desk.now)


def test_the_18_month_notice_on_the_right_day_once_per_child(desk):
    leap, twins, year_end, nobody = desk.friends(4)
    children(desk, leap, "2026-02-28", "2024-02-29")
    children(desk, twins, "2025-11-01", "2025-11-01", "2020-01-01")
    children(desk, year_end, "2026-07-10")
    children(desk, nobody, "2010-05-05")
    rule = RULE | {"condition": {"everyone": True}}
    one = desk.reserved(**rule)
    seen = {}
    day = datetime(2027, 4, 6, 10, 31, tzinfo=JST)
    while day < datetime(2027, 5, 1, tzinfo=JST) or (
        datetime(2027, 12, 20, tzinfo=JST) < day < datetime(2028, 1, 10, tzinfo=JST)
    ):
        desk.at(day.year, day.month, day.day, 10, 30)
        before = got_it(desk, one)
        desk.tick()
        desk.tick()
        say_yes(desk)
        desk.tick()
        for who, count in (got_it(desk, one) - before).items():
            seen.setdefault(who, []).append((f"{day:%m-%d}", count))
        day += timedelta(days=1)
    # 2025-11-01 + 18 months = 2027-05-01; 14 days before is 17 April.
    assert seen == {twins: [("04-17", 2)]}
    assert state(desk, one) is states.State.SCHEDULED
    assert set(last_run(desk, one).keys) == set()


def test_reminders_across_the_end_of_a_year_and_of_february(desk):
    remind = Remind("segment/children", "birthdate", 18, -14)
    january, february = desk.friends(2)
    children(desk, january, "2026-07-10")  # 2028-01-10, so 2027-12-27
    children(desk, february, "2026-08-31", "2026-08-29", "2026-08-30")  # all 2028-02-29
    due = desk.read(reminders.find_due, 1, 1, remind, date(2027, 12, 27))
    assert [one.resident_id for one in due] == [january]
    due = desk.read(reminders.find_due, 1, 1, remind, date(2028, 2, 15))
    assert [one.resident_id for one in due] == [february] * 3
    for day in (date(2028, 2, 14), date(2028, 2, 16), date(2027, 12, 26), date(2027, 12, 28)):
        assert desk.read(reminders.find_due, 1, 1, remind, day) == []


def test_once_ever_even_if_the_rule_is_approved_again(desk):
    (who,) = desk.friends(1)
    children(desk, who, "2025-10-20")  # 2027-04-20 minus 14 days: today
    one = desk.reserved(**(RULE | {"condition": {"everyone": True}}))
    desk.at(2027, 4, 6, 10, 30)
    desk.tick()
    say_yes(desk)
    desk.tick()
    assert got_it(desk, one) == {who: 1}
    from madoguchi_segment.deliveries import drafts

    from .conftest import WRITER

    later = RULE["timing"] | {"at": "11:00"}
    now = desk.read(states.get, one.id)
    edited = desk.write(drafts.edit, WRITER, one.id, now.version, desk.now, timing=later)
    desk.reserve(desk.approve(desk.ask(edited)))
    desk.at(2027, 4, 6, 11, 0)
    desk.tick()
    say_yes(desk)
    desk.tick()
    assert len(desk.read(runs.runs_of, one.id)) == 2
    assert got_it(desk, one) == {who: 1}
