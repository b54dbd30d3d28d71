# nosay: staff read it
"""A city's collection days in one value, from the files of one folder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from madoguchi_garbage_bot.days.areas import AreaFinder, Point
from madoguchi_garbage_bot.days.calendars import AreaCalendar, Exceptions
from madoguchi_garbage_bot.days.categories import Category, match_categories, read_categories
from madoguchi_garbage_bot.days.headers import Columns, Row
from madoguchi_garbage_bot.days.questions import QuestionReader
from madoguchi_garbage_bot.days.sidefiles import (
    names_of,
    read_closures,
    read_moved,
    read_pairs,
    read_points,
    read_postcodes,
)
from madoguchi_garbage_bot.days.tables import read_areas
from madoguchi_garbage_bot.days.unread import Unread

AREAS, CENTRES, REMARKS = "area_days.csv", "center.csv", "remarks.csv"
GROUPS, DESCRIPTION = "area_master.csv", "description.csv"
MOVED, POSTCODES, POINTS = "exceptions.csv", "postcodes.csv", "towns.json"


@dataclass(frozen=True)
class City:
    """All that is known of a city's collection days."""

    calendars: Mapping[str, AreaCalendar]
    """Key of the area → its calendar."""
    exceptions: Exceptions
    categories: Mapping[str, Category]
    """Column of the calendar → category, for those that have one."""
    described: Mapping[str, Category]
    """Every category of `description.csv` by its name there, collected or not."""
    finder: AreaFinder
    questions: QuestionReader
    postcodes: Mapping[str, list[str]]
    points: tuple[Point, ...]
    problems: tuple[Unread, ...]
    notes: tuple[str, ...]
    cells: int
    cells_read: int


def read_city(
    tables: Mapping[str, Iterable[Row]],
    *,
    columns: Columns | None = None,
    towns: str = "",
    on_closure: Literal["drop", "shift"] = "drop",
    on_holiday: Literal["collect", "drop", "next"] = "collect",
) -> City:
    """A city from the rows of its files, by their usual names; only `area_days.csv` is needed.

    `towns` is the text of `towns.json`. Whatever cannot be read stands in `problems`.
    """
    rows = {name: list(table) for name, table in tables.items()}
    table = read_areas(
        AREAS,
        rows.get(AREAS, []),
        columns,
        read_pairs(rows.get(GROUPS, [])),
        read_pairs(rows.get(REMARKS, [])),
    )
    names = names_of(table.calendars)
    closures, closure_problems = read_closures(CENTRES, rows.get(CENTRES, []), table.calendars)
    moved, moved_problems = read_moved(MOVED, rows.get(MOVED, []), table.categories, names)
    postcodes, postcode_problems = read_postcodes(POSTCODES, rows.get(POSTCODES, []), names)
    points, point_problems = read_points(POINTS, towns) if towns else ((), ())
    described, category_problems = (
        read_categories(DESCRIPTION, rows[DESCRIPTION]) if DESCRIPTION in rows else ((), ())
    )
    by_name = {category.name: category for category in described}
    matched, lost = match_categories(table.categories, by_name)
    notes = [*table.notes]
    if by_name:
        notes += [f"{DESCRIPTION}に「{name}」の説明がありません。" for name in lost]
    categories = {column: replace(by_name[name], name=column) for column, name in matched.items()}
    words = {name: _words(categories.get(name)) for name in table.categories}
    return City(
        {calendar.area.key: calendar for calendar in table.calendars},
        Exceptions(closures, moved, on_closure, on_holiday),
        categories,
        by_name,
        AreaFinder(calendar.area for calendar in table.calendars),
        QuestionReader(words),
        postcodes,
        points,
        (
            *table.problems,
            *closure_problems,
            *moved_problems,
            *postcode_problems,
            *point_problems,
            *category_problems,
        ),
        tuple(notes),
        table.cells,
        table.cells_read,
    )


def _words(category: Category | None) -> tuple[str, ...]:
    """What a category is called: its labels, without the readings of ja-easy, and its words."""
    if category is None:
        return ()
    labels = (re.sub("《[^》]*》|｜", "", label) for label in category.label.values())
    return (*labels, *category.words)
