"""What differs between two states of some settings: exactly, and in words.

Settings are JSON values. Tables in a list are told apart by the `name`, `key` or `id` that each of
them has; other lists are compared entry by entry.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

KEYS = ("name", "key", "id")


class _Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()
"""What stands where nothing stood, or stands."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two states differ. `before` or `after` is `ABSENT` if it came or went."""

    place: tuple[str, ...]
    before: Any
    after: Any
    is_order: bool = False
    """The same entries stand there in another order; `before` and `after` name them all."""

    def __str__(self) -> str:
        *tables, key = self.place
        at = f"[{'.'.join(tables)}] {key}" if tables else f"[{key}]"
        if self.is_order:
            return f"{at}: the order is now {', '.join(map(str, self.after))}"
        if self.before is ABSENT:
            return f"{at}: added {show(self.after)}"
        if self.after is ABSENT:
            return f"{at}: removed {show(self.before)}"
        return f"{at}: {show(self.before)} → {show(self.after)}"


def show(value: Any) -> str:
    """A value as one writes it, whole."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {show(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(show, value)) + "]"
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def compare(before: Any, after: Any, *place: str) -> list[Difference]:
    """Every difference, in the order of `before`; empty if and only if both are the same."""
    return list(_compare(before, after, place))


def _compare(before: Any, after: Any, place: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _compare(
                before.get(name, ABSENT), after.get(name, ABSENT), (*place, str(name))
            )
    elif isinstance(before, list) and isinstance(after, list):
        key = _key_of([*before, *after])
        if key and _are_unique(before, key) and _are_unique(after, key):
            yield from _compare_keyed(before, after, key, place)
        else:
            yield from _compare_entries(before, after, place)
    elif not _is_same(before, after):
        yield Difference(place, before, after)


def _compare_keyed(
    before: Sequence[Any], after: Sequence[Any], key: str, place: tuple[str, ...]
) -> Iterator[Difference]:
    old, new = ({_name(one, key): one for one in state} for state in (before, after))
    *tables, last = place or ("",)
    for name in [*old, *(name for name in new if name not in old)]:
        entry = (*tables, f"{last} {name}")
        yield from _compare(old.get(name, ABSENT), new.get(name, ABSENT), entry)
    kept = [name for name in old if name in new] + [name for name in new if name not in old]
    if kept != list(new):
        yield Difference(place, kept, list(new), is_order=True)


def _compare_entries(
    before: Sequence[Any], after: Sequence[Any], place: tuple[str, ...]
) -> Iterator[Difference]:
    *tables, last = place or ("",)
    texts = [[json.dumps(one, sort_keys=True) for one in state] for state in (before, after)]
    for kind, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        pairs = min(b - a, d - c) if kind == "replace" else 0
        for n in range(pairs):
            entry = (*tables, f"{last} no. {a + n + 1}")
            yield from _compare(before[a + n], after[c + n], entry)
        if kind != "equal":
            for n in range(a + pairs, b):
                yield Difference((*tables, f"{last} no. {n + 1}"), before[n], ABSENT)
            for n in range(c + pairs, d):
                yield Difference((*tables, f"{last} no. {n + 1}"), ABSENT, after[n])


def _key_of(entries: Sequence[Any]) -> str | None:
    """The key that tells tables apart: all entries are tables and have it, as a text."""
    return next(
        (
            key
            for key in KEYS
            if entries
            and all(isinstance(one, Mapping) and isinstance(one.get(key), str) for one in entries)
        ),
        None,
    )


def _name(entry: Any, key: str) -> str:
    return show(entry[key])


def _are_unique(entries: Sequence[Any], key: str) -> bool:
    return len({one[key] for one in entries}) == len(entries)


def _is_same(before: Any, after: Any) -> bool:
    """JSON's sameness: 1 is neither true nor 1.0."""
    return type(before) is type(after) and bool(before == after)
