"""What in a span is not as the rules say: what staff look at before reminders go out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.calendars import AreaCalendar, Exceptions, happenings, reach


@dataclass(frozen=True, slots=True)
class Change:
    """The same difference for a number of areas."""

    category: str
    planned: date | None
    """By the rule; None: one more than it says."""
    day: date | None
    """None: not collected."""
    why: str
    areas: tuple[Area, ...]


def find_changes(
    calendars: Iterable[AreaCalendar], exceptions: Exceptions, first: date, last: date
) -> list[Change]:
    """Differences between rule and reality that touch a span, both ends included, by day."""
    found: dict[tuple[str, date | None, date | None, str], list[Area]] = {}
    away = reach(exceptions, first, last)
    for calendar in calendars:
        for one in happenings(calendar, exceptions, first - away, last + away):
            touched = any(day and first <= day <= last for day in (one.planned, one.day))
            if one.is_changed and touched:
                key = one.category, one.planned, one.day, one.why
                found.setdefault(key, []).append(calendar.area)
    changes = [Change(*key, tuple(areas)) for key, areas in found.items()]
    return sorted(changes, key=lambda one: (one.planned or one.day or last, one.category))
