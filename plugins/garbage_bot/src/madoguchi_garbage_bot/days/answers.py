"""What a question's answer is, as data; whoever speaks to the resident makes the sentence."""

import calendar as months
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from madoguchi_garbage_bot.days.calendars import (
    REACH,
    AreaCalendar,
    Collection,
    Exceptions,
    collections,
    happenings,
)
from madoguchi_garbage_bot.days.categories import match_categories
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.days.questions import Question
from madoguchi_garbage_bot.days.words import Span

AHEAD = timedelta(370)
"""How far ahead the next collection is looked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is collected on the days that were asked for."""

    question: Question
    first: date
    last: date
    collections: tuple[Collection, ...]
    """By day; if it was asked when something is next, one for each category."""
    missed: tuple[Collection, ...]
    """What the rule has in these days and is not collected then: `day` says when instead."""
    unknown: tuple[str, ...]
    """Categories of which the calendar does not know these days: it has ended, or is unreadable."""


def answer(
    question: Question, calendar: AreaCalendar, exceptions: Exceptions, today: date
) -> Answer | None:
    """The answer for an area; None if there is no such day (30 February)."""
    wanted = question.categories or tuple(one.category for one in calendar.schedules)
    known = tuple(one for one in calendar.schedules if one.category in wanted)
    mine = AreaCalendar(calendar.area, known)
    if question.span is None:
        return _next(question, mine, exceptions, today)
    days = days_of(question.span, today)
    if days is None:
        return None
    first, last = days
    missed = [
        one
        for one in happenings(mine, exceptions, first, last)
        if one.is_changed and one.planned is not None
    ]
    return Answer(
        question,
        first,
        last,
        tuple(collections(mine, exceptions, first, last)),
        tuple(missed),
        tuple(one.category for one in known if not one.is_known_on(last)),
    )


def next_day(city: City, area_key: str, category: str, today: date) -> Collection | None:
    """When a category is next collected in an area, today included; None if nobody knows.

    `category` is a column of the calendar, or what a list calls it where only one column is meant.
    """
    calendar = city.calendars.get(area_key)
    if calendar is None:
        return None
    column = find_column(calendar, category)
    if column is None:
        return None
    told = answer(Question(None, (column,)), calendar, city.exceptions, today)
    return told.collections[0] if told and told.collections else None


def find_column(calendar: AreaCalendar, category: str) -> str | None:
    """What an area's calendar calls a category of the list; None if none or several are meant."""
    columns = [one.category for one in calendar.schedules]
    if category in columns:
        return category
    found = [column for column, name in match_categories(columns, [category])[0].items() if name]
    return found[0] if category and len(found) == 1 else None


def days_of(span: Span, today: date) -> tuple[date, date] | None:
    """First and last day of a span; None if there is no such day."""
    number, monday = span.number or 0, today - timedelta(today.weekday())
    match span.kind:
        case "day":
            return _one(today + timedelta(number))
        case "weekday" if span.number is None:
            return _one(today + timedelta((span.day - today.weekday()) % 7))
        case "weekday":
            return _one(monday + timedelta(7 * number + span.day))
        case "week":
            return monday + timedelta(7 * number), monday + timedelta(7 * number + 6)
        case "month":
            return _month(*divmod(today.year * 12 + today.month - 1 + number, 12))
        case "month_of":
            year = today.year + (number < today.month)
            return _month(year, number - 1)
        case "turn":
            year = today.year - (today.month == 1 and today.day <= 7)
            return date(year, 12, 27), date(year + 1, 1, 7)
        case "date":
            return next((_one(day) for day in _dates(span, today) if day >= today), None)


def _next(
    question: Question, calendar: AreaCalendar, exceptions: Exceptions, today: date
) -> Answer:
    found: dict[str, Collection] = {}
    missed: list[Collection] = []
    first, end = today, today + AHEAD
    while first <= end and len(found) < len(calendar.schedules):
        last = min(first + REACH, end)
        for one in collections(calendar, exceptions, first, last):
            found.setdefault(one.category, one)
        first = last + timedelta(1)
    soonest = sorted(found.values(), key=lambda one: one.day or end)
    for one in happenings(calendar, exceptions, today, end):
        until = found[one.category].day if one.category in found else None
        if one.is_changed and one.planned and until and one.planned < until:
            missed.append(one)
    unknown = tuple(
        one.category
        for one in calendar.schedules
        if one.is_unread or (one.category not in found and not one.is_known_on(end))
    )
    return Answer(question, today, end, tuple(soonest), tuple(missed), unknown)


def _dates(span: Span, today: date) -> Iterator[date]:
    """The days of a number in the months from this one on, as far as months have it."""
    for n in range(8 * 12 + 1):  # 29 February may be eight years away
        year, month = divmod(today.year * 12 + today.month - 1 + n, 12)
        wanted = span.number in (None, month + 1)
        if wanted and span.day <= months.monthrange(year, month + 1)[1]:
            yield date(year, month + 1, span.day)


def _month(year: int, month: int) -> tuple[date, date]:
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, 1), date(year, month + 1, last)


def _one(day: date) -> tuple[date, date]:
    return day, day
