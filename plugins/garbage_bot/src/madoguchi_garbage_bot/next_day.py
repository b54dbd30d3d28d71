"""When a thing is collected next where the resident lives."""

from datetime import date, timedelta
from typing import Any

from madoguchi_garbage_bot import areas
from madoguchi_garbage_bot.days.calendars import collections
from madoguchi_garbage_bot.days.categories import match_categories
from madoguchi_garbage_bot.days.city import City

AHEAD = timedelta(100)
"""How far the next collection is looked for."""


async def find_area(page: Any) -> str | None:
    """The key of the area of this page's resident; None if they have not told it."""
    return await page.read(areas.area_of, page.resident.id) if page.resident else None


def find_next(city: City, key: str, category: str, today: date) -> date | None:
    """The next day, today included, on which an area's things of a category are collected."""
    calendar, column = city.calendars.get(key), find_column(city, category)
    if calendar is None or column is None:
        return None
    found = collections(calendar, city.exceptions, today, today + AHEAD)
    return next((one.day for one in found if one.category == column), None)


def find_column(city: City, category: str) -> str | None:
    """What the calendar calls a category of the list; None for what is not collected by it."""
    schedules = (one for calendar in city.calendars.values() for one in calendar.schedules)
    columns = dict.fromkeys(one.category for one in schedules)
    return match_categories([category], columns)[0].get(category) if category else None
