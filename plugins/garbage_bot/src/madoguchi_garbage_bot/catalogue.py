"""The list as a book: by kana row, by category, and by whatever part of a name is typed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from madoguchi_garbage_bot.days.categories import Category, match_categories
from madoguchi_garbage_bot.dictionary import Dictionary, Entry
from madoguchi_garbage_bot.folding import clean, fold
from madoguchi_garbage_bot.search import Kind, Result, Search
from madoguchi_garbage_bot.things import Thing

ROWS: Mapping[str, tuple[str, str]] = {  # nosay
    "a": ("あ", "ぁ-おゔ"),
    "ka": ("か", "か-ごゕゖ"),
    "sa": ("さ", "さ-ぞ"),
    "ta": ("た", "た-ど"),
    "na": ("な", "な-の"),
    "ha": ("は", "は-ぽ"),
    "ma": ("ま", "ま-も"),
    "ya": ("や", "ゃ-よ"),
    "ra": ("ら", "ら-ろ"),
    "wa": ("わ", "ゎ-ん"),
    "abc": ("A", "a-zà-ỹ0-9"),
}
"""Address → the name of a row, and the letters that it begins with."""
REST = "rest"
"""The row of what has no reading."""
_ROWS = {row: re.compile(f"[{letters}]") for row, (_, letters) in ROWS.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """What a page lists for a text: `sure` is False where it may only have been meant."""

    things: tuple[Thing, ...]
    sure: bool = True


class Catalogue:
    """A list's entries with their categories; made once for a list."""

    def __init__(self, dictionary: Dictionary, described: Mapping[str, Category]) -> None:
        self.dictionary, self.described = dictionary, described
        matched, _ = match_categories(filter(None, dictionary.categories), described)
        self._categories = {kind: described[name] for kind, name in matched.items()}
        places = {category: place for place, category in enumerate(described)}
        self.kinds = tuple(
            sorted(
                filter(None, dictionary.categories),
                key=lambda kind: places.get(matched.get(kind, ""), len(places)),
            )
        )
        """Every category of the list, as `description.csv` has them; its place is its number."""
        self._folded = [tuple(_fold_each(entry)) for entry in dictionary.entries]
        self._rows = [_find_row(entry) for entry in dictionary.entries]

    def see(self, entry: Entry) -> Thing:
        """An entry as residents see it."""
        return Thing(entry, self._categories.get(entry.category))

    def category_of(self, kind: str) -> Category | None:
        """What the city says of a category of the list."""
        return self._categories.get(kind)

    def find_kind(self, text: str) -> int | None:
        """The number of the category that a text names."""
        wanted = fold(text)
        return next((n for n, kind in enumerate(self.kinds) if fold(kind) == wanted), None)

    @property
    def rows(self) -> list[str]:
        """The rows that hold something."""
        held = set(self._rows)
        return [row for row in (*ROWS, REST) if row in held]

    def in_row(self, row: str) -> tuple[Thing, ...]:
        """A row in the order of kana."""
        entries = zip(self.dictionary.entries, self._rows, strict=True)
        return self._see(entry for entry, its in entries if its == row)

    def of_kind(self, kind: str) -> tuple[Thing, ...]:
        """A category in the order of kana."""
        return self._see(entry for entry in self.dictionary.entries if entry.category == kind)

    def find(self, search: Search, text: str) -> Found:
        """What a text names, then what holds it in a name of any language.

        As long as it is typed only parts of names are there: そう is a part of そうじき.
        """
        result = search.ask(text)
        named = _entries_of(result) if result.sure else []
        wanted = set(_write(text))
        holding: list[tuple[int, Entry]] = []
        for entry, names in zip(self.dictionary.entries, self._folded, strict=True):
            places = [name.find(one) for name in names for one in wanted if one in name]
            if places:
                holding.append((min(places), entry))
        holding.sort(key=lambda one: one[0] > 0)
        entries = {entry.id: entry for entry in (*named, *(entry for _, entry in holding))}
        if not entries and result.kind is Kind.GUESS:
            return Found(tuple(map(self.see, result.entries)), sure=False)
        return Found(tuple(map(self.see, entries.values())))

    def _see(self, entries: Iterable[Entry]) -> tuple[Thing, ...]:
        ordered = sorted(entries, key=lambda entry: fold(entry.reading or entry.name))
        return tuple(map(self.see, ordered))


def _entries_of(result: Result) -> list[Entry]:
    if result.kind is Kind.SEVERAL:
        return [entry for part in result.parts for entry in part.entries]
    return list(result.entries)


def _fold_each(entry: Entry) -> Iterable[str]:
    names = (text for key, text in entry.texts.items() if key.startswith("name."))
    for text in (entry.name, entry.reading, *entry.synonyms, *names):
        yield from _write(re.sub("《[^》]*》|｜", "", text))


def _write(text: str) -> Iterable[str]:
    """A text in kana and as it is written: 布 is a part of 布団 only by its letter."""
    return filter(None, dict.fromkeys([fold(text), clean(text).replace(" ", "")]))


def _find_row(entry: Entry) -> str:
    first = fold(entry.reading)[:1] or fold(entry.name)[:1]
    return next((row for row, letters in _ROWS.items() if letters.match(first)), REST)
