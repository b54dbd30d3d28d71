"""What becomes of the rule: closures, holidays, and what the city moved."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.calendars import (
    AreaCalendar,
    Closure,
    Exceptions,
    Moved,
    Schedule,
    collections,
    happenings,
)
from madoguchi_garbage_bot.days.changes import find_changes
from madoguchi_garbage_bot.days.notation import read_cell

NEW_YEAR = Closure("東", date(2026, 12, 29), date(2027, 1, 3))


def calendar(centre: str = "東", key: str = "a", **cells: str) -> AreaCalendar:
    schedules = [Schedule(name, read_cell(cell).rule) for name, cell in cells.items()]
    return AreaCalendar(Area(key, key, centre=centre), tuple(schedules))


def days(calendar: AreaCalendar, exceptions: Exceptions, first: date, last: date) -> list[str]:
    found = collections(calendar, exceptions, first, last)
    return [f"{one.day:%m%d} {one.category}" for one in found]


def test_a_closure_drops_the_days_of_its_centre_alone():
    span = date(2026, 12, 24), date(2027, 1, 8)
    exceptions = Exceptions((NEW_YEAR,))
    assert days(calendar(可燃="木"), exceptions, *span) == ["1224 可燃", "0107 可燃"]
    assert len(days(calendar("西", 可燃="木"), exceptions, *span)) == 3
    everywhere = Exceptions((Closure("", NEW_YEAR.first, NEW_YEAR.last),))
    assert len(days(calendar("西", 可燃="木"), everywhere, *span)) == 2


def test_a_closure_can_shift_the_later_weeks_of_its_month():
    # As in Kanazawa: the first Saturday falls into the closure, so the third goes a week later too.
    january = date(2027, 1, 1), date(2027, 2, 7)
    shifted = Exceptions((NEW_YEAR,), on_closure="shift")
    some = calendar(缶="土1 土3", 可燃="土")
    cans = [day for day in days(some, shifted, *january) if "缶" in day]
    assert cans == ["0109 缶", "0123 缶", "0206 缶"]
    # A week later is another Saturday anyway: a weekly day only falls out.
    assert len(days(some, shifted, *january)) - len(cans) == 5


def test_holidays_are_collected_dropped_or_made_up_for():
    # 20 to 23 September 2026: a Sunday and three holidays.
    span = date(2026, 9, 20), date(2026, 9, 26)
    some = calendar(可燃="月 木", 缶="20260922")
    assert days(some, Exceptions(), *span) == ["0921 可燃", "0922 缶", "0924 可燃"]
    assert days(some, Exceptions(on_holiday="drop"), *span) == ["0922 缶", "0924 可燃"]
    # The Monday is made up for on Thursday, which is collected anyway; written days stay.
    assert days(some, Exceptions(on_holiday="next"), *span) == ["0922 缶", "0924 可燃"]
    assert days(calendar(可燃="月"), Exceptions(on_holiday="next"), *span) == ["0924 可燃"]


def test_what_the_city_decided_counts_before_everything():
    some = calendar(可燃="金", 缶="金")
    moved = (
        Moved(date(2027, 1, 1), None, why="休み"),
        Moved(date(2027, 1, 1), date(2027, 1, 4), "可燃", "a", "年始の振替"),
        Moved(None, date(2027, 1, 5), "缶", why="追加"),
        Moved(None, date(2027, 1, 5), "缶", "b"),
    )
    exceptions = Exceptions((NEW_YEAR,), moved)
    span = date(2026, 12, 31), date(2027, 1, 7)
    assert days(some, exceptions, *span) == ["0104 可燃", "0105 缶"]
    assert days(some, exceptions, date(2027, 1, 4), date(2027, 1, 4)) == ["0104 可燃"]
    told = {
        (one.category, one.planned, one.day, one.why) for one in happenings(some, exceptions, *span)
    }
    assert told == {
        ("可燃", date(2027, 1, 1), date(2027, 1, 4), "年始の振替"),
        ("缶", date(2027, 1, 1), None, "休み"),
        ("缶", None, date(2027, 1, 5), "追加"),
    }


def test_changes_of_a_week_stand_once_for_all_areas_they_touch():
    areas = [calendar(key=key, 可燃="金") for key in "ab"] + [calendar("西", "c", 可燃="金")]
    moved = (Moved(date(2027, 1, 1), date(2027, 1, 4), "可燃", why="年始"),)
    week = date(2027, 1, 4), date(2027, 1, 10)
    (change,) = find_changes(areas, Exceptions((), moved), *week)
    assert (change.planned, change.day, change.why) == (date(2027, 1, 1), date(2027, 1, 4), "年始")
    assert [area.key for area in change.areas] == ["a", "b", "c"]
    closed = find_changes(areas, Exceptions((NEW_YEAR,)), date(2026, 12, 28), date(2027, 1, 3))
    assert [(one.day, [area.key for area in one.areas]) for one in closed] == [(None, ["a", "b"])]
    assert find_changes(areas, Exceptions((NEW_YEAR,)), *week) == []


@given(
    st.sampled_from(["月 木", "水2 水4", "隔水20260401", "土1:1 4 土3", "20261231 20270101"]),
    st.dates(date(2026, 4, 1), date(2027, 3, 1)),
    st.integers(0, 10),
    st.sampled_from(["drop", "shift"]),
    st.sampled_from(["collect", "drop", "next"]),
)
def test_whatever_is_closed_nothing_is_collected_then(cell, first, length, on_closure, on_holiday):
    closed = Closure("東", first, first + timedelta(length))
    exceptions = Exceptions((closed,), (), on_closure, on_holiday)
    some = calendar(可燃=cell)
    span = first - timedelta(20), first + timedelta(20)
    found = collections(some, exceptions, *span)
    assert not [one for one in found if one.day and closed.first <= one.day <= closed.last]
    assert len({one.day for one in found}) == len(found)
    # Every planned day is accounted for, and a change says why.
    planned = [one for one in happenings(some, exceptions, *span) if one.planned]
    assert all(one.why for one in planned if one.is_changed)
    plain = happenings(some, Exceptions(), *span)
    assert [one.planned for one in planned] == [one.planned for one in plain]
