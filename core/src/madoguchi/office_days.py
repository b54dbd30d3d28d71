# nosay: staff read it
"""When the offices are open: weekends, public holidays (祝日), the turn of the year, own days.

A city adds days of its own in its settings: closed ones (開庁記念日), and Saturdays that are open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

import jpholiday

WARNS_FROM = 10
"""The month from which somebody is told that next year's own days are missing."""


@dataclass(frozen=True, slots=True)
class OfficeDays:
    """The calendar of one city's offices."""

    closed: Mapping[date, str] = field(default_factory=dict)
    """Own days on which they are closed, and why."""
    open: Mapping[date, str] = field(default_factory=dict)
    """Own days on which they are open although others are not."""

    @classmethod
    def of(cls, own: Iterable[Any]) -> Self:
        """From the city's settings: entries with `day`, `label` and `is_open`."""
        days = list(own)
        return cls(
            {one.day: one.label for one in days if not one.is_open},
            {one.day: one.label for one in days if one.is_open},
        )

    def why_closed(self, day: date) -> str:
        """Why the offices are closed on a day, as people read it; "" if they are open."""
        if day in self.open:
            return ""
        if day in self.closed:
            return self.closed[day]
        if name := jpholiday.is_holiday_name(day):
            return str(name)
        if (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
            return "年末年始"
        return {5: "土曜日", 6: "日曜日"}.get(day.weekday(), "")

    def is_open(self, day: date) -> bool:
        """Whether the offices are open on a day."""
        return not self.why_closed(day)

    def next_open(self, day: date) -> date:
        """The first day, this one included, on which they are open. ValueError: not in a year."""
        for n in range(366):
            if self.is_open(later := day + timedelta(n)):
                return later
        raise ValueError(f"the offices are closed for a year from {day}")

    def missing_year(self, today: date) -> int | None:
        """The next year, if its own days are missing and somebody should write them now.

        A city that has none this year needs none next year.
        """
        own = {day.year for day in (*self.closed, *self.open)}
        is_due = today.month >= WARNS_FROM and today.year in own
        return today.year + 1 if is_due and today.year + 1 not in own else None
