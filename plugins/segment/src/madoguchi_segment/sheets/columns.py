# nosay: what is said here, staff read
"""The columns of such a table: one for each answer that is one, one for each option of several.

The first is our number of the resident, which means nothing outside. A cell that is empty changes
nothing; 消す takes an answer away.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """One column of one field: `part` is an option of several, or the place of a date.

    What a cell can say is worked out once for the column: a file has a hundred thousand rows.
    """

    heading: str
    field: ProfileField
    part: str | int | None = None
    shown: Mapping[str, str] = field(default_factory=dict)
    """Of a field with one answer: the cell of each stored answer."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """And the answer that each cell means."""
    stored: frozenset[str] = frozenset()
    """Of an option of several: the stored answers that count as it."""


def build_columns(fields: Iterable[ProfileField]) -> list[Column]:
    """The columns behind the number. What follows from another answer has none."""
    found: list[Column] = []
    for one in fields:
        if one.question is not None:
            continue
        labels = labels_of(one)
        if one.kind == "choices":
            found += [
                Column(
                    f"{one.label}：{labels[option.value]}",
                    one,
                    option.value,
                    stored=frozenset(option.stored),
                )
                for option in one.options
            ]
        elif one.kind == "dates":
            found += [Column(f"{one.label}{n + 1}", one, n) for n in range(BIRTHDATES)]
        else:
            merged = {
                old: labels[each.value] for each in reversed(one.options) for old in each.answers
            }
            typed = dict(_typed(labels))
            found.append(Column(one.label, one, shown=merged | labels, typed=typed))
    return found


def labels_of(field: ProfileField) -> dict[str, str]:
    """What each option is called; those of the same label have their value behind it."""
    count = Counter(one.label for one in field.options)
    return {
        one.value: one.label if count[one.label] == 1 else f"{one.label}（{one.value}）"
        for one in field.options
    }


def _typed(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What can be typed for each option, label or value; of two, the first option counts."""
    for value, label in reversed(list(labels.items())):
        yield from ((value, value), (label, value))


def show_answer(column: Column, answer: Any) -> str:
    """The cell of a stored answer; empty where there is none that counts."""
    if answer is None:
        return ""
    kind = column.field.kind
    if kind == "choices":
        return NO if column.stored.isdisjoint(answer) else YES
    if kind == "dates":
        place = int(column.part or 0)
        return str(answer[place].get(column.field.part, "")) if place < len(answer) else ""
    return column.shown.get(answer, "")


def read_answers(
    columns: Sequence[Column], cells: Mapping[str, Any], today: date
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What a row says, by field: an answer, or None for 消す; and what is wrong, by column.

    Fields whose cells are all empty are not there.
    """
    answers: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    filled: dict[str, list[tuple[Column, str]]] = {}
    for column in columns:
        if text := _text(cells.get(column.heading)):
            filled.setdefault(column.field.name, []).append((column, text))
    for name, pairs in filled.items():
        if all(text == NONE for _, text in pairs):
            answers[name] = None
            continue
        read = []
        for column, text in pairs:
            try:
                read.append(_read_cell(column, text, today))
            except Unusable as problem:
                problems.append((column.heading, str(problem)))
        kept = [one for one in read if one is not None]
        if pairs[0][0].field.kind in ("choices", "dates"):
            answers[name] = kept
        elif kept:
            answers[name] = kept[0]
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
    if text in column.typed:
        return column.typed[text]
    several = "、".join(list(labels_of(field).values())[:8])
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
