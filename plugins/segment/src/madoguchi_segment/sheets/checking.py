# nosay: what is said here, staff read
"""Go through a file row by row, beside the database; nothing is written."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi import JST, Criteria, ProfileField
from madoguchi.forms.profile import read_profiles
from madoguchi.sheets import SheetRefused, read_rows
from madoguchi.tables import resident
from madoguchi_segment.sheets.columns import (
    NUMBER,
    Column,
    build_columns,
    read_answers,
    show_answer,
)

OWNER = "segment"
BLOCK = 500
"""Rows that are looked at together."""
SHOWN = 1_000
"""Problems that are kept in words; all are counted."""
MOST_NUMBER = 1 << 62

Read = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row; `row` counts as a spreadsheet does, the headings are row 1."""

    row: int
    column: str
    says: str


@dataclass(slots=True)
class Checked:
    """What a file would do. With a single problem it does nothing."""

    rows: int = 0
    changed: int = 0
    """Residents of whom an answer changes."""
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    """All problems, those beyond the first 1,000 too."""
    intake: int | None = None
    """The number under which it was taken in."""

    def add(self, row: int, column: str, says: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.problems) < SHOWN:
            self.problems.append(Problem(row, column, says))


Change = tuple[int, dict[str, Any]]
"""A resident's number, and the answers that change; None takes one away."""


def own_fields(criteria: Criteria) -> list[ProfileField]:
    """The fields that are ours to write."""
    own = criteria.fields.items()
    return [one for key, one in own if key.partition("/")[0] == OWNER]


async def go_through(
    read: Read,
    file: BinaryIO,
    name: str,
    criteria: Criteria,
    now: datetime,
    found: Checked,
) -> AsyncGenerator[list[Change], None]:
    """The changes of a file, a block at a time, and into `found` what is wrong with it.

    Raises `SheetRefused` for a file that cannot be read, or whose headings are not ours.
    """
    columns = build_columns(own_fields(criteria))
    today, seen, number = now.astimezone(JST).date(), set[int](), 2
    with closing(read_rows(file, name)) as rows:
        headings = await asyncio.to_thread(next, rows, [])
        places = _place(headings, columns)
        while block := await asyncio.to_thread(_take, rows):
            read_block = await asyncio.to_thread(
                _read_block, block, number, places, columns, today, seen, found
            )
            number += len(block)
            known = await read(look_up, [who for who, _, _ in read_block])
            yield await asyncio.to_thread(_compare, read_block, known, columns, found)


def _take(rows: Iterator[list[Any]]) -> list[list[Any]]:
    return list(islice(rows, BLOCK))


def _place(headings: Sequence[Any], columns: Sequence[Column]) -> dict[str, int]:
    """Where each column stands. Raises `SheetRefused`."""
    names = [str(one).strip() if one is not None else "" for one in headings]
    known = {NUMBER, *(one.heading for one in columns)}
    if NUMBER not in names:
        raise SheetRefused(
            f"1行目に「{NUMBER}」の列がありません。書き出したファイルの1行目を、そのまま使ってください。"
        )
    for name in names:
        if name and name not in known:
            raise SheetRefused(
                f"「{name}」という列は使えません。消すか、書き出したファイルの名前にしてください。"
            )
        if name and names.count(name) > 1:
            raise SheetRefused(f"「{name}」の列が2つあります。1つにしてください。")
    return {name: place for place, name in enumerate(names) if name}


def _read_block(
    block: Sequence[Sequence[Any]],
    first: int,
    places: dict[str, int],
    columns: Sequence[Column],
    today: date,
    seen: set[int],
    found: Checked,
) -> list[tuple[int, int, dict[str, Any]]]:
    """Resident, row and answers of each row that says who it is."""
    read = []
    for row, cells in enumerate(block, first):
        if not any(cell not in (None, "") for cell in cells):
            continue
        found.rows += 1
        given = {name: cells[at] for name, at in places.items() if at < len(cells)}
        who = _read_number(given.get(NUMBER))
        if len(cells) > len(places) and any(c not in (None, "") for c in cells[len(places) :]):
            found.add(row, "", "列が1行目より多くあります。カンマの数を確かめてください。")
        if who is None:
            found.add(row, NUMBER, f"「{given.get(NUMBER) or ''}」は番号ではありません。")
            continue
        if who in seen:
            found.add(row, NUMBER, f"{who}は、上の行にもあります。1行にまとめてください。")
            continue
        seen.add(who)
        answers, problems = read_answers(columns, given, today)
        for column, says in problems:
            found.add(row, column, says)
        read.append((who, row, answers))
    return read


def _read_number(cell: Any) -> int | None:
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number and 0 < int(text) < MOST_NUMBER else None


def look_up(db: Session, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What the residents of these numbers have answered; who is not there is nobody's number."""
    theirs = resident.c.id.in_(numbers)
    found: dict[int, dict[str, Any]] = {
        who: {} for who in db.scalars(select(resident.c.id).where(theirs))
    }
    found.update(read_profiles(db, list(found), OWNER))
    return found


def _compare(
    rows: Sequence[tuple[int, int, dict[str, Any]]],
    known: dict[int, dict[str, Any]],
    columns: Sequence[Column],
    found: Checked,
) -> list[Change]:
    changes = []
    for who, row, answers in rows:
        if who not in known:
            found.add(row, NUMBER, f"{who}番の人はいません。行を消してください。")
            continue
        # As it is shown: what was merged, or cannot be chosen any more, is no change.
        changed = {
            name
            for one in columns
            if (name := one.field.name) in answers
            and show_answer(one, answers[name]) != show_answer(one, known[who].get(name))
        }
        if changed:
            found.changed += 1
            changes.append((who, {name: answers[name] for name in answers if name in changed}))
    return changes
