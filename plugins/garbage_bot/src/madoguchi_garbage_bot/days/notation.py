# nosay: the notation of calendars
"""Reading a cell of a calendar: 5374's notation, and what cities write in words.

A token that cannot be read is handed back with the reason, and the rest of the cell goes on: no day
is ever guessed.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from madoguchi.reading import Unreadable, read_date
from madoguchi_garbage_bot.days.phrases import months_of, read_phrase
from madoguchi_garbage_bot.days.rules import (
    NEVER,
    WEEKDAYS,
    AnyOf,
    Fortnightly,
    InMonths,
    OnDates,
    Rule,
)

NOT_YET = date(2099, 12, 31)
"""Cities write this day where the next one is not known yet."""
NOTHING = {"-", "ー", "―", "×", "なし", "無し", "収集なし", "収集しません", "収集しない"}

_WAVES = str.maketrans("〜～∼˜－–—−‐", "~~~~-----")
_REMARK = re.compile(r"[*※](\d+)")
_NUMBER = re.compile(r"\d+")
_HAS_YEAR = re.compile(r"(?:西暦)?\d{4}[-/.年]|\d{8}$|(?:令和?|平成?|[RH])\.?(?:元|\d{1,2})[-/.年]")
_FORTNIGHT = re.compile(rf"\(?隔週?\)?([{WEEKDAYS}])(?:曜日?)?\(?([\d/.年月日-]+)(?:から|~)?\)?")
_WAITING = re.compile(
    r".*(?:毎週|毎月|隔週\)?|第[1-5一二三四五]週?の?|[・、,と&の])"
    r"|(?:\d{1,2}月?(?:~|-|から))?\d{1,2}月(?:まで)?[はのに]?"
)
_GOES_ON = re.compile(r"[・、,と&:]|\(第?\d|\(隔週")


@dataclass(frozen=True, slots=True)
class BadToken:
    """Part of a cell that cannot be read, as it stands there, and why, in words for staff."""

    token: str
    why: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says."""

    rule: Rule = NEVER
    remarks: tuple[str, ...] = ()
    """Ids of remarks: `*3` is 3."""
    bad: tuple[BadToken, ...] = ()
    is_open: bool = False
    """More days will follow that are not known yet (`20991231`)."""


@lru_cache(4096)  # most cells of a calendar stand there many times
def read_cell(text: str) -> Cell:
    """The rule of a cell; any text is taken."""
    reader = _Reader()
    for token, folded in _tokens(text):
        try:
            reader.take(token, folded)
        except ValueError as reason:
            reader.bad.append(BadToken(token, str(reason)))
    return reader.finish()


@lru_cache(4096)
def read_day(text: str) -> date | None:
    """A day with its year (`2023/1/3`, `20230103`, 令和5年1月3日), or None."""
    folded = "".join(fold(text).split())
    if not _HAS_YEAR.match(folded):
        return None
    try:
        return read_date(folded, NOT_YET)
    except Unreadable:
        return None


def fold(text: str) -> str:
    """One form for all widths and waves."""
    return unicodedata.normalize("NFKC", text).translate(_WAVES).strip()


class _Reader:
    """A cell up to some token.

    A list of months belongs to the day tokens since the list before it: they wait in `pending`.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.pending: list[tuple[str, Rule]] = []
        self.months: set[int] | None = None
        self.days: set[date] = set()
        self.remarks: list[str] = []
        self.bad: list[BadToken] = []
        self.is_open = False

    def take(self, token: str, folded: str) -> None:
        is_number = _NUMBER.fullmatch(folded)
        if is_number and len(folded) <= 2:
            if self.months is None:
                raise ValueError("曜日がありません。月の並びは「水2:4 6」のように書いてください。")
            self.months |= months_of(folded)
            return
        self.close_months()
        if remark := _REMARK.fullmatch(folded):
            self.remarks.append(remark[1])
        elif is_number or _HAS_YEAR.match(folded):
            self.take_day(folded)
        elif folded not in NOTHING:
            self.take_rule(token, folded)

    def take_day(self, folded: str) -> None:
        day = read_day(folded)
        if day is None:
            raise ValueError("日付として読めません。20260401 のように8けたで書いてください。")
        if day == NOT_YET:
            self.is_open = True
        else:
            self.days.add(day)

    def take_rule(self, token: str, folded: str) -> None:
        head, colon, months = folded.partition(":")
        if colon and not head and not self.pending:
            raise ValueError("「:」の前に曜日がありません。")
        # The list comes first: it belongs to the tokens before, even if the head is broken.
        if colon:
            self.months = set()
        if self.months is not None and months:
            self.months |= months_of(months)
        if head:
            self.pending.append((token, _read_fortnight(head) or read_phrase(head)))

    def close_months(self) -> None:
        if self.months is None:
            return
        if self.months and self.pending:
            inner = tuple(rule for _, rule in self.pending)
            self.rules.append(InMonths(AnyOf(inner), frozenset(self.months)))
        else:
            why = "「:」のあとの月を読めないので、この曜日も使えません。"
            self.bad += [BadToken(token, why) for token, _ in self.pending]
        self.pending, self.months = [], None

    def finish(self) -> Cell:
        self.close_months()
        self.rules += [rule for _, rule in self.pending]
        if self.days:
            self.rules.append(OnDates(frozenset(self.days)))
        rule = self.rules[0] if len(self.rules) == 1 else AnyOf(tuple(self.rules))
        return Cell(rule, tuple(self.remarks), tuple(self.bad), self.is_open)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Tokens as they stand, and folded; words that belong together although a space parts them."""
    found: list[tuple[str, str]] = []
    for token in text.split():
        folded = "".join(fold(token).split())
        if found and (_WAITING.fullmatch(found[-1][1]) or _GOES_ON.match(folded)):
            before = found.pop()
            found.append((f"{before[0]} {token}", before[1] + folded))
        elif folded:
            found.append((token, folded))
    return found


def _read_fortnight(folded: str) -> Fortnightly | None:
    found = _FORTNIGHT.fullmatch(folded)
    if not found:
        return None
    anchor = read_day(found[2])
    if anchor is None:
        raise ValueError("隔週の起点を日付として読めません。隔水20260401 のように書いてください。")
    if WEEKDAYS[anchor.weekday()] != found[1]:
        raise ValueError(f"起点の{found[2]}は{WEEKDAYS[anchor.weekday()]}曜日です。")
    return Fortnightly(anchor)
