# nosay: what is said here, staff read
"""When a delivery goes out: once, by the week, the month, given days; not on these, not on 祝日.

A timing is JSON, as the page writes it:

    {"every": "once"}                                       at once
    {"every": "once", "day": "2027-04-01", "at": "10:00"}
    {"every": "day", "at": "07:00"}
    {"every": "week", "days": ["tue", "fri"], "at": "07:00"}
    {"every": "month", "days": [1, 15], "at": "10:00"}     the 31st is left out in shorter months
    {"every": "month end", "at": "10:00"}
    {"every": "nth weekday", "nth": [2, 4], "days": ["wed"], "at": "10:00"}    -1 is the last
    {"every": "dates", "dates": ["2027-05-05", …], "at": "10:00"}

and, with each: `"without": [dates]`, `"closed": "skip" | "before" | "after"` (what becomes of a day
on which the city hall is closed; without it, such days count like others), and for a rule
`"remind": {"field": "segment/children", "part": "birthdate", "months": 18, "days": -14}`.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from madoguchi import JST
from madoguchi_segment.deliveries.states import Refused

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = "月火水木金土日"
EVERY = ("once", "day", "week", "month", "month end", "nth weekday", "dates")
QUIET_FROM, QUIET_UNTIL = time(21), time(7)
OPEN_FROM, OPEN_UNTIL = time(8, 30), time(17, 15)
LATE = timedelta(minutes=15)
"""Later than this, a start holds and asks."""
FAR = 400
"""Days in which the next time is looked for."""

Closed = Callable[[date], bool]
"""Whether the city hall is closed on a day (`madoguchi.office_days` knows)."""


def weekend(day: date) -> bool:
    """Closed at weekends: what counts where no calendar of holidays is given."""
    return day.weekday() >= 5


@dataclass(frozen=True, slots=True)
class Remind:
    """So many months and days after (before: less than 0) a date that a resident gave."""

    field: str
    part: str | None
    months: int = 0
    days: int = 0

    @property
    def name(self) -> str:
        """Which milestone it is: each is reminded of once, ever."""
        return f"{self.field}:{self.months}m{self.days:+d}d"


@dataclass(frozen=True, slots=True)
class Timing:
    """A timing, read."""

    every: str
    at: time | None
    day: date | None = None
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    nth: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()
    without: frozenset[date] = frozenset()
    closed: str | None = None
    remind: Remind | None = None

    @property
    def is_at_once(self) -> bool:
        """Whether it goes out as soon as it may."""
        return self.every == "once" and self.day is None

    @property
    def is_once(self) -> bool:
        """Whether it goes out one time only."""
        return self.every == "once"

    def falls_on(self, day: date) -> bool:
        """Whether it is due on a day, before closed days and exceptions are looked at."""
        match self.every:
            case "once":
                return day == self.day
            case "day":
                return True
            case "week":
                return day.weekday() in self.weekdays
            case "month":
                return day.day in self.days
            case "month end":
                return (day + timedelta(days=1)).day == 1
            case "nth weekday":
                left = calendar.monthrange(day.year, day.month)[1] - day.day
                places = {(day.day - 1) // 7 + 1, -(left // 7 + 1)}
                return day.weekday() in self.weekdays and bool(places & set(self.nth))
            case _:
                return day in self.dates


def parse(raw: Mapping[str, Any]) -> Timing:
    """Read a timing; `Refused` says what is wrong with it."""
    try:
        timing = _parse(raw)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Refused("timing", f"送る日時（{error}）を読めません。") from error
    if timing.every == "nth weekday" and not timing.nth:
        raise Refused("timing", "第何週かをえらんでください。")
    if timing.every in ("week", "nth weekday") and not timing.weekdays:
        raise Refused("timing", "曜日をえらんでください。")
    if timing.every == "month" and not timing.days:
        raise Refused("timing", "何日に送るかをえらんでください。")
    if timing.every == "dates" and not timing.dates:
        raise Refused("timing", "送る日をえらんでください。")
    if timing.at is None and not timing.is_at_once:
        raise Refused("timing", "送る時刻を決めてください。")
    return timing


def _parse(raw: Mapping[str, Any]) -> Timing:
    every, closed, remind = raw["every"], raw.get("closed"), raw.get("remind")
    if every not in EVERY or closed not in (None, "skip", "before", "after"):
        raise ValueError(f"{every}, {closed}")
    given = raw.get("days", ())
    days, weekdays = (), ()
    if every == "month":
        days = tuple(int(day) for day in given)
        if not all(1 <= day <= 31 for day in days):
            raise ValueError(f"{days}")
    else:
        weekdays = tuple(WEEKDAYS.index(day) for day in given)
    nth = tuple(int(n) for n in raw.get("nth", ()))
    if not set(nth) <= {1, 2, 3, 4, 5, -1}:
        raise ValueError(f"{nth}")
    at = raw.get("at")
    if at is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
        raise ValueError(at)
    return Timing(
        every=every,
        at=time.fromisoformat(at) if at else None,
        day=date.fromisoformat(raw["day"]) if raw.get("day") else None,
        weekdays=weekdays,
        days=days,
        nth=nth,
        dates=tuple(sorted(date.fromisoformat(day) for day in raw.get("dates", ()))),
        without=frozenset(date.fromisoformat(day) for day in raw.get("without", ())),
        closed=closed,
        remind=Remind(**remind) if remind else None,
    )


def occasions(
    timing: Timing, after: datetime, until: datetime, is_closed: Closed = weekend
) -> Iterator[datetime]:
    """The times after one moment and up to another, in Japan's time, each once, in order."""
    if timing.is_at_once or timing.at is None:
        return
    first = after.astimezone(JST).date() - timedelta(days=14)
    last = until.astimezone(JST).date() + timedelta(days=14)
    found: set[datetime] = set()
    day = first
    while day <= last:
        if timing.falls_on(day) and day not in timing.without:
            moved = _moved(timing, day, is_closed)
            if moved is not None:
                found.add(datetime.combine(moved, timing.at, JST))
        day += timedelta(days=1)
    yield from sorted(when for when in found if after < when <= until)


