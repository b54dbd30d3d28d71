"""Other words for the same thing: a general table of ours, and what staff add to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files

from madoguchi_garbage_bot.folding import fold, soften

SAME, KIND, FAR = 0.9, 0.85, 0.95
"""How sure a synonym is, and a brand or a kind of something; and what a second step costs.

A synonym's synonym is still an answer; a kind of a synonym is a guess (蓋, キャップ, 帽子).
"""
_MOST, _WAVE = 40, 10
"""Texts that are tried for one question, and those in which a second word is replaced."""
_LONGEST = 12
"""Letters of a word that is looked for within a longer one."""
_FIRST = 5
"""Of many words, those that are tried as parts of a longer one."""


@dataclass(slots=True)
class Synonyms:
    """What else a word may be called, all softened; `parts` only within a longer word."""

    words: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, word: str, target: str, weight: float = SAME) -> None:
        """Let a word lead to a name of the list."""
        self.words.setdefault(soften(fold(word)), []).append((soften(fold(target)), weight))

    def find(self, softened: str) -> Iterator[tuple[str, float]]:
        """What a whole text is also called, the likeliest first, then what that is called."""
        near = self.words.get(softened, [])
        yield from near
        for word, weight in near[:_FIRST]:
            for other, more in self.words.get(word, [])[:_FIRST]:
                yield other, weight * more * FAR

    def rewrite(self, softened: str) -> Iterator[str]:
        """Softened texts in which one word, or two, are replaced by what they are also called."""
        seen, wave = {softened}, [softened]
        for _ in range(2):
            following = []
            for one in wave:
                for other in self._replace(one):
                    if other not in seen:
                        if len(seen) > _MOST:
                            return
                        seen.add(other)
                        following.append(other)
                        yield other
            wave = following[:_WAVE]

    def _replace(self, text: str) -> Iterator[str]:
        """The text with one word replaced: at its beginning, its end, or after a の."""
        size = len(text)
        cuts = [place + 1 for place, letter in enumerate(text) if letter == "の"]
        spans = {
            (start, end)
            for start in (0, *cuts)
            for end in range(start + 2, min(size, start + _LONGEST) + 1)
        }
        spans |= {
            (start, end)
            for end in (size, *(cut - 1 for cut in cuts))
            for start in range(max(0, end - _LONGEST), end - 1)
        }
        spans.discard((0, size))
        known = [
            span
            for span in spans
            if (word := text[span[0] : span[1]]) in self.words or word in self.parts
        ]
        for start, end in sorted(known, key=lambda one: (one[0] - one[1], one)):
            word = text[start:end]
            others = self.parts.get(word, [])
            if near := self.words.get(word):
                others = [*others, *(one for one, _ in near[:_FIRST])]
            for other in others:
                yield text[:start] + other + text[end:]


def read_synonyms(lines: Iterable[str]) -> Synonyms:
    """The table of `data/synonyms.tsv`."""
    found = Synonyms()
    for line in lines:
        kind, *cells = line.rstrip("\n").split("\t")
        if kind == "same":
            words = cells[0].split()
            for word in words:
                for target in words:
                    if target != word:
                        found.add(word, target)
        elif kind == "is":
            for word in cells[1].split():
                for target in cells[0].split():
                    found.add(word, target, KIND)
        elif kind == "part":
            words = [soften(fold(word)) for word in cells[0].split()]
            for word in words:
                others = [one for one in dict.fromkeys(words) if one != word]
                found.parts.setdefault(word, []).extend(others)
    for targets in found.words.values():
        targets.sort(key=lambda one: -one[1])
    return found


def load_synonyms() -> Synonyms:
    """The general table that ships with the package."""
    table = files(__package__) / "data" / "synonyms.tsv"
    return read_synonyms(table.read_text("utf-8").splitlines())
