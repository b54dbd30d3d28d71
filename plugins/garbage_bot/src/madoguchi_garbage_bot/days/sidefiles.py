# nosay: staff read it
"""The files beside the table of areas: closures, remarks, exceptions, postcodes, towns.

Each reader hands back what it took and what it did not.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from madoguchi.reading import Unreadable, read_postcode
from madoguchi_garbage_bot.days.areas import Point
from madoguchi_garbage_bot.days.calendars import REACH, AreaCalendar, Closure, Moved
from madoguchi_garbage_bot.days.headers import Row, part_header
from madoguchi_garbage_bot.days.notation import read_day
from madoguchi_garbage_bot.days.unread import Unread


def read_pairs(rows: Iterable[Row]) -> dict[str, str]:
    """A file of two columns, number → text: `remarks.csv`, `area_master.csv`."""
    _, body = part_header(rows)
    return {row[0].strip(): row[1].strip() for _, row in body if len(row) > 1}


def read_closures(
    file: str, rows: Iterable[Row], calendars: Iterable[AreaCalendar] = ()
) -> tuple[tuple[Closure, ...], tuple[Unread, ...]]:
    """`center.csv`: name, first and last day. A name that no area has is told."""
    centres = {calendar.area.centre for calendar in calendars}
    _, body = part_header(rows)
    found, problems = [], []
    for number, row in body:
        name, *ends = _cells(row, 3)
        first, last = map(read_day, ends)
        columns = "休止開始日", "休止終了日"
        for text, day, column in zip(ends, (first, last), columns, strict=True):
            if day is None:
                problems.append(Unread(file, number, column, text, "日付として読めません。", name))
        if first is None or last is None:
            continue
        if last < first:
            why = "終わりの日が始まりの日より前です。"
            problems.append(Unread(file, number, "休止終了日", ends[1], why, name))
            continue
        if centres and name and name not in centres:
            why = "この名前のセンターの地区がないので、どの地区の収集日も変わりません。"
            problems.append(Unread(file, number, "名称", name, why))
        found.append(Closure(name, first, last))
    return tuple(found), tuple(problems)


def read_moved(
    file: str,
    rows: Iterable[Row],
    categories: Collection[str],
    areas: Mapping[str, str],
) -> tuple[tuple[Moved, ...], tuple[Unread, ...]]:
    """Days that are not by the rule: 地区, 種類, 本来の日, 変更後の日, 理由.

    An empty area or category is all of them; an empty new day, that nothing is collected; an empty
    old day, that one more is. `areas` is name or key → key.
    """
    _, body = part_header(rows)
    found, problems = [], []
    for number, row in body:
        area, category, old, new, why = _cells(row, 5)
        days = read_day(old), read_day(new)
        wrong = _wrong_move(area, category, (old, new), days, categories, areas)
        if wrong:
            problems.append(Unread(file, number, *wrong, area))
        else:
            found.append(Moved(*days, category, areas[area] if area else "", why))
    return tuple(found), tuple(problems)


def _wrong_move(
    area: str,
    category: str,
    written: tuple[str, str],
    days: tuple[date | None, date | None],
    categories: Collection[str],
    areas: Mapping[str, str],
) -> tuple[str, str, str] | None:
    """Column, text and reason of the first thing that is wrong with a line of exceptions."""
    if area and area not in areas:
        return "地区", area, "この地区は収集日の表にありません。"
    if category and category not in categories:
        return "種類", category, "この種類は収集日の表にありません。"
    for column, text, day in zip(("本来の日", "変更後の日"), written, days, strict=True):
        if text and day is None:
            return column, text, "日付として読めません。"
    old, new = days
    if old is None and (new is None or not category):
        return "本来の日", "", "本来の日か、追加する種類と日を書いてください。"
    if old and new and abs(new - old) > REACH:
        return "変更後の日", written[1], f"本来の日から{REACH.days}日より離れています。"
    return None


def read_postcodes(
    file: str, rows: Iterable[Row], areas: Mapping[str, str]
) -> tuple[dict[str, list[str]], tuple[Unread, ...]]:
    """郵便番号, 地区: postcode → keys of areas. `areas` is name or key → key."""
    _, body = part_header(rows)
    found: dict[str, list[str]] = defaultdict(list)
    problems = []
    for number, row in body:
        postcode, area = _cells(row, 2)
        try:
            if area in areas:
                found[read_postcode(postcode)].append(areas[area])
            else:
                why = "この地区は収集日の表にありません。"
                problems.append(Unread(file, number, "地区", area, why))
        except Unreadable as error:
            problems.append(Unread(file, number, "郵便番号", postcode, str(error), area))
    return dict(found), tuple(problems)


def read_points(file: str, text: str) -> tuple[tuple[Point, ...], tuple[Unread, ...]]:
    """Towns with coordinates, as in Geolonia's address lists: `[{town, koaza, lat, lng}, …]`."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        return (), (Unread(file, 1, "", "", "町の一覧（JSON）として読めません。"),)
    found, problems = [], []
    for number, entry in enumerate(entries, 1):
        point = _point(entry)
        if point:
            found.append(point)
        else:
            token = json.dumps(entry, ensure_ascii=False)[:60]
            problems.append(Unread(file, number, "", token, "町の名前か緯度・経度がありません。"))
    return tuple(found), tuple(problems)


def names_of(calendars: Iterable[AreaCalendar]) -> dict[str, str]:
    """Name or key → key of an area; a name that stands for several is not among them."""
    names: dict[str, set[str]] = defaultdict(set)
    for calendar in calendars:
        names[calendar.area.name].add(calendar.area.key)
        names[calendar.area.key] = {calendar.area.key}
    return {name: keys.pop() for name, keys in names.items() if len(keys) == 1}


def _point(entry: object) -> Point | None:
    if not isinstance(entry, dict):
        return None
    town, latitude, longitude = entry.get("town"), entry.get("lat"), entry.get("lng")
    if not (town and isinstance(town, str)):
        return None
    if not (isinstance(latitude, int | float) and isinstance(longitude, int | float)):
        return None
    return Point(town, latitude, longitude) if abs(latitude) <= 90 else None


def _cells(row: Row, most: int) -> list[str]:
    return [cell.strip() for cell in [*row, *[""] * most][:most]]
