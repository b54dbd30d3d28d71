"""The calendars that cities publish: each cell is right where we know, and read or reported."""

import csv
from collections import Counter
from datetime import date

import pytest

from madoguchi_garbage_bot.days.rules import days_in
from madoguchi_garbage_bot.days.sidefiles import read_closures, read_pairs
from madoguchi_garbage_bot.days.tables import AreaTable, read_areas

FIGURES = {
    # file: areas, cells, cells read to their end, tokens reported
    "hiroshima/area_days.csv": (1135, 9080, 9080, {}),
    "kanazawa/area_days.csv": (71, 284, 284, {}),
    "koto/koto-gomi.csv": (
        58,
        232,
        174,
        {
            "（隔週）金": 17,
            "（隔週）水": 14,
            "（隔週）土": 13,
            "（隔週）火": 5,
            "（隔週）月": 5,
            "（隔週）木": 4,
        },
    ),
    "kyotango/area_days.csv": (169, 1183, 1183, {}),
    # 公社 is no day. One area stands there twice with other days; two rows are the same twice.
    "nara/area_days.csv": (370, 1488, 1482, {"公社": 6, "北小路町（やすらぎの道の東側）": 1}),
    "saga/area_days.csv": (314, 1256, 1256, {}),
    "takamatsu/0090.csv": (8, 40, 40, {}),
    "yosano/area_days.csv": (22, 88, 88, {}),
}


@pytest.fixture
def read(shared, rows):
    """The table of areas of a city's folder, with its remarks and its first level."""

    def read(file: str) -> AreaTable:
        path = shared(f"garbage/{file}")
        beside = [path.with_name(name) for name in ("area_master.csv", "remarks.csv")]
        pairs = [read_pairs(rows(one)) if one.exists() else {} for one in beside]
        return read_areas(file, rows(path), None, *pairs)

    return read


@pytest.mark.parametrize("file", FIGURES)
def test_each_cell_is_read_or_reported(read, file):
    table = read(file)
    areas, cells, cells_read, tokens = FIGURES[file]
    assert (len(table.calendars), table.cells, table.cells_read) == (areas, cells, cells_read)
    assert Counter(one.token for one in table.problems) == tokens
    reported = {(one.row, one.column) for one in table.problems if one.column in table.categories}
    assert cells_read + len(reported) == cells
    assert len({calendar.area.key for calendar in table.calendars}) == areas


def test_the_golden_days(read, shared):
    lines = shared("garbage_calendar/golden.tsv").read_text("utf-8").splitlines()
    golden = list(csv.DictReader(lines[1:], delimiter="\t", quoting=csv.QUOTE_NONE))
    tables = {file: read(file) for file in {row["file"] for row in golden}}
    for row in golden:
        table = tables[row["file"]]
        (area,) = (one for one in table.calendars if one.area.name == row["area"])
        (schedule,) = (one for one in area.schedules if one.category == row["category"])
        span = date.fromisoformat(row["from"]), date.fromisoformat(row["to"])
        days = [day.isoformat() for day in days_in(schedule.rule, *span)]
        assert days == (row["dates"] or "").split(), row
        assert schedule.is_unread == ("without an anchor" in row["remarks"])
    assert len(golden) == 57


def test_takamatsu_as_a_workbook_says_the_same(read, shared):
    import openpyxl

    book = openpyxl.load_workbook(shared("garbage/takamatsu/0090.xlsx"), read_only=True)
    rows = [["" if cell is None else str(cell) for cell in row] for row in book.active.values]
    table = read_areas("0090.xlsx", rows)
    as_csv = read("takamatsu/0090.csv")
    assert [one.schedules for one in table.calendars] == [one.schedules for one in as_csv.calendars]


def test_what_a_table_leaves_aside_is_told(read):
    assert read("saga/area_days.csv").notes == (
        "saga/area_days.csv「8列目（見出しなし）」は収集日の列ではないので使いません（314行）。",
    )
    assert "nara/area_days.csv 43行目は、前の行と同じです。" in read("nara/area_days.csv").notes


def test_closures_of_a_centre_that_no_area_has_are_told(read, shared, rows):
    table = read("kyotango/area_days.csv")
    path = shared("garbage/kyotango/center.csv")
    closures, problems = read_closures("center.csv", rows(path), table.calendars)
    assert len(closures) == len(problems) == 25
    assert str(problems[0]) == (
        "center.csv 2行目「名称」: 「峰山クリーンセンター」"
        " この名前のセンターの地区がないので、どの地区の収集日も変わりません。"
    )
