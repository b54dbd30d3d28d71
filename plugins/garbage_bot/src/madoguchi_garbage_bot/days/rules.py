# nosay: the notation of calendars
"""On which days something is collected by rule, as a tree of frozen values."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = "月火水木金土日"
LAST = 6
"""Stands where the number of a week does: the last one of the month."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on a weekday; 0 is Monday."""

    weekday: int


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The nth such weekday of each month, 1 to 5 or `LAST`; a fifth one may not exist."""

    nth: int
    weekday: int


@dataclass(frozen=True, slots=True)
class Fortnightly:
    """Every 14 days, counted from a day; nothing is known of the time before it."""

    anchor: date


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """The same number in each month that has it."""

    number: int


@dataclass(frozen=True, slots=True)
class OnDates:
    """These days and no others."""

    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class InMonths:
    """A rule, in these months of the year only."""

    rule: "Rule"
    months: frozenset[int]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the rules; without any, never."""

    rules: tuple["Rule", ...]


Recurring = Weekly | NthWeekday | Fortnightly | DayOfMonth
Rule = Recurring | OnDates | InMonths | AnyOf

NEVER = AnyOf(())


def falls_on(rule: Rule, day: date) -> bool:
    """Whether something is collected on a day by this rule."""
    match rule:
        case Weekly(weekday):
            return day.weekday() == weekday
        case NthWeekday(nth, weekday):
            if day.weekday() != weekday:
                return False
            is_last = (day + timedelta(7)).month != day.month
            return is_last if nth == LAST else (day.day + 6) // 7 == nth
        case Fortnightly(anchor):
            return day >= anchor and (day - anchor).days % 14 == 0
        case DayOfMonth(number):
            return day.day == number
        case OnDates(days):
            return day in days
        case InMonths(inner, months):
            return day.month in months and falls_on(inner, day)
        case AnyOf(rules):
            return any(falls_on(one, day) for one in rules)


def days_in(rule: Rule, first: date, last: date) -> Iterator[date]:
    """The days of a rule in a span, both ends included, in their order."""
    for number in range(first.toordinal(), last.toordinal() + 1):
        if falls_on(rule, day := date.fromordinal(number)):
            yield day


def is_written_out(rule: Rule, day: date) -> bool:
    """Whether the city wrote this very day, instead of a rule that happens to meet it."""
    match rule:
        case OnDates(days):
            return day in days
        case AnyOf(rules):
            return any(is_written_out(one, day) for one in rules)
        case _:
            return False


def known_until(rule: Rule) -> date | None:
    """The last day of which a list of dates says anything; None: a rule that does not end."""
    match rule:
        case OnDates(days):
            return max(days, default=None)
        case AnyOf(rules) if rules and all(isinstance(one, OnDates) for one in rules):
            return max((day for one in rules if (day := known_until(one))), default=None)
        case _:
            return None


def parts(rule: Rule) -> tuple[Rule, ...]:
    """The rules of which at least one has to hold."""
    return rule.rules if isinstance(rule, AnyOf) else (rule,)


def show(rule: Rule) -> str:
    """The rule in 5374's notation, as `read_cell` reads it again."""
    # A list of months belongs to everything before it, so rules without one come last.
    ordered = sorted(parts(rule), key=lambda one: not isinstance(one, InMonths))
    return " ".join(filter(None, map(_show, ordered)))


def _show(rule: Rule) -> str:
    match rule:
        case Weekly(weekday):
            return WEEKDAYS[weekday]
        case NthWeekday(nth, weekday):
            return f"最終{WEEKDAYS[weekday]}曜日" if nth == LAST else f"{WEEKDAYS[weekday]}{nth}"
        case Fortnightly(anchor):
            return f"隔{WEEKDAYS[anchor.weekday()]}{_digits(anchor)}"
        case DayOfMonth(number):
            return f"毎月{number}日"
        case OnDates(days):
            return " ".join(map(_digits, sorted(days)))
        case InMonths(inner, months):
            return f"{show(inner)}:{' '.join(map(str, sorted(months)))}"
        case AnyOf():
            return show(rule)


def _digits(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"
