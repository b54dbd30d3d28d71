# nosay: the notation of calendars
"""Weekdays in words: 毎週火・金曜日, 第２・４月曜日, 月・木, 4月〜9月は第1水曜, 火2."""

import re

from madoguchi_garbage_bot.days.rules import (
    LAST,
    WEEKDAYS,
    AnyOf,
    DayOfMonth,
    InMonths,
    NthWeekday,
    Rule,
    Weekly,
)

_AND = "(?:[・、,/&]|及び|および|と)"
_ONE = f"[{WEEKDAYS}](?:曜日?)?"
_DAYS = rf"{_ONE}(?:{_AND}?{_ONE})*"
_NUMBERS = rf"第?\d週?(?:{_AND}?第?\d週?)*"
_CLAUSE = re.compile(
    rf"(?:(?P<every>毎週?の?)|(?P<fortnight>\(?隔週?\)?の?)|(?P<last>第?最終週?の?)"
    rf"|(?P<before>{_NUMBERS})の?)?"
    rf"(?P<days>{_DAYS})"
    rf"(?:(?P<digits>第?\d(?:[・、,]第?\d(?!\d))*)"
    rf"|\((?:(?P<bracket>{_NUMBERS})|(?P<bracket_fortnight>隔週))\))?"
)
_SPAN = r"\d{1,2}月?(?:(?:~|-|から)\d{1,2}月?(?:まで)?)?"
_MONTHS = rf"(?:{_SPAN}(?:{_AND}{_SPAN})*|偶数月|奇数月)"
_SEASON_FIRST = re.compile(rf"({_MONTHS})[はのに]?")
_SEASON_LAST = re.compile(rf"(.*)\(({_MONTHS})(?:のみ|だけ)?\)")
_MONTHLY = re.compile(rf"毎月\d{{1,2}}日(?:{_AND}\d{{1,2}}日)*")
_KANJI = str.maketrans("一二三四五六", "123456")
UNREADABLE = "書き方がわかりません。月、水2、20260401 のように書いてください。"


def read_phrase(folded: str) -> Rule:
    """The rule of a phrase without spaces, in half width. ValueError: why it cannot be read."""
    if folded == "毎日":
        return AnyOf(tuple(map(Weekly, range(7))))
    if _MONTHLY.fullmatch(folded):
        return _any_of([DayOfMonth(_day(number)) for number in re.findall(r"\d+", folded)])
    phrase, months = _part_season(folded)
    phrase = phrase.removeprefix("毎月")
    if "第" in phrase:
        phrase = phrase.translate(_KANJI)
    rules: list[Rule] = []
    position = 0
    while position < len(phrase):
        found = _CLAUSE.match(phrase, position)
        if not found:
            raise ValueError(UNREADABLE)
        rules += _read_clause(found)
        position = found.end()
        if position < len(phrase):
            between = re.compile(_AND).match(phrase, position)
            if not between:
                raise ValueError(UNREADABLE)
            position = between.end()
            if position == len(phrase):
                raise ValueError(UNREADABLE)
    if not rules:
        raise ValueError(UNREADABLE)
    return InMonths(AnyOf(tuple(rules)), months) if months else _any_of(rules)


def months_of(folded: str) -> frozenset[int]:
    """Months of a list: `4`, `4,6`, 4〜9月, 12月から3月まで, 偶数月. ValueError: why not."""
    if folded in ("偶数月", "奇数月"):
        return frozenset(range(2 if folded == "偶数月" else 1, 13, 2))
    if not re.fullmatch(_MONTHS, folded):
        raise ValueError("月の並びを読めません。「水2:4 6 8」のように書いてください。")
    months: set[int] = set()
    for span in re.split(_AND, folded):
        ends = [int(number) for number in re.findall(r"\d+", span)]
        for number in ends:
            if not 1 <= number <= 12:
                raise ValueError(f"{number}月はありません。")
        first, last = ends[0], ends[-1]
        months.update((first - 1 + n) % 12 + 1 for n in range((last - first) % 12 + 1))
    return frozenset(months)


def _part_season(folded: str) -> tuple[str, frozenset[int] | None]:
    """A phrase, and the months that stand before or behind it."""
    first = _SEASON_FIRST.match(folded)
    if first and re.search("月|まで", first[1]) and not folded[first.end() :].startswith("曜"):
        return folded[first.end() :], months_of(first[1])
    last = _SEASON_LAST.fullmatch(folded)
    if last and "月" in last[2]:
        return last[1], months_of(last[2])
    return folded, None


def _read_clause(found: re.Match[str]) -> list[Rule]:
    if found["fortnight"] or found["bracket_fortnight"]:
        raise ValueError("隔週の起点になる日がありません。隔土20260404 のように書いてください。")
    written = found["days"]
    days = [WEEKDAYS.index(one[0]) for one in re.findall(_ONE, written)]
    if len(set(days)) < len(days):
        raise ValueError("同じ曜日が2回あります。")
    numbers = found["before"] or found["digits"] or found["bracket"]
    if not numbers and not found["last"]:
        return [Weekly(day) for day in days]
    if (found["before"] and (found["digits"] or found["bracket"])) or (found["every"] and numbers):
        raise ValueError("第何週かが2とおりに書かれています。")
    if found["before"] and "第" not in numbers and "曜" not in written:
        raise ValueError(UNREADABLE)
    if len(days) > 1 and (found["digits"] or re.search(f"曜日?{_AND}", written)):
        raise ValueError("第何週かが、どの曜日のことかわかりません。1つずつ書いてください。")
    if found["last"]:
        return [NthWeekday(LAST, day) for day in days]
    weeks = [int(number) for number in re.findall(r"\d", numbers)]
    if wrong := [week for week in weeks if not 1 <= week <= 5]:
        raise ValueError(f"第{wrong[0]}週はありません。")
    return [NthWeekday(week, day) for day in days for week in weeks]


def _day(number: str) -> int:
    if not 1 <= int(number) <= 31:
        raise ValueError(f"{number}日はありません。")
    return int(number)


def _any_of(rules: list[Rule]) -> Rule:
    return rules[0] if len(rules) == 1 else AnyOf(tuple(rules))
