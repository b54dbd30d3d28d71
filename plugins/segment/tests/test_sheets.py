"""Answers out and in as CSV and Excel: whole or not at all, on both databases."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import delete, func, select

from madoguchi.audit import Actor
from madoguchi.forms.profile import read_profile
from madoguchi.sheets import escape, find_encoding, unescape
from madoguchi.tables import audit, profile, resident
from madoguchi_segment.audiences import read_condition
from madoguchi_segment.audiences.tables import intake, intake_row
from madoguchi_segment.settings import Settings
from madoguchi_segment.sheets import (
    SheetRefused,
    check_file,
    take_file,
    take_some,
    write_csv,
    write_excel,
)
from madoguchi_segment.sheets.intake import is_done

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
STAFF = Actor("staff", "7", "広報課")
EVERYONE = {"everyone": True}
HEAD = (
    "番号,お住まいの地域,受け取りたいお知らせ：市から,受け取りたいお知らせ：ごみ"
    ",お子さんの生年月日1"
)


@pytest.fixture
def export(place, criteria):
    """The file of everybody."""

    def export(write=write_csv, **options):
        async def gather():
            condition = read_condition(EVERYONE, criteria)
            pieces = write(place.store.read, condition, criteria, NOW, **options)
            return b"".join([piece async for piece in pieces])

        return place.run(gather())

    return export


@pytest.fixture
def check(place, criteria):
    """What a file would do."""

    def check(content, name="a.csv"):
        content = content.encode() if isinstance(content, str) else content
        file = io.BytesIO(content)
        return place.run(check_file(place.store.read, file, name, criteria, NOW))

    return check


@pytest.fixture
def take(place, criteria):
    """Take a file in, and store all of it."""

    def take(content, name="a.csv", settings=None):
        content = content.encode() if isinstance(content, str) else content
        store, file = place.store, io.BytesIO(content)
        found = place.run(take_file(store.read, store.write, file, name, criteria, STAFF, NOW))
        while place.write(take_some, settings or SETTINGS, NOW):
            pass
        return found

    return take


SETTINGS = Settings.model_validate(
    {
        "topics": [
            {"id": "city", "label": "市から"},
            {"id": "garbage", "label": "ごみ"},
            {"id": "old", "label": "旧", "retired": True},
        ]
    }
)


def answers(place, number):
    return place.read(read_profile, number, "segment")


def test_what_goes_out_comes_in_again_and_changes_nothing(place, export, check):
    place.add(1, topics=["trash", "old"], area="honcho", sex="unsaid", living="in", age="65",
              children=[{"birthdate": "2024-02-29"}, {"birthdate": "2020-01-01"}])  # fmt: skip
    place.add(2, topics=[])
    place.add(3)
    for options in ({}, {"encoding": "cp932"}, {"encoding": "utf-8"}):
        found = check(export(**options))
        assert (found.rows, found.changed, found.problems) == (3, 0, [])
    found = check(export(write_excel), "a.xlsx")
    assert (found.rows, found.changed, found.problems) == (3, 0, [])
    head, first, second, third = export().decode("utf-8-sig").splitlines()
    assert head.startswith("番号,受け取りたいお知らせ：市から,受け取りたいお知らせ：ごみ,")
    assert first.startswith("1,×,○,市内,本町,65歳から,答えない,2024-02-29,2020-01-01,")
    assert second.startswith("2,×,×,,")
    assert third == "3" + "," * head.count(",")
    assert "U1" not in export().decode()  # the LINE id


def test_changes_are_stored_and_the_rest_stays(place, take):
    place.add(1, topics=["city", "old"], area="honcho", children=[{"birthdate": "2024-02-29"}])
    place.add(2, topics=["city"], sex="male")
    place.add(3)
    found = take(f"\ufeff{HEAD}\n1,,,○,\n2,南町,消す,,令和6年4月1日\n3,消す,×,×,\n")
    assert (found.rows, found.changed, found.count) == (3, 3, 0)
    assert answers(place, 1) == {
        "topics": ["garbage", "old"],  # what ended could not be chosen again: it stays
        "area": "honcho",
        "children": [{"birthdate": "2024-02-29"}],
    }
    assert answers(place, 2) == {
        "area": "minami",
        "sex": "male",
        "children": [{"birthdate": "2024-04-01"}],
    }
    assert answers(place, 3) == {"topics": []}
    assert place.read(is_done, found.intake)
    (line,) = place.read(lambda db: db.execute(select(audit)).all())
    assert (line.action, line.detail) == ("answers.take_in", {"rows": 3, "changed": 3})
    assert line.actor_label == "広報課"


def test_every_problem_is_said_row_by_row_and_nothing_is_stored(place, check, take):
    place.add(1, area="honcho")
    place.add(2)
    file = (
        f"{HEAD}\n1,南町,,,\n99,本町,,,\nx,本町,,,\n\n2,村,?,○,2026-13-01\n1,駅前,,,\n2,,,,,extra\n"
    )
    for found in (check(file), take(file)):
        assert [(one.row, one.column, one.says.partition("。")[0]) for one in found.problems] == [
            (4, "番号", "「x」は番号ではありません"),
            (6, "受け取りたいお知らせ：市から", "「?」は使えません"),
            (6, "お住まいの地域", "「村」はありません"),
            (6, "お子さんの生年月日1", "「2026-13-01」は日付ではありません"),
            (7, "番号", "1は、上の行にもあります"),
            (8, "", "列が1行目より多くあります"),
            (8, "番号", "2は、上の行にもあります"),
            (3, "番号", "99番の人はいません"),
        ]
        assert found.count == 8
        assert found.intake is None
    assert answers(place, 1) == {"area": "honcho"}
    for table in (intake, intake_row):
        rows = select(func.count()).select_from(table)
        assert place.read(lambda db, rows=rows: db.scalar(rows)) == 0


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (f"{HEAD}\n1,本町,,,\n".encode("utf-16-le"), "a.csv", "文字コードがわかりません"),
        (f"{HEAD}\n1,本町,,,\n".encode("euc-jp"), "a.csv", "文字コードがわかりません"),
        (f"{HEAD}\n1,本町,,,\n".encode() + b"\x81", "a.csv", "文字コードがわかりません"),
        (b"\0\0\0", "a.csv", "文字コードがわかりません"),
        (b"", "a.csv", "「番号」の列がありません"),
        ("名前\n山田\n", "a.csv", "「番号」の列がありません"),
        ("番号,LINE\n1,x\n", "a.csv", "「LINE」という列は使えません"),
        ("番号,性別,性別\n1,男性,男性\n", "a.csv", "「性別」の列が2つあります"),
        (f'{HEAD}\n1,"本町\n', "a.csv", "CSVとして読めません"),
        (b"PK\x03\x04 no such thing", "a.xlsx", "Excelのファイルとして読めません"),
        (b"\xd0\xcf\x11\xe0", "a.xls", "古い形のExcelです"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(place, take, content, name, says):
    place.add(1, area="minami")
    with pytest.raises(SheetRefused, match=says):
        take(content, name)
    assert answers(place, 1) == {"area": "minami"}
    assert place.read(lambda db: db.scalar(select(func.count()).select_from(intake))) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_each_usual_encoding_is_read(place, take, encoding):
    place.add(1)
    take(f"{HEAD}\n1,本町,,,\n".encode(encoding))
    assert answers(place, 1) == {"area": "honcho"}
    assert find_encoding(io.BytesIO("番号①".encode("cp932"))) == "cp932"


def test_excels_own_dates_and_numbers_are_read(place, take):
    place.add(1)
    book = Workbook()
    book.active.append([*HEAD.split(","), None])
    book.active.append([1.0, "本町", 1, 0, datetime(2024, 2, 29), None])
    file = io.BytesIO()
    book.save(file)
    take(file.getvalue(), "a.xlsx")
    assert answers(place, 1) == {
        "area": "honcho",
        "topics": ["city"],
        "children": [{"birthdate": "2024-02-29"}],
    }


def test_cells_that_a_spreadsheet_would_compute_are_made_harmless(place, export, check, criteria):
    for cell in ("=1+1", "+81", "-1", "@x", "\tx", "\rx"):
        assert escape(cell) == f"'{cell}"
        assert unescape(escape(cell)) == cell
    assert unescape("'tis") == "'tis"
    sex = criteria.fields["segment/sex"]
    evil = replace(sex.options[0], label="=HYPERLINK(1)")
    criteria.fields["segment/sex"] = replace(sex, options=[evil, *sex.options[1:]])
    place.add(1, sex="female")
    assert "'=HYPERLINK(1)" in export().decode("utf-8-sig")
    sheet = load_workbook(io.BytesIO(export(write_excel))).active
    assert "'=HYPERLINK(1)" in [cell.value for cell in sheet[2]]
    assert check(export()).problems == []


def test_a_crash_in_the_middle_is_gone_on_from(place, criteria):
    """Slices are stored one by one; what was taken in is there, or waits."""
    people = 250
    place.write(lambda db: [place.add_in(db, n) for n in range(1, people + 1)])
    rows = "".join(f"{n},本町,,,\n" for n in range(1, people + 1))
    file, store = io.BytesIO(f"{HEAD}\n{rows}".encode()), place.store
    place.run(take_file(store.read, store.write, file, "a.csv", criteria, STAFF, NOW))
    done = select(func.count()).select_from(profile)
    waiting = select(func.count()).select_from(intake_row)

    def look(db):
        return db.scalar(done), db.scalar(waiting)

    def fail(db):
        take_some(db, SETTINGS, NOW)
        raise RuntimeError

    assert place.read(look) == (0, people)
    place.write(take_some, SETTINGS, NOW)
    assert place.read(look) == (50, 200)
    with pytest.raises(RuntimeError):
        place.write(fail)
    place.write(lambda db: db.execute(delete(resident).where(resident.c.id > 240)))
    while place.write(take_some, SETTINGS, NOW):
        pass
    assert place.read(look) == (240, 0)
