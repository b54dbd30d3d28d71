"""When a thing is collected next where the resident lives."""

from datetime import date, timedelta
from typing import Any

from madoguchi import JST
from madoguchi_garbage_bot.days.calendars import collections
from madoguchi_garbage_bot.days.categories import match_categories
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.dictionary import Entry

AHEAD = timedelta(100)
"""How far the next collection is looked for."""


async def find_next_day(page: Any, entry: Entry) -> date | None:
    """The day for this page's resident; None without an area, or if none is known."""
    key = await _find_area(page)
    today = page.now.astimezone(JST).date()
    return next_day(page.plugin.state.days, key, entry.category, today) if key else None


def next_day(city: City, key: str, category: str, today: date) -> date | None:
    """The next day, today included, on which an area's things of a category are collected."""
    calendar = city.calendars.get(key)
    if calendar is None or not category:
        return None
    columns = [one.category for one in calendar.schedules]
    column = match_categories([category], columns)[0].get(category)
    found = collections(calendar, city.exceptions, today, today + AHEAD)
    return next((one.day for one in found if one.category == column), None)


async def _find_area(page: Any) -> str | None:
    """The key of the resident's area.

    The choice of areas comes with the branch `days`: then this is
    `await page.read(areas.area_of, page.resident.id)` for a resident.
    """
    return None
