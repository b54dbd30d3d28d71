# nosay: what is said here, staff read
"""CSV and Excel files as rows, read a piece at a time; what cannot be read is refused whole.

Excel needs `openpyxl`, which whoever offers Excel names among its dependencies.
"""

import codecs
import csv
import io
from collections.abc import Generator
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

MOST_ROWS = 200_000
MOST_BYTES = 100_000_000
MOST_UNPACKED = 500_000_000
UNREADABLE = "Excelのファイルとして読めません。保存し直してください。"
ESCAPED = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with: a spreadsheet would compute it."""
PIECE = 1 << 16


class SheetRefused(Exception):
    """The file is refused as a whole; the words say why, and what to do."""


def read_rows(file: BinaryIO, name: str) -> Generator[list[Any], None, None]:
    """The rows of a file, the headings first. Raises `SheetRefused`, at the latest at its end."""
    if name.lower().endswith((".xlsx", ".xlsm")):
        return _read_excel(file)
    if name.lower().endswith(".xls"):
        raise SheetRefused("古い形のExcelです。.xlsx か CSV で保存し直してください。")
    return _read_csv(file)


def escape(cell: str) -> str:
    """The cell, harmless for a spreadsheet."""
    return f"'{cell}" if cell.startswith(ESCAPED) else cell


def unescape(cell: Any) -> Any:
    """What `escape` was given."""
    harmless = isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(ESCAPED)
    return cell[1:] if harmless else cell


def find_encoding(file: BinaryIO) -> str:
    """`utf-8-sig`, `utf-16` or `cp932`, whichever reads the whole file. Raises `SheetRefused`."""
    file.seek(0)
    start = file.read(2)
    utf16 = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp932"):
        file.seek(0)
        decoder, size = codecs.getincrementaldecoder(encoding)(), 0
        try:
            while piece := file.read(PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise SheetRefused("ファイルが大きすぎます。100MBまでに分けてください。")
                if "\0" in decoder.decode(piece):
                    break
            else:
                decoder.decode(b"", final=True)
                file.seek(0)
                return encoding
        except UnicodeDecodeError:
            continue
    raise SheetRefused(
        "文字コードがわかりません。「CSV UTF-8」か「CSV」（Shift_JIS）で保存し直してください。"
    )


def _read_csv(file: BinaryIO) -> Generator[list[Any], None, None]:
    encoding = find_encoding(file)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    lines = csv.reader(text, strict=True)
    try:
        for number, row in enumerate(lines):
            _check_size(number)
            yield [unescape(cell) for cell in row]
    except csv.Error as error:
        raise SheetRefused(
            f"{lines.line_num}行目のあたりが、CSVとして読めません（{error}）。保存し直してください。"
        ) from error
    finally:
        text.detach()


def _read_excel(file: BinaryIO) -> Generator[list[Any], None, None]:
    from openpyxl import load_workbook

    _check_unpacked(file)
    try:
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True)):
                _check_size(number)
                yield [unescape(cell) for cell in row]
        finally:
            book.close()
    except SheetRefused:
        raise
    except Exception as error:  # whatever openpyxl stumbles over in a damaged file
        raise SheetRefused(UNREADABLE) from error


def _check_unpacked(file: BinaryIO) -> None:
    """An Excel file is a ZIP file: a small one may hold more than memory does."""
    file.seek(0)
    try:
        unpacked = sum(one.file_size for one in ZipFile(file).infolist())
    except (BadZipFile, RuntimeError, ValueError, OSError, EOFError) as error:
        raise SheetRefused(UNREADABLE) from error
    if unpacked > MOST_UNPACKED:
        raise SheetRefused("ファイルが大きすぎます。行を分けて、保存し直してください。")
    file.seek(0)


def _check_size(number: int) -> None:
    if number > MOST_ROWS:
        raise SheetRefused(f"{MOST_ROWS:,}行までです。ファイルを分けてください。")
