# nosay: staff read it
"""Areas and their rules from a table: every cell is read or reported."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.calendars import AreaCalendar, Schedule
from madoguchi_garbage_bot.days.headers import Columns, Layout, Row, find_layout, part_header
from madoguchi_garbage_bot.days.notation import read_cell
from madoguchi_garbage_bot.days.unread import Unread


@dataclass(frozen=True, slots=True)
class AreaTable:
    """What a table of areas says."""

    calendars: tuple[AreaCalendar, ...] = ()
    categories: tuple[str, ...] = ()
    problems: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left aside on purpose: a column without a header, a row that stands there twice."""
    cells: int = 0
    """How many cells stand where a rule belongs, empty ones included."""
    cells_read: int = 0
    """How many of them were read to their end; the others stand in `problems`."""


def read_areas(
    file: str,
    rows: Iterable[Row],
    columns: Columns | None = None,
    groups: Mapping[str, str] | None = None,
    remarks: Mapping[str, str] | None = None,
) -> AreaTable:
    """The areas of `area_days.csv` or a table like it.

    `file` is the name that problems give. `groups` is `area_master.csv`, number → name; `remarks`
    is `remarks.csv`, id → text.
    """
    header, body = part_header(rows)
    if header is None:
        return AreaTable(problems=(Unread(file, 1, "", "", "見出しの行がありません。"),))
    layout = find_layout(header[1], columns)
    table = _Reader(file, layout, groups or {}, remarks or {})
    for number, row in body:
        table.take(number, row)
    return AreaTable(
        tuple(table.calendars),
        tuple(dict.fromkeys(layout.categories.values())),
        tuple(table.problems),
        tuple(table.notes()),
        table.cells,
        table.cells_read,
    )


class _Reader:
    """A table up to some row."""

    def __init__(
        self, file: str, layout: Layout, groups: Mapping[str, str], remarks: Mapping[str, str]
    ) -> None:
        self.file, self.layout, self.groups, self.remarks = file, layout, groups, remarks
        self.calendars: list[AreaCalendar] = []
        self.problems: list[Unread] = []
        self.cells = self.cells_read = 0
        self._by_key: dict[str, list[AreaCalendar]] = {}
        self._repeated: list[int] = []
        self._unused: Counter[int] = Counter()

    def take(self, number: int, row: Row) -> None:
        layout = self.layout
        area = self._area(row)
        if not area.name:
            column = layout.names[layout.area]
            self._report(number, column, "", "地区の名前がないので、この行は使えません。", "")
            self.cells += len(layout.categories)
            return
        for n in range(len(layout.names), len(row)):
            if row[n].strip():
                self._report(number, f"{n + 1}列目", row[n], "見出しより右の列です。", area.name)
        self._unused.update(n for n in layout.unused if _cell(row, n))
        schedules = (
            self._schedule(number, row, n, category, area.name)
            for n, category in layout.categories.items()
        )
        self._keep(number, AreaCalendar(area, tuple(schedules)))

    def notes(self) -> Iterable[str]:
        for n, count in sorted(self._unused.items()):
            name = self.layout.names[n] or f"{n + 1}列目（見出しなし）"
            yield f"{self.file}「{name}」は収集日の列ではないので使いません（{count}行）。"
        for number in self._repeated:
            yield f"{self.file} {number}行目は、前の行と同じです。"

    def _area(self, row: Row) -> Area:
        layout = self.layout
        name = _cell(row, layout.area)
        group = _cell(row, layout.group)
        group = self.groups.get(group, group)
        key = _cell(row, layout.key) or (f"{group}/{name}" if group else name)
        return Area(key, name, group, _cell(row, layout.reading), _cell(row, layout.centre))

    def _keep(self, number: int, calendar: AreaCalendar) -> None:
        area = calendar.area
        same = self._by_key.setdefault(area.key, [])
        if calendar in same:
            self._repeated.append(number)
            return
        if same:
            why = "同じ名前でちがう収集日の地区があります。ちがいがわかる名前にしてください。"
            self._report(number, self.layout.names[self.layout.area], area.name, why, "")
            numbered = replace(area, key=f"{area.key}#{len(same) + 1}")
            self.calendars.append(replace(calendar, area=numbered))
        else:
            self.calendars.append(calendar)
        same.append(calendar)

    def _schedule(self, number: int, row: Row, n: int, category: str, area: str) -> Schedule:
        self.cells += 1
        if n >= len(row):
            self._report(number, category, "", "列が足りません。", area)
            return Schedule(category, is_unread=True)
        cell = read_cell(row[n])
        self.cells_read += not cell.bad
        for bad in cell.bad:
            self._report(number, category, bad.token, bad.why, area)
        for one in cell.remarks:
            if one not in self.remarks:
                self._report(number, category, f"*{one}", "この番号の注意事項がありません。", area)
        told = tuple(self.remarks[one] for one in cell.remarks if one in self.remarks)
        return Schedule(category, cell.rule, told, cell.is_open, bool(cell.bad))

    def _report(self, row: int, column: str, token: str, why: str, area: str) -> None:
        self.problems.append(Unread(self.file, row, column, token.strip(), why, area))


def _cell(row: Row, n: int | None) -> str:
    return row[n].strip() if n is not None and n < len(row) else ""
