"""How often a rich menu was tapped, area by area, as LINE counts it: links are counted, too.

LINE counts by days of Japan, knows a day when it is over, and tells nothing while too few people
have tapped.
"""

import sqlite3
from datetime import date, datetime, timedelta, timezone
from typing import Any

from .clock import Clock
from .errors import Refusal

_JST = timezone(timedelta(hours=9))
_BY_AREA = """
    SELECT area, day, count(*), count(DISTINCT user_id) FROM rich_menu_tap
    WHERE menu_id = ? AND day BETWEEN ? AND ? GROUP BY area, day ORDER BY area, day"""
_PEOPLE = """
    SELECT count(DISTINCT user_id) FROM rich_menu_tap WHERE menu_id = ? AND day BETWEEN ? AND ?"""
_TOTAL = """
    SELECT area, count(*), count(DISTINCT user_id) FROM rich_menu_tap
    WHERE menu_id = ? AND day BETWEEN ? AND ? GROUP BY area ORDER BY area"""


class RichMenuTaps:
    """The taps on all menus of one account."""

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def count(self, menu_id: str, area: int, user_id: str) -> None:
        """Somebody tapped the area with this number (from 0)."""
        row = (menu_id, area, user_id, f"{self._today():%Y%m%d}")
        self._db.execute("INSERT INTO rich_menu_tap VALUES (?, ?, ?, ?)", row)
        self._db.commit()

    def summary(self, menu: dict[str, Any], first: str, last: str, least: int) -> dict[str, Any]:
        """The taps of a period (days as YYYYMMDD), at most 397 days; Refusal 400."""
        found = self._period(menu, first, last, 396, least)
        if found is None:
            return {"richMenuId": menu["richMenuId"]}
        known = {
            area: {"count": taps, "uniqueUsers": people}
            for area, taps, people in self._db.execute(_TOTAL, found)
        }
        nothing = {"count": 0, "uniqueUsers": 0}
        return _answer(menu, found, [known.get(n, nothing) for n in range(len(menu["areas"]))])

    def daily(self, menu: dict[str, Any], first: str, last: str, least: int) -> dict[str, Any]:
        """The same for each day with taps, at most 100 days."""
        found = self._period(menu, first, last, 99, least)
        if found is None:
            return {"richMenuId": menu["richMenuId"]}
        days: list[list[dict[str, Any]]] = [[] for _ in menu["areas"]]
        for area, day, taps, people in self._db.execute(_BY_AREA, found):
            days[area].append({"date": day, "count": taps, "uniqueUsers": people})
        return _answer(menu, found, days)

    def _period(
        self, menu: dict[str, Any], first: str, last: str, most: int, least: int
    ) -> tuple[str, str, str] | None:
        """Menu and days that are counted; None if too few people have tapped in them."""
        begin, end = _read(first), _read(last)
        if not timedelta() <= end - begin <= timedelta(days=most):
            raise Refusal(400, "The value for the 'to' parameter is invalid")
        over = min(end, self._today() - timedelta(days=1))
        found = (menu["richMenuId"], first, f"{over:%Y%m%d}")
        people = self._db.execute(_PEOPLE, found).fetchone()[0]
        return found if people >= max(least, 1) else None

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.time(), _JST).date()


def _read(day: str) -> date:
    return datetime.strptime(day, "%Y%m%d").date()


def _answer(
    menu: dict[str, Any], found: tuple[str, str, str], metrics: list[Any]
) -> dict[str, Any]:
    clicks = [
        {"bounds": area["bounds"], "metrics": one}
        for area, one in zip(menu["areas"], metrics, strict=True)
    ]
    menu_id, first, last = found
    return {"richMenuId": menu_id, "metricsFrom": first, "metricsTo": last, "clicks": clicks}
