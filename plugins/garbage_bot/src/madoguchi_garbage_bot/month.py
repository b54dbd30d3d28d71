"""A month of an area, as a table of weeks and a list of days."""

import calendar as months
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from madoguchi_garbage_bot.days.calendars import (
    AreaCalendar,
    Collection,
    collections,
    happenings,
)
from madoguchi_garbage_bot.days.city import City

SUNDAY = 6
AHEAD = 12
"""Months after this one that can be opened."""


@dataclass(frozen=True, slots=True)
class Month:
    """What a month's page shows."""

    first: date
    weeks: Sequence[Sequence[date | None]]
    """Sunday first; None is another month's day."""
    on: dict[date, list[Collection]]
    missed: Sequence[Collection]
    """Planned in this month, and not collected as planned."""
    unknown: tuple[str, ...]
    """Categories of which the calendar does not know the whole month."""
    remarks: Sequence[tuple[str, str]]
    """Category and what the city remarks on it."""


def build_month(city: City, calendar: AreaCalendar, first: date) -> Month:
    """The month that begins on `first`."""
    last = first.replace(day=months.monthrange(first.year, first.month)[1])
    on: dict[date, list[Collection]] = {}
    for one in collections(calendar, city.exceptions, first, last):
        if one.day is not None:
            on.setdefault(one.day, []).append(one)
    missed = [one for one in happenings(calendar, city.exceptions, first, last) if one.is_changed]
    return Month(
        first,
        [
            [day if day.month == first.month else None for day in week]
            for week in months.Calendar(SUNDAY).monthdatescalendar(first.year, first.month)
        ],
        on,
        [one for one in missed if one.planned is not None],
        tuple(one.category for one in calendar.schedules if not one.is_known_on(last)),
        [(one.category, text) for one in calendar.schedules for text in one.remarks],
    )


def read_month(text: str, today: date) -> date | None:
    """The first day of `2027-12`; None if it is none, or too far from today."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    away = (first.year - today.year) * 12 + first.month - today.month
    return first if -AHEAD <= away <= AHEAD else None


def next_month(first: date, by: int = 1) -> date:
    """The first day of another month."""
    year, month = divmod(first.year * 12 + first.month - 1 + by, 12)
    return date(year, month + 1, 1)
