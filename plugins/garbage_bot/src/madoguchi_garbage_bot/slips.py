"""Words that may be others with a slip: letters typed wrong, left out, doubled or swapped."""

import re
from collections import defaultdict
from collections.abc import Iterable

SHORTEST_SLIP, LONGEST_SLIP = 3, 16
_ROMAJI = {
    consonant + kana: row[place]
    for consonant, row in {
        "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ",
        "t": "たちつてと", "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ",
        "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ", "m": "まみむめも", "r": "らりるれろ",
    }.items()
    for place, kana in enumerate("あいうえお")
}  # fmt: skip
_HALF_TYPED = re.compile("|".join(_ROMAJI))


class Slips:
    """Known words, found by what is left of them when a letter is missing."""

    def __init__(self, words: Iterable[str]) -> None:
        self._known = set(words)
        self._shortened: dict[str, list[str]] = defaultdict(list)
        for word in self._known:
            for short in _shorten(word) if SHORTEST_SLIP <= len(word) <= LONGEST_SLIP else ():
                self._shortened[short].append(word)

    def near(self, text: str) -> set[str]:
        """Words that may be this one with a letter wrong, missing, added or swapped."""
        found: set[str] = set()
        for short in (text, *_shorten(text)):
            found.update(self._shortened.get(short, ()))
            found.update([short] if short in self._known else ())
        return found


def join_romaji(text: str) -> str:
    """A text with its half-typed kana completed: れbい was れび."""
    return _HALF_TYPED.sub(lambda found: _ROMAJI[found[0]], text)


def distance(one: str, other: str, most: int) -> int:
    """Slips between two words; `most + 1` if there are more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row] + [0] * len(other)
        for column, facing in enumerate(other, 1):
            cost = letter != facing
            best = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + cost)
            swapped = row > 1 and column > 1 and letter == other[column - 2]
            if swapped and one[row - 2] == facing:
                best = min(best, before[column - 2] + 1)
            line[column] = best
        if min(line) > most:
            return most + 1
        before, last = last, line
    return last[-1]


def _shorten(word: str) -> set[str]:
    """A word without one of its letters, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}
