"""When a job runs: schedules of Asia/Tokyo, where no day is longer or shorter than another."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from madoguchi.clock import JST

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Every:
    """Each so many minutes, counted from midnight; a day is a whole number of them."""

    minutes: int

    def __post_init__(self) -> None:
        if self.minutes < 1 or 1440 % self.minutes:
            raise ValueError(
                f"Every(minutes={self.minutes!r}): write a part of a day, such as 5, 15, 60 or 360"
            )

    def latest(self, now: datetime) -> datetime:
        """The last time that has come."""
        local = now.astimezone(JST)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        step = timedelta(minutes=self.minutes)
        return midnight + (local - midnight) // step * step

    def __str__(self) -> str:
        return f"every {self.minutes} min"


@dataclass(frozen=True, slots=True)
class Daily:
    """At a time of the day: each day, or on some weekdays (`mon` … `sun`), or days of the month."""

    at: str
    """`"03:30"`"""
    weekdays: tuple[str, ...] = WEEKDAYS
    days: tuple[int, ...] = ()
    """Of the month, 1 to 28: every month has these."""

    def __post_init__(self) -> None:
        if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", self.at):
            raise ValueError(f'Daily({self.at!r}): write a time of the day, such as "03:30"')
        if not self.weekdays or not set(self.weekdays) <= set(WEEKDAYS):
            raise ValueError(f"weekdays={self.weekdays!r}: write some of {', '.join(WEEKDAYS)}")
        if not all(1 <= day <= 28 for day in self.days):
            raise ValueError(f"days={self.days!r}: write days that every month has, 1 to 28")

    def latest(self, now: datetime) -> datetime:
        """The last time that has come."""
        local = now.astimezone(JST)
        tick = datetime.combine(local.date(), time.fromisoformat(self.at), JST)
        while tick > local or not self._is_on(tick):
            tick -= DAY
        return tick

    def _is_on(self, day: datetime) -> bool:
        return WEEKDAYS[day.weekday()] in self.weekdays and day.day in (self.days or (day.day,))

    def __str__(self) -> str:
        on = "" if self.weekdays == WEEKDAYS else f" on {', '.join(self.weekdays)}"
        return f"{self.at}{on}{''.join(f', day {day}' for day in self.days)}"
