# nosay: staff read it
"""What really happens: the rule, then closures, holidays and what the city moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import jpholiday

from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.rules import (
    NEVER,
    InMonths,
    NthWeekday,
    Rule,
    days_in,
    falls_on,
    is_written_out,
    known_until,
    parts,
)

REACH = timedelta(31)
"""How far from its day a collection may be moved."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rule of one category in an area."""

    category: str
    rule: Rule = NEVER
    remarks: tuple[str, ...] = ()
    is_open: bool = False
    """The city says that more days will follow."""
    is_unread: bool = False
    """Part of the cell could not be read: there may be days that we do not know."""

    def is_known_on(self, day: date) -> bool:
        """Whether the file says anything of that day; a list of dates ends with its last."""
        end = known_until(self.rule)
        return not self.is_unread and (end is None or day <= end)


@dataclass(frozen=True, slots=True)
class AreaCalendar:
    """All schedules of an area."""

    area: Area
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """A centre does not work from one day to another, both included."""

    centre: str
    """"" closes for all areas."""
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Moved:
    """What the city decided for single days: 1/1 → 1/4; no collection; one more."""

    day: date | None
    """The day by the rule; None: an extra collection on `to`."""
    to: date | None
    """None: not collected."""
    category: str = ""
    """"" is all of them; an extra collection names one."""
    area: str = ""
    """Key of an area; "" is all of them."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What changes the rules of a city's areas."""

    closures: tuple[Closure, ...] = ()
    moved: tuple[Moved, ...] = ()
    on_closure: Literal["drop", "shift"] = "drop"
    """`shift`: a day of the month's nth week, and those after it in that month, one week later."""
    on_holiday: Literal["collect", "drop", "next"] = "collect"
    """`next`: the next day that is neither a holiday nor a Sunday nor closed.

    Days that the city wrote out one by one are as it wrote them.
    """


@dataclass(frozen=True, slots=True)
class Collection:
    """One category on one day."""

    category: str
    day: date | None
    """None: it is not collected."""
    planned: date | None
    """By the rule; None: one more than the rule says."""
    why: str = ""
    """Why it is not as planned."""

    @property
    def is_changed(self) -> bool:
        """Whether it is not as planned."""
        return self.day != self.planned


def collections(
    calendar: AreaCalendar, exceptions: Exceptions, first: date, last: date
) -> list[Collection]:
    """What is collected in an area in a span, both ends included, by day; each category once."""
    found: dict[tuple[date, str], Collection] = {}
    away = reach(exceptions, first, last)
    for one in happenings(calendar, exceptions, first - away, last + away):
        if one.day is not None and first <= one.day <= last:
            key = one.day, one.category
            if key not in found or not one.is_changed:
                found[key] = one
    order = {schedule.category: n for n, schedule in enumerate(calendar.schedules)}
    return [found[key] for key in sorted(found, key=lambda key: (key[0], order.get(key[1], 0)))]


def reach(exceptions: Exceptions, first: date, last: date) -> timedelta:
    """How far outside of a span planned days may lie whose collections come into it."""
    if exceptions.on_holiday == "next" or exceptions.on_closure == "shift":
        return REACH
    ends = [(one.day, one.to) for one in exceptions.moved if one.day and one.to]
    into = [abs(to - day) for day, to in ends if first <= to <= last]
    return max(into, default=timedelta(0))


def happenings(
    calendar: AreaCalendar, exceptions: Exceptions, first: date, last: date
) -> Iterator[Collection]:
    """What becomes of each day planned in a span, and what comes in addition to them."""
    area = calendar.area
    # What is decided for this area, or for this category, counts before what is for all.
    moved = sorted(
        (one for one in exceptions.moved if one.area in ("", area.key)),
        key=lambda one: (one.area != "", one.category != ""),
    )
    for schedule in calendar.schedules:
        mine = [one for one in moved if one.category in ("", schedule.category)]
        decided = {one.day: one for one in mine if one.day}
        for day in days_in(schedule.rule, first, last):
            if one := decided.get(day):
                yield Collection(schedule.category, one.to, day, one.why)
            else:
                yield _turn(schedule, area.centre, exceptions, day)
        for one in mine:
            if one.day is None and one.category and one.to and first <= one.to <= last:
                yield Collection(schedule.category, one.to, None, one.why)


def _turn(schedule: Schedule, centre: str, exceptions: Exceptions, day: date) -> Collection:
    """What becomes of a planned day by closures and holidays."""
    category = schedule.category
    if exceptions.on_closure == "shift" and _is_nth(schedule.rule, day):
        closed = any(
            _is_closed(exceptions, centre, date(day.year, day.month, n))
            and falls_on(schedule.rule, date(day.year, day.month, n))
            for n in range(1, day.day + 1)
        )
        if closed:
            later = _first_open(exceptions, centre, day, 7)
            return Collection(category, later, day, "休止期間")
    if _is_closed(exceptions, centre, day):
        return Collection(category, None, day, "休止期間")
    if exceptions.on_holiday != "collect" and not is_written_out(schedule.rule, day):
        holiday = jpholiday.is_holiday_name(day)
        if holiday and exceptions.on_holiday == "drop":
            return Collection(category, None, day, holiday)
        if holiday:
            later = _first_open(exceptions, centre, day, 1)
            return Collection(category, later, day, holiday)
    return Collection(category, day, day)


def _is_nth(rule: Rule, day: date) -> bool:
    """Whether a day comes from the nth weeks of months: a weekly day moved by a week is another."""
    for one in parts(rule):
        if falls_on(one, day):
            inner = parts(one.rule) if isinstance(one, InMonths) else (one,)
            return any(isinstance(part, NthWeekday) and falls_on(part, day) for part in inner)
    return False


def _is_closed(exceptions: Exceptions, centre: str, day: date) -> bool:
    return any(
        one.first <= day <= one.last and one.centre in ("", centre) for one in exceptions.closures
    )


def _first_open(exceptions: Exceptions, centre: str, day: date, step: int) -> date | None:
    """The first later day, in steps of so many, that is open; counted by day, a working one."""
    for n in range(step, REACH.days, step):
        later = day + timedelta(n)
        works = step > 1 or not (later.weekday() == 6 or jpholiday.is_holiday(later))
        if works and not _is_closed(exceptions, centre, later):
            return later
    return None
