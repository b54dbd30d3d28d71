# nosay: letters and words that are compared
"""Words that may be others with a slip: letters typed wrong, left out, doubled or swapped."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable

SHORTEST_SLIP, LONGEST_SLIP = 3, 12
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


_MOST_WORDS = 1 << 20


class Slips:
    """Known words, found by what is left of them when a letter is missing.

    Of what is left only the hashes are kept, sorted: a tenth of the memory of a dictionary. Two
    that are equal by chance are told apart by their `distance`, as are words with too many slips.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(set(words))
        self._known = frozenset(self._words)
        self._shortened = array(
            "Q",
            sorted(
                _key(short) | place
                for place, word in enumerate(self._words)
                if SHORTEST_SLIP <= len(word) <= LONGEST_SLIP
                for short in _shorten(word)
            ),
        )

    def near(self, text: str) -> set[str]:
        """Words that may be this one with a letter wrong, missing, added or swapped."""
        found: set[str] = set()
        for short in (text, *_shorten(text)):
            key = _key(short)
            begin = bisect_left(self._shortened, key)
            end = bisect_left(self._shortened, key + _MOST_WORDS, begin)
            found.update(self._words[one - key] for one in self._shortened[begin:end])
            if short in self._known:
                found.add(short)
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


def _key(short: str) -> int:
    """44 bits of its hash, and room for the place of a word."""
    return (hash(short) & (1 << 44) - 1) << 20


def _shorten(word: str) -> set[str]:
    """A word without one of its letters, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}
