# nosay: what is said here, staff read
"""What a list would change: entries that come, go, or say something else."""

from collections.abc import Sequence
from dataclasses import dataclass

from madoguchi_garbage_bot.dictionary import Dictionary, Entry

WORDS = {
    "name": "品名",
    "category": "分別区分",
    "note": "注意点",
    "fee": "料金",
    "reading": "読み",
    "synonyms": "別の言い方",
    "texts": "ほかの言語",
}
"""What an entry says, in the order in which it is compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that says something else: `what` changes, from `before` to `after`."""

    old: Entry
    new: Entry

    @property
    def parts(self) -> list[tuple[str, str, str]]:
        """What changes: its word, before, after."""
        return [
            (words, _show(getattr(self.old, name)), _show(getattr(self.new, name)))
            for name, words in WORDS.items()
            if getattr(self.old, name) != getattr(self.new, name)
        ]


@dataclass(frozen=True, slots=True)
class Difference:
    """What comes, goes and changes, each in the order of its list; `same` stay."""

    added: tuple[Entry, ...] = ()
    removed: tuple[Entry, ...] = ()
    changed: tuple[Change, ...] = ()
    same: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether residents would read the same."""
        return not (self.added or self.removed or self.changed)


def compare(live: Dictionary, new: Dictionary) -> Difference:
    """What changes if `new` takes the place of `live`.

    The number of a row says nothing: entries are the same if they say the same, then if they have
    one name and category, then one name; a name that is several times there is paired in order.
    """
    left, right = list(live.entries), list(new.entries)
    pairs: list[tuple[Entry, Entry]] = []
    for key in (_all_of, _named_of, _name_of):
        left, right = _pair(left, right, key, pairs)
    order = {id(entry): place for place, entry in enumerate(new.entries)}
    changed = [Change(old, one) for old, one in pairs if _all_of(old) != _all_of(one)]
    changed.sort(key=lambda one: order[id(one.new)])
    return Difference(tuple(right), tuple(left), tuple(changed), len(pairs) - len(changed))


def _pair(
    left: Sequence[Entry], right: Sequence[Entry], key: object, pairs: list[tuple[Entry, Entry]]
) -> tuple[list[Entry], list[Entry]]:
    """Pair what has the same key; what is left on both sides."""
    waiting: dict[object, list[Entry]] = {}
    for entry in reversed(left):
        waiting.setdefault(key(entry), []).append(entry)  # type: ignore[operator]
    alone = []
    for entry in right:
        if found := waiting.get(key(entry)):  # type: ignore[operator]
            pairs.append((found.pop(), entry))
        else:
            alone.append(entry)
    kept = {id(entry) for found in waiting.values() for entry in found}
    return [entry for entry in left if id(entry) in kept], alone


def _all_of(entry: Entry) -> object:
    parts = [getattr(entry, name) for name in WORDS]
    return tuple(tuple(sorted(one.items())) if isinstance(one, dict) else one for one in parts)


def _named_of(entry: Entry) -> object:
    return entry.name, entry.category


def _name_of(entry: Entry) -> object:
    return entry.name


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return "、".join(map(str, value))
    if isinstance(value, dict):
        return "、".join(f"{key}: {text}" for key, text in sorted(value.items()))
    return str(value)
