"""Questions that mean the same, together: the way they are written, read, or mistyped."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.folding import fold, is_kana, soften
from madoguchi_garbage_bot.phrases import read_phrase, take_bracket
from madoguchi_garbage_bot.questions import monday_of
from madoguchi_garbage_bot.readings import Read
from madoguchi_garbage_bot.search import Search
from madoguchi_garbage_bot.slips import distance

SHORTEST = 4
"""Letters from which one slip still is the same word."""
SHORTEST_READING = 3
LIKELY = 0.42
"""From here on a proposal says that a question was about garbage at all."""
ELSEWHERE = "elsewhere"
"""The kind of a question that no plugin claimed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: `id` is 0 for one that is kept elsewhere."""

    id: int
    at: datetime
    text: str
    kind: str
    entry: str = ""


@dataclass(slots=True)
class Group:
    """Questions about one thing."""

    words: Counter[str] = field(default_factory=Counter)
    """What the thing was called, and how often."""
    weeks: Counter[date] = field(default_factory=Counter)
    """How often in which week, by its Monday."""
    kinds: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    """Ids of entries that were called wrong."""
    texts: Counter[str] = field(default_factory=Counter)
    """The whole questions."""
    numbers: list[int] = field(default_factory=list)

    @property
    def word(self) -> str:
        """What it was called most often."""
        return self.words.most_common(1)[0][0]

    @property
    def count(self) -> int:
        """How often it was asked."""
        return self.words.total()

    @property
    def is_ours(self) -> bool:
        """Whether any of it was put to this plugin."""
        return self.kinds.total() > self.kinds[ELSEWHERE]


def group(questions: Iterable[Asked], read: Read) -> list[Group]:
    """The groups, the most frequent first; 10,000 different questions take a second."""
    named: dict[str, list[tuple[str, Asked]]] = {}
    for one in questions:
        thing = name_thing(one.text)
        named.setdefault(soften(fold(thing)) or thing, []).append((thing, one))
    heads = _Heads(read)
    groups: dict[str, Group] = {}
    for form in sorted(named, key=lambda one: (-len(named[one]), one)):
        head = heads.find(form, named[form][0][0])
        _put(groups.setdefault(head, Group()), named[form])
    return sorted(groups.values(), key=lambda one: (-one.count, one.word))


@lru_cache(maxsize=20_000)
def name_thing(text: str) -> str:
    """What a question is about: 「傘の捨て方」 is about 傘."""
    return read_phrase(take_bracket(text)[0]).thing or text.strip()


def propose(search: Search, group: Group, most: int = 3) -> list[tuple[Entry, float]]:
    """What the group may mean, the likeliest first; never what residents called wrong."""
    best: dict[str, tuple[Entry, float]] = {}
    for text, _ in group.words.most_common(3):
        for entry, sure in search.rank(text, most + len(group.entries)):
            if entry.id not in group.entries and sure > best.get(entry.id, (entry, 0.0))[1]:
                best[entry.id] = (entry, sure)
    return sorted(best.values(), key=lambda one: -one[1])[:most]


def is_open(search: Search, group: Group, ignored: set[str]) -> bool:
    """Whether it still needs a person: a list or a word may answer it since."""
    word = group.word
    if soften(fold(word)) in ignored:
        return False
    if group.kinds["wrong"]:
        return not search.is_taught(word)
    return not search.ask(word).sure


def _put(group: Group, found: Sequence[tuple[str, Asked]]) -> None:
    for thing, one in found:
        group.words[thing] += 1
        group.texts[one.text] += 1
        group.weeks[monday_of(one.at)] += 1
        group.kinds[one.kind] += 1
        if one.kind == "wrong" and one.entry:
            group.entries[one.entry] += 1
        if one.id:
            group.numbers.append(one.id)


class _Heads:
    """The most frequent form of each group, found by whatever else is the same word."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._heads: dict[str, str] = {}
        self._near: dict[str, list[str]] = {}
        self._readings: dict[str, list[tuple[str, str]]] = {}

    def find(self, form: str, word: str) -> str:
        """The head that a form belongs to: itself, if it is like none before."""
        reading = form if is_kana(form) else soften(next(self._read(word), ""))
        head = (
            self._heads.get(form)
            or self._find_read(reading, form)
            or next((one for one in self._alike(form) if distance(form, one, 1) < 2), form)
        )
        if head == form:
            self._heads[form] = form
            for key in _keys(form):
                self._near.setdefault(key, []).append(form)
        if len(reading) >= SHORTEST_READING:
            self._readings.setdefault(reading, []).append((form, head))
        return head

    def _find_read(self, reading: str, form: str) -> str | None:
        """Kana and kanji of one word; other kanji only if they share one: 橋 is no 箸."""
        for other, head in self._readings.get(reading, ()):
            if is_kana(form) or is_kana(other) or _kanji(form) & _kanji(other):
                return head
        return None

    def _alike(self, form: str) -> list[str]:
        return [one for key in _keys(form) for one in self._near.get(key, ())]


def _keys(form: str) -> list[str]:
    """A form, and it without one of its letters: two words one slip apart share such a key."""
    if len(form) < SHORTEST or len(form) > 40:
        return []
    return [form, *(form[:place] + form[place + 1 :] for place in range(len(form)))]


def _kanji(text: str) -> set[str]:
    return {letter for letter in text if "一" <= letter <= "鿿"}
