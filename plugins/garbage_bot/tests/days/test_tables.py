"""Tables that no city of ours has: rows too short or too long, columns called otherwise."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from madoguchi_garbage_bot.days.calendars import Closure, Moved
from madoguchi_garbage_bot.days.city import read_city
from madoguchi_garbage_bot.days.headers import Columns
from madoguchi_garbage_bot.days.rules import show
from madoguchi_garbage_bot.days.sidefiles import (
    read_closures,
    read_moved,
    read_points,
    read_postcodes,
)
from madoguchi_garbage_bot.days.tables import read_areas


def test_every_problem_says_file_row_area_column_and_token():
    table = read_areas(
        "days.csv",
        [
            ["# 令和8年度"],
            ["地名", "センター", "可燃", "プラ"],
            ["本町", "", "月 木`", "火2 *9"],
            ["", "", "月", "火"],
            ["", "", "", ""],
            ["北町", "", "水"],
            ["南町", "", "水", "木", "金"],
        ],
    )
    assert [str(problem) for problem in table.problems] == [
        "days.csv 3行目 本町「可燃」: 「木`」"
        " 書き方がわかりません。月、水2、20260401 のように書いてください。",
        "days.csv 3行目 本町「プラ」: 「*9」 この番号の注意事項がありません。",
        "days.csv 4行目「地名」: 地区の名前がないので、この行は使えません。",
        "days.csv 6行目 北町「プラ」: 列が足りません。",
        "days.csv 7行目 南町「5列目」: 「金」 見出しより右の列です。",
    ]
    assert [show(one.rule) for one in table.calendars[0].schedules] == ["月", "火2"]
    assert (table.cells, table.cells_read) == (8, 4)


def test_columns_as_the_city_names_them():
    rows = [["cho", "yomi", "burnable", "memo"], ["本町", "ほんちょう", "月", "古い"]]
    columns = Columns(
        area="cho",
        reading="yomi",
        ignored=frozenset({"memo"}),
        categories={"burnable": "燃やすごみ"},
    )
    table = read_areas("days.csv", rows, columns)
    assert table.categories == ("燃やすごみ",)
    assert table.calendars[0].area.reading == "ほんちょう"
    assert table.notes == ("days.csv「memo」は収集日の列ではないので使いません（1行）。",)


def test_a_table_without_a_header():
    table = read_areas("days.csv", [["", ""], []])
    assert [str(one) for one in table.problems] == ["days.csv 1行目: 見出しの行がありません。"]


def test_closures_that_cannot_be():
    rows = [
        ["名称", "始", "終"],
        ["東", "2026/12/29", "2027/1/3"],
        ["東", "2027/1/3", "2026/12/29"],
    ]
    closures, problems = read_closures("center.csv", [*rows, ["東", "年末", ""]])
    assert closures == (Closure("東", date(2026, 12, 29), date(2027, 1, 3)),)
    assert [(one.row, one.column, one.token) for one in problems] == [
        (3, "休止終了日", "2026/12/29"),
        (4, "休止開始日", "年末"),
        (4, "休止終了日", ""),
    ]


def test_exceptions_of_unknown_areas_and_days():
    rows = [
        ["地区", "種類", "本来の日", "変更後の日", "理由"],
        ["本町", "可燃", "2027/1/1", "2027/1/4", "年始"],
        ["西町", "", "2027/1/1", "", ""],
        ["", "燃料", "2027/1/1", "", ""],
        ["", "", "1/1", "", ""],
        ["", "", "", "2027/1/4", ""],
        ["", "", "2027/1/1", "2027/3/1", ""],
    ]
    moved, problems = read_moved("exceptions.csv", rows, ["可燃"], {"本町": "honcho"})
    assert moved == (Moved(date(2027, 1, 1), date(2027, 1, 4), "可燃", "honcho", "年始"),)
    assert [(one.row, one.column) for one in problems] == [
        (3, "地区"),
        (4, "種類"),
        (5, "本来の日"),
        (6, "本来の日"),
        (7, "変更後の日"),
    ]


def test_postcodes_and_towns():
    rows = [["郵便番号", "地区"], ["〒999-0001", "本町"], ["99", "本町"], ["9990001", "西町"]]
    postcodes, problems = read_postcodes("postcodes.csv", rows, {"本町": "honcho"})
    assert postcodes == {"9990001": ["honcho"]}
    assert [one.row for one in problems] == [3, 4]
    points, problems = read_points("towns.json", '[{"town": "本町", "lat": 35, "lng": 139}, 7]')
    assert [point.town for point in points] == ["本町"]
    assert [one.row for one in problems] == [2]
    assert read_points("towns.json", "{")[1]


WORDS = "地名 ID センター マスター label bgcolor 可燃 本町 水2:4 1 *1 #property 9990001 #33aa55"
cells = st.text(max_size=8) | st.sampled_from([*WORDS.split(), "月 木", "（隔週）土", "", " "])
tables = st.lists(st.lists(cells, max_size=5), max_size=5)
FILES = ["area_days.csv", "center.csv", "remarks.csv", "area_master.csv", "description.csv"]


@given(
    st.dictionaries(st.sampled_from([*FILES, "exceptions.csv", "postcodes.csv"]), tables),
    st.text() | st.just('[{"town": "本町", "lat": 1e999, "lng": 0}]'),
)
def test_any_rows_are_taken_and_each_cell_is_read_or_reported(files, towns):
    city = read_city(files, towns=towns)
    assert 0 <= city.cells_read <= city.cells
    if city.cells_read < city.cells:
        assert city.problems
    assert all(str(problem) for problem in city.problems)
    keys = {calendar.area.key for calendar in city.calendars.values()}
    assert len(keys) == len(city.calendars) == len(city.finder.areas)
