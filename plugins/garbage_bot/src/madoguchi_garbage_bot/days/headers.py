# nosay: names of columns
"""Which column of an area table is what: the 5374 family, Saga, Koto, Takamatsu, or as named."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Row = Sequence[str]
Numbered = tuple[int, Row]
"""A row and its number, as a spreadsheet counts."""

_AREA = {
    "地名",
    "地区",
    "地区名",
    "校下・地区",
    "住所",
    "町名",
    "町",
    "地域",
    "地域名",
    "name",
    "area",
}
_READING = {"じゅうしょ", "ふりがな", "フリガナ", "よみ", "よみがな", "読み", "カナ", "reading"}
_GROUP = {"マスター", "区", "区名", "group"}
_IGNORED = {"地区番号", "番号", "no", "#property", "備考", "緯度", "経度", "note"}


@dataclass(frozen=True, slots=True)
class Columns:
    """What a city calls its columns, where its header does not say: names as in the header."""

    area: str = ""
    reading: str = ""
    group: str = ""
    centre: str = ""
    ignored: frozenset[str] = frozenset()
    categories: Mapping[str, str] = field(default_factory=dict)
    """Column → the category's name, for headers such as `burnableGarbage`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a row, counted from 0."""

    names: tuple[str, ...]
    area: int
    key: int | None
    """An id of the city's own, such as the areas of its settings have."""
    reading: int | None
    group: int | None
    centre: int | None
    categories: Mapping[int, str]
    unused: tuple[int, ...]
    """Columns that are nothing of this; those without a header may still hold something."""


def part_header(rows: Iterable[Row]) -> tuple[Numbered | None, list[Numbered]]:
    """The header and the rows below it; comments, lines of types and empty rows are left out."""
    numbered = [(number, row) for number, row in enumerate(rows, 1) if any(map(_name, row))]
    named = next((one for one in numbered if _name(one[1][0]).lower() == "#property"), None)
    plain = [one for one in numbered if not _name(one[1][0]).startswith("#")]
    header = named or (plain[0] if plain else None)
    return header, [one for one in plain if header and one[0] > header[0]]


def find_layout(header: Row, columns: Columns | None = None) -> Layout:
    """What each column is. Whatever has a header and no other meaning is a category."""
    columns = columns or Columns()
    names = tuple(map(_name, header))

    def find(given: str, known: set[str]) -> int | None:
        if given:
            return names.index(_name(given)) if _name(given) in names else None
        return next((n for n, name in enumerate(names) if name.lower() in known), None)

    centre = find(columns.centre, {"center", "centre"})
    if centre is None and not columns.centre:
        # Saga explains in the header when to leave the cells empty.
        centre = next((n for n, name in enumerate(names) if name.startswith("センター")), None)
    area = find(columns.area, _AREA)
    if area is None:  # the area is left of its centre, or comes first
        area = max((centre or 0) - 1, 0)
    reading, group = find(columns.reading, _READING), find(columns.group, _GROUP)
    key = find("", {"id"})
    taken = {area, key, reading, group, centre}
    unused = tuple(
        n
        for n, name in enumerate(names)
        if n not in taken and (not name or name.lower() in _IGNORED or name in columns.ignored)
    )
    categories = {
        n: columns.categories.get(name, name)
        for n, name in enumerate(names)
        if n not in taken and n not in unused
    }
    return Layout(names, area, key, reading, group, centre, categories, unused)


def _name(cell: str) -> str:
    return unicodedata.normalize("NFC", cell).strip("\ufeff \u3000\t\r\n")
