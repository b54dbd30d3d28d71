# nosay: what is said here, staff read
"""The columns of such a table: one for each answer that is one, one for each option of several.

The first is our number of the resident, which means nothing outside. A cell that is empty changes
nothing; 消す takes an answer away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from madoguchi import ProfileField
from madoguchi.reading import Unreadable, read_birthdate
from madoguchi_segment.audiences.tables import BIRTHDATES

NUMBER = "番号"
YES, NO, NONE = "○", "×", "消す"
_YES = {YES, "◯", "〇", "1", "はい", "true", "yes"}
_NO = {NO, "✕", "0", "いいえ", "false", "no"}
OLDEST = date(1900, 1, 1)


class Unusable(Exception):
    """A cell cannot be used; the words say why, and what to write."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one field: `part` is an option of several, or the place of a date."""

    heading: str
    field: ProfileField
    part: str | int | None = None


def build_columns(fields: Iterable[ProfileField]) -> list[Column]:
    """The columns behind the number. What follows from another answer has none."""
    found: list[Column] = []
    for field in fields:
        if field.question is not None:
            continue
        if field.kind == "choices":
            found += [
                Column(f"{field.label}：{label}", field, value)
                for value, label in labels_of(field).items()
            ]
        elif field.kind == "dates":
            found += [Column(f"{field.label}{n + 1}", field, n) for n in range(BIRTHDATES)]
        else:
            found.append(Column(field.label, field))
    return found


def labels_of(field: ProfileField) -> dict[str, str]:
    """What each option is called; those of the same label have their value behind it."""
    labels = [one.label for one in field.options]
    return {
        one.value: one.label if labels.count(one.label) == 1 else f"{one.label}（{one.value}）"
        for one in field.options
    }


def show_answer(column: Column, answer: Any) -> str:
    """The cell of a stored answer; empty where there is none that counts."""
    field = column.field
    if answer is None:
        return ""
    if field.kind == "choices":
        option = next(one for one in field.options if one.value == column.part)
        return YES if set(option.stored) & set(answer) else NO
    if field.kind == "dates":
        place = int(column.part or 0)
        return str(answer[place].get(field.part, "")) if place < len(answer) else ""
    chosen = field.option(answer)
    return labels_of(field)[chosen.value] if chosen else ""


def read_answers(
    columns: Sequence[Column], cells: Mapping[str, Any], today: date
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What a row says, by field: an answer, or None for 消す; and what is wrong, by column.

    Fields whose cells are all empty are not there.
    """
    answers: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    given: dict[str, list[tuple[Column, Any]]] = {}
    for column in columns:
        given.setdefault(column.field.name, []).append((column, cells.get(column.heading)))
    for name, pairs in given.items():
        filled = [(column, _text(cell)) for column, cell in pairs if _text(cell)]
        if not filled:
            continue
        if all(text == NONE for _, text in filled):
            answers[name] = None
            continue
        read = []
        for column, text in filled:
            try:
                read.append(_read_cell(column, text, today))
            except Unusable as problem:
                problems.append((column.heading, str(problem)))
        kept = [one for one in read if one is not None]
        answers[name] = kept if pairs[0][0].field.kind in ("choices", "dates") else read and read[0]
    return answers, problems


def _read_cell(column: Column, text: str, today: date) -> Any:
    field = column.field
    if field.kind == "choices":
        if text.lower() in _YES:
            return column.part
        if text.lower() in _NO:
            return None
        raise Unusable(f"「{text}」は使えません。{YES}か{NO}を書いてください。")
    if field.kind == "dates":
        return {str(field.part): _read_day(text, today)}
    labels = labels_of(field)
    for value, label in labels.items():
        if text in (label, value):
            return value
    several = "、".join(list(labels.values())[:8])
    raise Unusable(f"「{text}」はありません。{several}のように書いてください。")


def _read_day(text: str, today: date) -> str:
    try:
        day = read_birthdate(text, today)
    except Unreadable:
        raise Unusable(
            f"「{text}」は日付ではありません。2024-04-01 のように書いてください。"
        ) from None
    if not OLDEST <= day <= today:
        raise Unusable(f"「{text}」は、生年月日として使えません。")
    return day.isoformat()


def _text(cell: Any) -> str:
    """What stands in a cell; Excel gives dates and numbers as such."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
