"""How old: whole days, months and years between two days.

Who was born on a day that a month does not have (31 January in February, 29 February in a common
year) is a month or a year older on the first day of the next month (Civil Code, article 143).
"""

from calendar import monthrange
from datetime import date, timedelta

from madoguchi_segment.audiences.condition import Age

MONTHS = {"months": 1, "years": 12}


def birthday(born: date, age: Age) -> date:
    """The first day of this age."""
    if age.unit == "days":
        return born + timedelta(days=age.number)
    year, month = _month(born, age.number * MONTHS[age.unit])
    if born.day <= monthrange(year, month)[1]:
        return date(year, month, born.day)
    return date(year + month // 12, month % 12 + 1, 1)


def latest_born(today: date, age: Age) -> date:
    """The last day on which somebody was born who has reached this age today."""
    if age.unit == "days":
        return today - timedelta(days=age.number)
    year, month = _month(today, -age.number * MONTHS[age.unit])
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def born_between(today: date, least: Age, most: Age) -> tuple[date, date]:
    """First and last birthdate of those whose age today lies in between, both included."""
    older = latest_born(today, Age(most.number + 1, most.unit))
    return older + timedelta(days=1), latest_born(today, least)


def _month(day: date, months: int) -> tuple[int, int]:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return year, month + 1
