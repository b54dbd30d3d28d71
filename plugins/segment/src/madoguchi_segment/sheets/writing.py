"""Answers as a file, written a piece at a time. Who it is about are the residents of a condition.

Only our number stands in it: neither a name nor the LINE id.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, Literal

from madoguchi import Criteria
from madoguchi.sheets import PIECE, escape
from madoguchi_segment.audiences.condition import Condition
from madoguchi_segment.audiences.freezing import freeze
from madoguchi_segment.sheets.checking import Read, look_up, own_fields
from madoguchi_segment.sheets.columns import NUMBER, Column, build_columns, show_answer

BLOCK = 500

Encoding = Literal["utf-8-sig", "utf-8", "cp932"]


async def write_csv(
    read: Read,
    condition: Condition,
    criteria: Criteria,
    now: datetime,
    encoding: Encoding = "utf-8-sig",
) -> AsyncIterator[bytes]:
    """The CSV file of a condition's residents; what CP932 lacks becomes `?`."""
    first = True
    async for rows in _rows(read, condition, criteria, now):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([[escape(str(cell)) for cell in row] for row in rows])
        # The mark of UTF-8 stands at the beginning of the file only.
        mark = encoding if first else encoding.removesuffix("-sig")
        first = False
        yield text.getvalue().encode(mark, "replace")


async def write_excel(
    read: Read, condition: Condition, criteria: Criteria, now: datetime
) -> AsyncIterator[bytes]:
    """The Excel file of a condition's residents; large ones lie in a temporary file meanwhile."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("受け取り設定")  # nosay
    async for rows in _rows(read, condition, criteria, now):
        await asyncio.to_thread(_append, sheet, rows)
    with SpooledTemporaryFile(1 << 20) as file:
        await asyncio.to_thread(book.save, file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _append(sheet: Any, rows: list[list[Any]]) -> None:
    for row in rows:
        sheet.append([escape(cell) if isinstance(cell, str) else cell for cell in row])


async def _rows(
    read: Read, condition: Condition, criteria: Criteria, now: datetime
) -> AsyncIterator[list[list[Any]]]:
    columns = build_columns(own_fields(criteria))
    yield [[NUMBER, *(one.heading for one in columns)]]
    ids = await freeze(read, condition, criteria, now)
    for start in range(0, len(ids), BLOCK):
        numbers = ids[start : start + BLOCK].tolist()
        known = await read(look_up, numbers)
        yield [_row(who, known[who], columns) for who in numbers if who in known]


def _row(who: int, answers: dict[str, Any], columns: Sequence[Column]) -> list[Any]:
    return [who, *(show_answer(one, answers.get(one.field.name)) for one in columns)]
