# nosay: what is said here, staff read
"""A city's file as a table of texts; what is wrong with it is said in words, cell by cell."""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from madoguchi.sheets import SheetRefused, read_rows

SHEETS = (".xlsx", ".xlsm", ".xls")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file; `row` counts as a spreadsheet does, 0 is the file as a whole.

    With an error nothing of the file is used; a remark is said, and the file is used.
    """

    file: str
    row: int
    column: str
    words: str
    error: bool = True

    def __str__(self) -> str:
        row = f" {self.row}行目" if self.row else ""
        column = f"「{self.column}」" if self.column else ""
        return f"{self.file}{row}{column}: {self.words}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file, its cells without blanks around them."""

    number: int
    cells: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether no cell holds anything."""
        return not any(self.cells)


def read_table(data: bytes, name: str) -> tuple[list[Row], list[Problem]]:
    """All rows of a CSV or Excel file; none if the file cannot be read as a whole."""
    try:
        return list(_number(_read(data, name))), []
    except SheetRefused as refused:
        return [], [Problem(name, 0, "", str(refused))]


def find_broken(row: Row, header: Sequence[str], file: str) -> Iterator[Problem]:
    """Cells that hold what no keyboard writes: traces of a wrong encoding, control characters."""
    for place, cell in enumerate(row.cells):
        if "\ufffd" in cell or any(_is_control(one) for one in cell):
            column = header[place] if place < len(header) and header[place] else f"{place + 1}列目"
            words = "文字がこわれています。もとの表から、このセルを書き直してください。"
            yield Problem(file, row.number, column, words)


def as_remark(problem: Problem) -> Problem:
    """The same words, but no reason to refuse the file."""
    return replace(problem, error=False)


def _read(data: bytes, name: str) -> Iterator[list[Any]]:
    """The rows; UTF-16 that forgot to say so is recognised by the half of it that is empty."""
    if not name.lower().endswith(SHEETS) and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        start = data[:2000]
        if start[1::2].count(0) > len(start) // 8:
            data = b"\xff\xfe" + data
        elif start[::2].count(0) > len(start) // 8:
            data = b"\xfe\xff" + data
    return read_rows(io.BytesIO(data), name)


def _number(rows: Iterator[list[Any]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        yield Row(number, tuple(_write(cell) for cell in cells))


def _write(cell: Any) -> str:
    """A cell as a person would read it: Excel keeps ids as 12.0."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff").strip()


def _is_control(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs", "Cn")