def _moved(timing: Timing, day: date, is_closed: Closed) -> date | None:
    if timing.closed is None or not is_closed(day):
        return day
    if timing.closed == "skip":
        return None
    step = timedelta(days=-1 if timing.closed == "before" else 1)
    for _ in range(14):
        day += step
        if not is_closed(day):
            return day
    return None


def following(timing: Timing, now: datetime, is_closed: Closed = weekend) -> datetime | None:
    """The next time, or None if there is none within a year."""
    return next(occasions(timing, now, now + timedelta(days=FAR), is_closed), None)


def problems(
    timing: Timing,
    now: datetime,
    *,
    is_emergency: bool = False,
    is_chosen: bool = False,
    is_start: bool = True,
) -> list[str]:
    """What is wrong with a timing now, in words; before `is_start`, "at once" is not yet now."""
    found = []
    if timing.is_once and timing.day is not None and timing.at is not None:
        if datetime.combine(timing.day, timing.at, JST) < now - LATE:
            found.append("送る日時が過ぎています。新しい日時にしてください。")
    elif not timing.is_at_once and following(timing, now) is None:
        found.append("これから送る日が、ありません。")
    at = timing.at
    if timing.is_at_once and is_start:
        at = now.astimezone(JST).time()
    if at is not None and is_quiet(at) and not is_emergency and not is_chosen:
        found.append("夜9時から朝7時までは、送れません。緊急のときは、緊急の配信にしてください。")
    return found


def is_quiet(at: time) -> bool:
    """Whether people sleep."""
    return at >= QUIET_FROM or at < QUIET_UNTIL


def is_staffed(when: datetime, is_closed: Closed = weekend) -> bool:
    """Whether somebody answers the city hall's telephone at this moment."""
    local = when.astimezone(JST)
    return OPEN_FROM <= local.time() <= OPEN_UNTIL and not is_closed(local.date())


def describe(timing: Timing) -> str:
    """In words, as colleagues say it."""
    if timing.is_at_once or timing.at is None:
        return "すぐに"
    at = f"{timing.at:%-H:%M}"
    days = "・".join(NAMES[day] for day in timing.weekdays)
    match timing.every:
        case "once":
            day = timing.day
            said = f"{day:%Y年%-m月%-d日}（{NAMES[day.weekday()]}）" if day else ""
        case "day":
            said = "毎日"
        case "week":
            said = f"毎週{days}曜日"
        case "month":
            said = "毎月" + "・".join(f"{day}日" for day in timing.days)
        case "month end":
            said = "毎月の最後の日"
        case "nth weekday":
            weeks = "・".join("最終" if n < 0 else f"第{n}" for n in timing.nth)
            said = f"毎月{weeks}{days}曜日"
        case _:
            said = "、".join(f"{day:%Y年%-m月%-d日}" for day in timing.dates)
    moved = {
        "skip": "（閉庁日は送らない）",
        "before": "（閉庁日は前の開庁日）",
        "after": "（閉庁日は次の開庁日）",
    }
    except_ = f"（{len(timing.without)}日を除く）" if timing.without else ""
    return f"{said}の{at}{moved.get(timing.closed or '', '')}{except_}"
