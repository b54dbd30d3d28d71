"""Tables as files that Excel opens: CSV as UTF-8 with BOM or as CP932, and xlsx.

A cell that begins with =, +, - or @ would be run as a formula by whoever opens the file, so it
gets an apostrophe before it; numbers stay numbers.
"""

import asyncio
import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook
from starlette.responses import Response

from madoguchi import JST

KINDS = {
    "csv": ("csv", "text/csv; charset=utf-8"),
    "csv-cp932": ("csv", "text/csv; charset=Shift_JIS"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_ALIKE = str.maketrans({"〜": "～", "−": "－", "‖": "∥", "—": "―", "¢": "￠", "£": "￡", "¬": "￢"})
"""What CP932 has under another code."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def escape(value: Any) -> Any:
    """A cell that nobody's Excel runs: texts only, numbers and times stay what they are."""
    if isinstance(value, str):
        text = _CONTROL.sub("", value)
        return f"'{text}" if text.startswith(_RISKY) else text
    return value


def write_csv(heads: Sequence[str], rows: Sequence[Sequence[Any]], *, cp932: bool = False) -> bytes:
    """The table as CSV, as UTF-8 with BOM unless `cp932`; there, `?` stands for what it lacks."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([escape(one) for one in heads])
    writer.writerows([[escape(_plain(one)) for one in row] for row in rows])
    text = written.getvalue()
    if cp932:
        return text.translate(_ALIKE).encode("cp932", "replace")
    return text.encode("utf-8-sig")


def write_xlsx(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """The table as an Excel file: the first row stays in view, times are times."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = re.sub(r"[\\/*?:\[\]]", " ", title)[:31] or "1"
    sheet.append([escape(one) for one in heads])
    for row in rows:
        sheet.append([escape(_local(one)) for one in row])
    sheet.freeze_panes = "A2"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _local(value: Any) -> Any:
    """Excel knows no time zones: times are those of Japan."""
    if isinstance(value, datetime):
        return value.astimezone(JST).replace(tzinfo=None, microsecond=0)
    if value is None or isinstance(value, str | int | float | date):
        return value
    return str(value)


def _plain(value: Any) -> Any:
    """A cell of a CSV file."""
    if isinstance(value, datetime):
        return f"{value.astimezone(JST):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


async def answer(
    kind: str,
    file: str,
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    now: datetime,
) -> Response:
    """The file as an answer, made in a thread."""
    ending, media_type = KINDS[kind]
    if kind == "xlsx":
        made = await asyncio.to_thread(write_xlsx, title, heads, rows)
    else:
        made = await asyncio.to_thread(write_csv, heads, rows, cp932=kind == "csv-cp932")
    name = f"{file}-{now.astimezone(JST):%Y%m%d-%H%M}.{ending}"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(made, media_type=media_type, headers=headers)
