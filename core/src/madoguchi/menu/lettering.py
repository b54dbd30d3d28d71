"""Labels set in lines: as large as they fit, broken where people pause, with readings above."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from madoguchi.languages import RUBY

MOST_LINES = 3
LARGEST, _SMALLEST = 124, 64
_CALM = {1: 1.0, 2: 0.95, 3: 0.85}
"""So many lines must be so much larger than one, because they are read more slowly."""
READING = 0.5
"""Size of a reading, of the size of its kanji."""
_UNIT = re.compile(rf"{RUBY.pattern}|[!-~]+|.", re.DOTALL)
_PAUSES = "のをはがにとで、・"  # nosay
_NEVER_FIRST = "、。・ーぁぃぅぇぉっゃゅょァィゥェォッャュョ）」』！？"  # nosay
_NEVER_LAST = "（「『"  # nosay
_HIRAGANA = re.compile("[ぁ-ん]")  # nosay


@dataclass(frozen=True, slots=True)
class Unit:
    """What no line break separates: a letter, a foreign word, or kanji with their reading."""

    text: str
    reading: str = ""


Row = Sequence[Unit]
Measure = Callable[[str], float]
"""The width of a text at size 1."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """A label, broken into lines that fit at this size."""

    size: int
    lines: Sequence[Row]

    @property
    def height(self) -> int:
        """Pixels of all lines."""
        return sum(line_height(self.size, row) for row in self.lines)


def split(text: str) -> list[Unit]:
    """The units of a label; readings stand in `《》`."""
    return [
        Unit(found[1] or found[2], found[3]) if found[3] else Unit(found[0])
        for found in _UNIT.finditer(text)
    ]


def width_of(row: Row, measure: Measure) -> float:
    """How wide a line is at size 1: a long reading pushes its neighbours away."""
    return sum(max(measure(one.text), READING * measure(one.reading)) for one in row)


def line_height(size: int, row: Row) -> int:
    """Pixels from the line before to this one: more where readings stand in between."""
    return round(size * _spacing(row))


def _spacing(row: Row) -> float:
    return 1.8 if any(unit.reading for unit in row) else 1.3


def set_text(
    text: str, width: int, height: int, measure: Measure, largest: int = LARGEST
) -> Lettering:
    """The label as large as it fits into a rectangle; of the smallest size if it does not."""
    best = max(
        (_fit(way, width, height, measure, largest) for way in _ways(split(text), measure)),
        key=lambda one: one.size * _CALM[len(one.lines)],
    )
    return best if best.size > _SMALLEST else Lettering(_SMALLEST, best.lines)


def _fit(
    lines: Sequence[Row], width: int, height: int, measure: Measure, largest: int
) -> Lettering:
    """These lines at the largest size at which they fit."""
    wide = int(width / max(_widest(lines, measure), 0.1))
    high = int(height / sum(map(_spacing, lines)))
    return Lettering(min(largest, wide, high), lines)


def _widest(lines: Sequence[Row], measure: Measure) -> float:
    return max(width_of(row, measure) for row in lines)


def _ways(units: list[Unit], measure: Measure) -> Iterator[Sequence[Row]]:
    """The best way to break the label into one line, into two, into three."""
    breaks = [n for n in range(1, len(units)) if _allowed(units, n)]
    for lines in range(1, MOST_LINES + 1):
        found = [_cut(units, places) for places in combinations(breaks, lines - 1)]
        if found:
            yield min(found, key=lambda way: _badness(units, way, measure))


def _cut(units: list[Unit], places: Sequence[int]) -> list[Row]:
    edges = [0, *places, len(units)]
    rows = [units[one:other] for one, other in pairwise(edges)]
    return [_strip(row) for row in rows]


def _strip(row: list[Unit]) -> list[Unit]:
    while row and row[-1].text.isspace():
        row = row[:-1]
    return row


def _allowed(units: list[Unit], n: int) -> bool:
    before, after = units[n - 1].text, units[n].text
    if after.isspace() or after[0] in _NEVER_FIRST or before[-1] in _NEVER_LAST:
        return False
    return before.isspace() or not any(unit.text.isspace() for unit in units)


def _badness(units: list[Unit], way: Sequence[Row], measure: Measure) -> float:
    """Uneven lines and breaks inside of a phrase look bad, in units of letters."""
    widths = [width_of(row, measure) for row in way]
    if not all(way):
        return float("inf")
    cost = (max(widths) - min(widths)) * 0.35
    for row, following in pairwise(way):
        last, first = row[-1].text[-1], following[0].text[0]
        turns = bool(_HIRAGANA.match(last)) and not _HIRAGANA.match(first)
        cost += 0 if last in _PAUSES else 1.5 if turns else 4
    return cost
