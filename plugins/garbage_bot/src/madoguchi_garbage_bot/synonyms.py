"""Other words for the same thing: a general table of ours, and what staff add to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files

from madoguchi_garbage_bot.folding import fold, soften

SAME, KIND = 0.9, 0.85
"""How sure a synonym is, and how sure a brand or a kind of something is."""
_MOST = 60
"""Texts that are tried for one question."""
_SHORTEST = 2


@dataclass(slots=True)
class Synonyms:
    """What else a word may be called, by the softened word; `parts` only within a longer word."""

    words: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, word: str, target: str, weight: float = SAME) -> None:
        """Let a word lead to a name of the list."""
        self.words.setdefault(soften(fold(word)), []).append((fold(target), weight))

    def find(self, text: str) -> list[tuple[str, float]]:
        """What a whole text is also called, the likeliest first."""
        return self.words.get(soften(fold(text)), [])

    def rewrite(self, text: str) -> Iterator[str]:
        """Folded texts in which one word, or two, are replaced by what they are also called."""
        seen, wave = {fold(text)}, [fold(text)]
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
            wave = following

    def _replace(self, text: str) -> Iterator[str]:
        """The folded text with one word replaced; the longest words first."""
        size = len(text)
        for length in range(size - 1, _SHORTEST - 1, -1):
            for start in (0, size - length) if length < size else (0,):
                word = text[start : start + length]
                key = soften(word)
                others = self.parts.get(key, [])
                if length >= 3 or not word.isascii():
                    others = [*others, *(one for one, _ in self.words.get(key, [])[:4])]
                for other in others:
                    yield text[:start] + other + text[start + length :]
        for word, others in self.parts.items():
            middle = text.find(word, 1)
            if 0 < middle and middle + len(word) < size and len(word) > 1:
                for other in others:
                    yield text[:middle] + other + text[middle + len(word) :]


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
            words = [fold(word) for word in cells[0].split()]
            for word in words:
                others = [one for one in dict.fromkeys(words) if one != word]
                found.parts.setdefault(soften(word), []).extend(others)
    return found


def load_synonyms() -> Synonyms:
    """The general table that ships with the package."""
    table = files(__package__) / "data" / "synonyms.tsv"
    return read_synonyms(table.read_text("utf-8").splitlines())
