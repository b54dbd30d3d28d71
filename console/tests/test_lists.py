"""Lists: filters and order in the address, pages, files that nobody's Excel runs."""

import csv
import io
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest
from openpyxl import load_workbook

from madoguchi_console.exporting import escape, write_csv, write_xlsx

RISKY = ["=1+1", "+81", "-1", "@SUM(A1)", "\tx", "\r=1", "＝1+1", "=cmd|'/C calc'!A0"]
HEADS = ["=見出し", "いつ"]
AT = datetime(2026, 4, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", RISKY)
def test_no_cell_is_a_formula(text):
    assert escape(text).startswith("'")
    (_, row) = csv.reader(io.StringIO(write_csv(HEADS, [[text, AT]]).decode("utf-8-sig")))
    assert row[0].startswith("'")
    cell = load_workbook(io.BytesIO(write_xlsx("x", HEADS, [[text, AT]]))).worksheets[0]["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_numbers_and_times_stay_what_they_are():
    rows = [[-5, AT], ["普通", date(2026, 4, 1)], [None, True]]
    text = write_csv(HEADS, rows).decode("utf-8-sig")
    assert text.splitlines()[1:] == ["-5,2026-04-01 09:05", "普通,2026-04-01", ",True"]
    sheet = load_workbook(io.BytesIO(write_xlsx("a/b:c", HEADS, rows))).worksheets[0]
    assert sheet["A2"].value == -5
    assert sheet["B2"].value == datetime(2026, 4, 1, 9, 5)
    assert sheet.title == "a b c"


def test_old_excel_gets_cp932_with_what_it_has():
    made = write_csv(["言葉"], [["波〜線−①髙𠮷"]], cp932=True)
    assert made.decode("cp932") == "言葉\r\n波～線－①髙?\r\n"


@pytest.fixture
def admin(make_staff):
    admin = make_staff("管理 花子", admin=True)
    for n in range(60):
        admin.commands("add_staff", name=f"職員{n:02}", mail=f"s{n}@x.example", admin=False)
    return admin


def test_filters_order_and_pages_stand_in_the_address(admin):
    page = admin.opens("/staff")
    assert "61件（1／2ページ）" in page
    assert "職員59" not in page
    assert "職員59" in admin.opens("/staff?page=2")
    assert "職員59" in admin.opens("/staff?sort=-name")
    page = admin.opens(f"/staff?q={quote('職員5')}&sort=-mail")
    assert "10件" in page
    assert page.html.index("s59@") < page.html.index("s50@")
    assert 'aria-sort="descending"' in page
    assert "1件" in admin.opens("/staff?kind=admin")
    for odd in ("page=0", "page=x", "page=999", "sort=password", "kind=nothing", "q=%25", "q=_"):
        assert admin.opens(f"/staff?{odd}").status == 200
    assert "この条件に合うものはありません。" in admin.opens("/staff?q=%25")


def test_a_list_is_taken_out_as_a_file_and_that_is_noted(admin, gateway):
    import urllib.request

    cookie = "; ".join(f"{one.name}={one.value}" for one in admin.browser.cookies)
    found = {}
    for kind in ("csv", "csv-cp932", "xlsx"):
        address = f"{gateway.pages_url}/mihon/console/staff?q=%E8%81%B7%E5%93%A15&as={kind}"
        request = urllib.request.Request(address, headers={"cookie": cookie})
        with urllib.request.urlopen(request) as answer:
            assert "attachment" in answer.headers["content-disposition"]
            found[kind] = answer.read()
    assert found["csv"].startswith(b"\xef\xbb\xbf")
    assert len(found["csv"].decode("utf-8-sig").splitlines()) == 11
    assert "職員50" in found["csv-cp932"].decode("cp932")
    assert found["xlsx"].startswith(b"PK")
    assert admin.opens("/audit").html.count("一覧をファイルにした") >= 3
    assert admin.opens("/staff?as=exe").status == 404


def test_the_audit_log_is_looked_at_by_day_and_by_deed(admin, clock):
    clock.move(3 * 86_400)
    admin.logs_in()
    from madoguchi import JST

    today = clock.now().astimezone(JST).date().isoformat()
    page = admin.opens(f"/audit?since={today}&until={today}&action=login.enter")
    assert "1件" in page
    assert admin.opens("/audit?since=2026-99-99").status == 200
