# nosay: letters and words that are compared
"""Words that may be others with a slip: letters typed wrong, left out, doubled or swapped."""

import re
from array import array
from bisect import bisect_left, bisect_right
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
    """Known words, found by what is left of them when a letter is missing.

    Of what is left only the hashes are kept, sorted: a tenth of the memory of a dictionary. Two
    that are equal by chance are told apart by their `distance`, as are words with too many slips.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(set(words))
        self._known = frozenset(self._words)
        shortened, places = array("q"), array("i")
        for place, word in enumerate(self._words):
            for short in _shorten(word) if SHORTEST_SLIP <= len(word) <= LONGEST_SLIP else ():
                shortened.append(hash(short))
                places.append(place)
        order = sorted(range(len(shortened)), key=shortened.__getitem__)
        self._shortened = array("q", map(shortened.__getitem__, order))
        self._places = array("i", map(places.__getitem__, order))

    def near(self, text: str) -> set[str]:
        """Words that may be this one with a letter wrong, missing, added or swapped."""
        found: set[str] = set()
        for short in (text, *_shorten(text)):
            sought = hash(short)
            begin = bisect_left(self._shortened, sought)
            end = bisect_right(self._shortened, sought, begin)
            found.update(self._words[place] for place in self._places[begin:end])
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


def _shorten(word: str) -> set[str]:
    """A word without one of its letters, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}
