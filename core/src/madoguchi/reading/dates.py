"""Dates: 西暦 and 和暦, with or without a year, or 今日 and あした; and shown again."""

import re
from datetime import date, timedelta

from madoguchi.reading.numbers import to_digits
from madoguchi.reading.texts import Unreadable, fold

# Name, letter, first day, and the year before its first.
ERAS = [  # nosay
    ("令和", "R", date(2019, 5, 1), 2018),
    ("平成", "H", date(1989, 1, 8), 1988),
    ("昭和", "S", date(1926, 12, 25), 1925),
    ("大正", "T", date(1912, 7, 30), 1911),
    ("明治", "M", date(1873, 1, 1), 1867),
]
"""The eras since Japan counts by the Gregorian calendar (明治6年1月1日)."""
_BEFORE = {key: before for name, letter, _, before in ERAS for key in (name, name[0], letter)}
_FIRST = ERAS[-1][2]
_DAYS = {  # nosay
    "今日": 0, "きょう": 0, "本日": 0, "明日": 1, "あした": 1, "あす": 1,
    "明後日": 2, "あさって": 2,
    "昨日": -1, "きのう": -1, "一昨日": -2, "おととい": -2,
}  # fmt: skip
WEEKDAYS = "月火水木金土日"  # nosay
_WEEKDAY = re.compile(rf"(?:\([{WEEKDAYS}](?:曜日?)?(?:・?祝)?\)|[{WEEKDAYS}]曜日?)$")  # nosay
_ERA = r"(?P<era>令和?|平成?|昭和?|大正?|明治?|[RHSTM])\.?"  # nosay
_MONTH_DAY = r"(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"  # nosay
_SHAPES = [  # nosay
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"(?:西暦)?(?P<year>\d{{4}})[-/.年]{_MONTH_DAY}",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        rf"{_ERA}(?P<count>元|\d{{1,3}})[-/.年]{_MONTH_DAY}",
        rf"{_ERA}(?P<count>\d\d)(?P<month>\d\d)(?P<day>\d\d)",
        _MONTH_DAY,
        r"(?P<month>\d\d)(?P<day>\d\d)",
    )
]
# strftime would follow the process's locale.
_WEEKDAYS_EN = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS_EN = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def read_date(text: str, today: date, *, past: bool = False, future: bool = False) -> date:
    """A date as people write it: 2026/4/1, 20260401, 4月1日, 令和8年4月1日, R8.4.1, あした.

    Without a year it is the nearest one; with `past` the last one up to today, with `future` the
    next one from today, and dates on the other side are refused.

    An era's years are counted on and back: 平成33年 is 2021 and 昭和64年2月1日 is in 1989, because
    forms keep an era's name long after its end and no other year can be meant.
    """
    found = _read(text, today, past=past, future=future)
    if found is None:
        western = f"{today.year}/{today.month}/{today.day}"
        raise Unreadable(
            "日付を入力してください。例: {era}、{western}", era=show_era(today), western=western
        )
    if past and found > today:
        raise Unreadable("今日までの日付を入力してください。")
    if future and found < today:
        raise Unreadable("今日からあとの日付を入力してください。")
    return found


def read_birthdate(text: str, today: date) -> date:
    """A day in the last 130 years; the year must be there."""
    found = _read(text, today, needs_year=True)
    if found is None:
        raise Unreadable("生まれた日を、年から入力してください。例: 平成2年4月1日、1990/4/1")
    if found > today:
        raise Unreadable("今日よりあとの日付です。生まれた日を入力してください。")
    if found.year < today.year - 130:
        raise Unreadable("130年より前の日付です。生まれた年をたしかめてください。")
    return found


def show_date(day: date, language: str = "ja") -> str:
    """`2026年4月1日（水）`; in English `Wed 1 Apr 2026`."""
    if language.startswith("ja"):
        return f"{day.year}年{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"  # nosay
    return f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def show_era(day: date) -> str:
    """`令和8年4月1日`, the first year as 元年; before 明治6年 the year of 西暦."""
    for name, _, first, before in ERAS:
        if day >= first:
            count = day.year - before
            return f"{name}{'元' if count == 1 else count}年{day.month}月{day.day}日"  # nosay
    return f"{day.year}年{day.month}月{day.day}日"  # nosay


def _read(
    text: str, today: date, *, past: bool = False, future: bool = False, needs_year: bool = False
) -> date | None:
    typed = fold(text).removesuffix("。").removesuffix("です")
    if typed in _DAYS and not needs_year:
        return today + timedelta(_DAYS[typed])
    typed = to_digits(_WEEKDAY.sub("", typed))
    parts = next((found.groupdict() for shape in _SHAPES if (found := shape.fullmatch(typed))), {})
    if not parts:
        return None
    month, day = int(parts["month"]), int(parts["day"])
    if parts.get("year"):
        found = _date(int(parts["year"]), month, day)
    elif count := parts.get("count"):
        number = 1 if count == "元" else int(count)
        found = _date(_BEFORE[parts["era"].upper()] + number, month, day) if number else None
    elif needs_year:
        return None
    else:
        found = _nearest(today, month, day, past=past, future=future)
    if found is None:
        raise Unreadable("この日はカレンダーにありません。年、月、日をたしかめてください。")
    return found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found >= _FIRST else None


def _nearest(today: date, month: int, day: int, *, past: bool, future: bool) -> date | None:
    """29 February may be up to eight years away (1900, 2100)."""
    years = range(today.year - 8, today.year + 9)
    days = [found for year in years if (found := _date(year, month, day))]
    if past:
        days = [found for found in days if found <= today]
    if future:
        days = [found for found in days if found >= today]
    return min(days, key=lambda found: abs(found - today), default=None)
