# nosay: letters and words that are compared
"""The names of a list under every key by which they are asked for."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import log

from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.folding import (
    VOICELESS,
    as_written,
    clean,
    drop_okurigana,
    fold,
    is_kana,
    soften,
)
from madoguchi_garbage_bot.names import Name, take_apart
from madoguchi_garbage_bot.readings import Read

WEIGHTS = (1.0, 0.98, 0.92)
BLUR_SHORT = 0.83
ALIAS, JOINED, READ, HOMOPHONE = 0.84, 0.95, 0.99, 0.55
_SHORTEST_BLUR = 3
_LOOKED_AT = 7
_COMMON = 150
"""A pair of letters in more names than this tells nothing."""

Hits = dict[int, float]
"""How sure it is that an entry (its place in the list) was meant."""


class Index:
    """Entries by what they are called; built once, then only read."""

    def __init__(self, entries: Iterable[Entry], read: Read) -> None:
        self.entries = tuple(entries)
        self.names: list[Name] = [take_apart(entry.name) for entry in self.entries]
        self._read = read
        self._first_reading = lru_cache(maxsize=256)(lambda text: next(read(text), ""))
        self.soft_names = [soften(fold(entry.name)) for entry in self.entries]
        self._keys: tuple[dict[str, Hits], ...] = ({}, {}, {})
        self._bare: dict[str, Hits] = {}
        self._read_as: tuple[dict[str, Hits], ...] = ({}, {}, {})
        for place, (entry, name) in enumerate(zip(self.entries, self.names, strict=True)):
            self._enter(place, entry, name)
        self.words = {*self._keys[1], *self._read_as[1]}
        self._forwards = sorted(self.words)
        self._backwards = sorted(word[::-1] for word in self._forwards)
        self._pairs: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self._forwards):
            for pair in set(_pairs(word)):
                self._pairs[pair].append(place)
        self._rare = log(1 + len(self._forwards))
        self._weights = {
            pair: log(1 + len(self._forwards) / (1 + len(places)))
            for pair, places in self._pairs.items()
        }
        self._sizes = [
            sum(map(self._weights.__getitem__, set(_pairs(word)))) for word in self._forwards
        ]

    def find(self, text: str) -> Hits:
        """Entries called so, by the shallowest key that finds a name and no mere alias."""
        found: Hits = {}
        folded = fold(text)
        for hits in self._find_each(text, folded):
            for place, sure in hits.items():
                found[place] = max(found.get(place, 0.0), sure)
            if max(found.values(), default=0) > ALIAS:
                break
        return found

    def _find_each(self, text: str, folded: str) -> Iterator[Hits]:
        soft = soften(folded)
        yield self._at(0, folded)
        yield _times(self._at(1, soft), WEIGHTS[1])
        if bare := drop_okurigana(clean(text)):
            yield _times(self._bare.get(bare, {}), 0.93)
        yield self._find_by_reading(text, folded)
        if len(soft) >= _SHORTEST_BLUR:
            weight = WEIGHTS[2] if len(soft) > _SHORTEST_BLUR + 1 else BLUR_SHORT
            yield _times(self._at(2, soft.translate(VOICELESS)), weight)

    def reading(self, text: str) -> str:
        """The likeliest reading, empty without an analyser."""
        return self._first_reading(text)

    def at(self, softened: str) -> Hits:
        """The entries of a softened key."""
        return self._at(1, softened)

    def starting(self, softened: str) -> list[str]:
        """Keys that begin with this one, the shortest first."""
        return sorted(_range(self._forwards, softened), key=len)

    def ending(self, softened: str) -> list[str]:
        """Keys that end with this one, the shortest first."""
        return sorted((word[::-1] for word in _range(self._backwards, softened[::-1])), key=len)

    def alike(self, softened: str, most: int, least: float) -> list[tuple[str, float]]:
        """Keys that share pairs of letters, with the share (`least` to 1) of what both have."""
        pairs = set(_pairs(softened))
        known = sorted(
            (one for one in pairs if one in self._pairs), key=lambda one: len(self._pairs[one])
        )
        shared: dict[int, float] = {}
        for pair in known[:_LOOKED_AT]:
            places = self._pairs[pair]
            if len(places) > _COMMON:
                break
            weight = self._weights[pair]
            for place in places:
                shared[place] = shared.get(place, 0.0) + weight
        whole = sum(self._weights.get(pair, self._rare) for pair in pairs)
        found = [
            (self._forwards[one], 2 * sum_ / (whole + self._sizes[one]))
            for one, sum_ in shared.items()
            if 2 * sum_ >= least * (whole + self._sizes[one])
        ]
        return sorted(found, key=lambda one: -one[1])[:most]

    def _enter(self, place: int, entry: Entry, name: Name) -> None:
        ways = [(term, 1.0 - 0.01 * bool(number)) for number, term in enumerate(name.terms)]
        ways += [(alias, ALIAS) for alias in (*name.aliases, *entry.synonyms)]
        ways += [(joined, JOINED) for joined in name.joined]
        ways += [(text, 0.97) for key, text in entry.texts.items() if key.startswith("name.")]
        if entry.name not in name.terms:
            self._put(self._keys, entry.name, place, 1.0)
        for term, sure in ways:
            self._put(self._keys, term, place, sure)
            for joint in "の用":
                if joint in term[1:-1]:
                    self._put(self._keys, term.replace(joint, ""), place, sure - 0.02)
            if bare := drop_okurigana(clean(term)):
                _put(self._bare, bare, place, sure)
            if sure > JOINED and not is_kana(fold(term)):
                for reading in self._read(term):
                    self._put(self._read_as, reading, place, sure * READ)
        reading = take_apart(entry.reading).terms[:1]
        if len(entry.reading) > 1 and reading and is_kana(fold(reading[0])):
            self._put(self._read_as, reading[0], place, READ * READ)

    def _put(self, keys: tuple[dict[str, Hits], ...], term: str, place: int, sure: float) -> None:
        folded = fold(term)
        soft = soften(folded)
        for depth, key in enumerate((folded, soft, soft.translate(VOICELESS))):
            _put(keys[depth], key, place, sure)
        _put(keys[1], soften(as_written(term)), place, sure)

    def _at(self, depth: int, key: str) -> Hits:
        surface, read = self._keys[depth].get(key), self._read_as[depth].get(key)
        if surface and read:
            return {**read, **surface}
        return surface or read or {}

    def _find_by_reading(self, text: str, folded: str) -> Hits:
        """Kanji for kana, and kanji for other kanji if they share one: 扇風気 for 扇風機."""
        if is_kana(folded):
            return {}
        kanji = {one for one in text if "一" <= one <= "鿿"}
        if reading := self.reading(text):
            key = soften(reading)
            hits = {place: sure * 0.95 for place, sure in self._keys[1].get(key, {}).items()}
            for place, sure in self._read_as[1].get(key, {}).items():
                shared = kanji & set(self.entries[place].name)
                hits.setdefault(place, sure * (0.9 if shared and len(key) > 2 else HOMOPHONE))
            return hits
        return {}


def _times(hits: Hits, weight: float) -> Hits:
    return {place: sure * weight for place, sure in hits.items()}


def _put(keys: dict[str, Hits], key: str, place: int, sure: float) -> None:
    if key:
        hits = keys.setdefault(key, {})
        hits[place] = max(sure, hits.get(place, 0.0))


def _range(words: list[str], start: str) -> list[str]:
    if not start:
        return []
    begin = bisect_left(words, start)
    return words[begin : bisect_left(words, start + "\U0010ffff", begin)]


def _pairs(word: str) -> list[str]:
    padded = f"^{word}$"
    return [padded[place : place + 2] for place in range(len(padded) - 1)]
