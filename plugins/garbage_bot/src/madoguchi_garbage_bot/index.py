"""The names of a list under every key by which they are asked for."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import log

from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.folding import blur, clean, drop_okurigana, fold, is_kana, soften
from madoguchi_garbage_bot.names import Name, take_apart
from madoguchi_garbage_bot.readings import Read

DEPTHS = (fold, lambda text: soften(fold(text)), lambda text: blur(fold(text)))
WEIGHTS = (1.0, 0.98, 0.92)
ALIAS, READ, HOMOPHONE = 0.84, 0.99, 0.55
_SHORTEST_BLUR = 3
_BIGRAMS_LOOKED_AT = 12
_COMMON = 400
"""A pair of characters in more names than this tells nothing."""

Hits = dict[int, float]
"""How sure it is that an entry (its place in the list) was meant."""


class Index:
    """Entries by what they are called; built once, then only read."""

    def __init__(self, entries: Iterable[Entry], read: Read) -> None:
        self.entries = tuple(entries)
        self.names: list[Name] = [take_apart(entry.name) for entry in self.entries]
        self.read = read
        self._keys: tuple[dict[str, Hits], ...] = ({}, {}, {})
        self._bare: dict[str, Hits] = {}
        self._read_as: tuple[dict[str, Hits], ...] = ({}, {}, {})
        for place, (entry, name) in enumerate(zip(self.entries, self.names, strict=True)):
            self._enter(place, entry, name)
        self._forwards = sorted(self._words())
        self._backwards = sorted(word[::-1] for word in self._forwards)
        self._pairs: dict[str, list[str]] = defaultdict(list)
        for word in self._forwards:
            for pair in _pairs(word):
                self._pairs[pair].append(word)
        self._weights = {
            pair: log(1 + len(self._forwards) / len(words)) for pair, words in self._pairs.items()
        }

    def find(self, text: str) -> Hits:
        """Entries called so, by the shallowest depth that finds any."""
        for depth, weight in enumerate(WEIGHTS):
            key = DEPTHS[depth](text)
            if depth == 2 and len(key) < _SHORTEST_BLUR:
                break
            if hits := self._at(depth, key):
                return {place: sure * weight for place, sure in hits.items()}
        bare = drop_okurigana(clean(text))
        if bare and (hits := self._bare.get(bare)):
            return {place: sure * 0.93 for place, sure in hits.items()}
        return self._find_by_reading(text)

    def find_soft(self, folded: str) -> Hits:
        """The same for a folded text, without looking for readings."""
        return self._at(1, soften(folded))

    def starting(self, folded: str) -> list[str]:
        """Keys that begin with this one, the shortest first."""
        return sorted(_range(self._forwards, folded), key=len)

    def ending(self, folded: str) -> list[str]:
        """Keys that end with this one, the shortest first."""
        return sorted((word[::-1] for word in _range(self._backwards, folded[::-1])), key=len)

    def at(self, word: str) -> Hits:
        """The entries of a key."""
        return self._at(0, word)

    def similar(self, folded: str, most: int) -> list[tuple[str, float]]:
        """Keys that share pairs of characters, with the share (0-1) that they share."""
        pairs = set(_pairs(folded))
        known = sorted((p for p in pairs if p in self._weights), key=self._weights.__getitem__)
        shared: Counter[str] = Counter()
        for pair in known[-_BIGRAMS_LOOKED_AT:]:
            if len(self._pairs[pair]) <= _COMMON:
                for word in self._pairs[pair]:
                    shared[word] += self._weights[pair]
        whole = sum(self._weights.get(pair, 8.0) for pair in pairs)
        found = [
            (word, 2 * weight / (whole + sum(self._weights[pair] for pair in set(_pairs(word)))))
            for word, weight in shared.most_common(most)
        ]
        return sorted(found, key=lambda one: -one[1])

    def _enter(self, place: int, entry: Entry, name: Name) -> None:
        ways = [(term, 1.0 - 0.01 * bool(number)) for number, term in enumerate(name.terms)]
        ways += [(alias, ALIAS) for alias in (*name.aliases, *entry.synonyms)]
        ways += [(text, 0.97) for key, text in entry.texts.items() if key.startswith("name.")]
        for term, sure in ways:
            self._put(self._keys, term, place, sure)
            if "の" in term:
                self._put(self._keys, term.replace("の", ""), place, sure - 0.02)
            if bare := drop_okurigana(clean(term)):
                _put(self._bare, bare, place, sure)
            if not is_kana(fold(term)):
                for reading in self.read(term):
                    self._put(self._read_as, reading, place, sure * READ)
        reading = take_apart(entry.reading).terms[:1]
        if len(entry.reading) > 1 and reading and is_kana(fold(reading[0])):
            self._put(self._read_as, reading[0], place, READ * READ)

    def _put(self, keys: tuple[dict[str, Hits], ...], term: str, place: int, sure: float) -> None:
        for depth, fold_to in enumerate(DEPTHS):
            _put(keys[depth], fold_to(term), place, sure)

    def _at(self, depth: int, key: str) -> Hits:
        surface, read = self._keys[depth].get(key), self._read_as[depth].get(key)
        return {**(read or {}), **(surface or {})}

    def _find_by_reading(self, text: str) -> Hits:
        """Kanji for kana, and kanji for other kanji if they share one: 扇風気 for 扇風機."""
        if is_kana(fold(text)):
            return {}
        kanji = {one for one in text if "一" <= one <= "鿿"}
        for reading in self.read(text):
            key = soften(reading)
            hits = {place: sure * 0.95 for place, sure in self._keys[1].get(key, {}).items()}
            for place, sure in self._read_as[1].get(key, {}).items():
                shared = kanji & set(self.entries[place].name)
                hits.setdefault(place, sure * (0.9 if shared and len(key) > 2 else HOMOPHONE))
            if hits:
                return hits
        return {}

    def _words(self) -> Iterator[str]:
        for keys in (self._keys[0], self._read_as[0]):
            yield from keys


def _put(keys: dict[str, Hits], key: str, place: int, sure: float) -> None:
    if key:
        hits = keys.setdefault(key, {})
        hits[place] = max(sure, hits.get(place, 0.0))


def _range(words: list[str], start: str) -> list[str]:
    begin = bisect_left(words, start)
    return words[begin : bisect_left(words, start + "\U0010ffff", begin)]


def _pairs(word: str) -> list[str]:
    padded = f"^{soften(word)}$"
    return [padded[place : place + 2] for place in range(len(padded) - 1)]
