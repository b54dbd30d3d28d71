"""How well a list answers questions of which the answers are known.

The questions are a table with the columns `kind`, `query`, `expect`, `item_ids`, `item_names`,
`categories` and `ambiguous`, separated by tabs, after a line that begins with #.
"""

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from time import thread_time_ns
from typing import Any

from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.search import Kind, Result, Search

_AND = " && "


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that are each as right, by their numbers and names."""

    ids: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Query:
    """A question and what answers it: an entry of each of `groups`."""

    kind: str
    text: str
    expect: str
    groups: tuple[Group, ...]
    categories: frozenset[str]
    ambiguous: bool

    @property
    def names(self) -> frozenset[str]:
        """Every name that would be right."""
        return frozenset().union(*(group.names for group in self.groups))


@dataclass(slots=True)
class Tally:
    """The figures of one kind of question."""

    items: int = 0
    top1: int = 0
    top3: int = 0
    guessed: int = 0
    ambiguous: int = 0
    offered: int = 0
    silent: int = 0
    false: int = 0
    marked: int = 0
    times: list[float] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another kind's as well."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def figures(self) -> dict[str, Any]:
        """Shares of 1, and times in milliseconds; `None` where nothing was asked."""
        return {
            "n": len(self.times),
            "top1": _share(self.top1, self.items),
            "top3": _share(self.top3, self.items),
            "guessed": _share(self.guessed, self.items),
            "false": _share(self.false, self.silent),
            "marked": _share(self.marked, self.silent),
            "ambiguous": _share(self.offered, self.ambiguous),
            "p50_ms": _at(self.times, 0.5),
            "p95_ms": _at(self.times, 0.95),
        }


@dataclass(frozen=True, slots=True)
class Miss:
    """A question that was not answered as expected, and what was said."""

    query: Query
    result: Result


def read_queries(text: str) -> list[Query]:
    """The questions of a file. Raises `ValueError` in words if a column is missing."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("#")]
    header = lines[0].split("\t") if lines else []
    missing = [one for one in ("kind", "query", "expect") if one not in header]
    if missing:
        raise ValueError(f"the questions have no column {', '.join(missing)}")
    return [_read(dict(zip(header, line.split("\t"), strict=False))) for line in lines[1:]]


def evaluate(search: Search, queries: Iterable[Query]) -> tuple[dict[str, Tally], list[Miss]]:
    """Ask every question; the figures per kind, and what went wrong.

    Times are this thread's own: what else the machine does is not measured.
    """
    tallies: dict[str, Tally] = {}
    misses = []
    search.ask("")
    gc.collect()
    gc.freeze()  # or the first full collection walks through the whole index
    for query in queries:
        begin = thread_time_ns()
        result = search.ask(query.text)
        tally = tallies.setdefault(query.kind, Tally())
        tally.times.append((thread_time_ns() - begin) / 1e6)
        if not _score(query, result, tally):
            misses.append(Miss(query, result))
    gc.unfreeze()
    return tallies, misses


def sum_up(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """The whole: what the command prints as its last line."""
    whole = Tally()
    for tally in tallies.values():
        whole.add(tally)
    figures = whole.figures()
    kinds = {kind: tally.figures() for kind, tally in tallies.items()}
    return {**{key: figures[key] for key in figures if key != "n"}, "kinds": kinds}


def _score(query: Query, result: Result, tally: Tally) -> bool:
    if query.expect in ("notfound", "other"):
        tally.silent += 1
        tally.false += result.sure
        tally.marked += result.kind is Kind.GUESS
        return not result.sure
    tally.items += 1
    if query.expect == "all":
        said = [entry for part in result.parts or (result,) for entry in part.entries[:3]]
        right = all(any(_fits(query, entry, one) for entry in said) for one in query.groups)
        tally.top1 += right
        tally.top3 += right
        return right
    ranked = rank(result)
    top1 = any(_fits(query, entry, query.groups[0]) for entry in ranked[:1])
    top3 = any(_fits(query, entry, query.groups[0]) for entry in ranked[:3])
    tally.top1 += top1
    tally.top3 += top3
    tally.guessed += result.kind is Kind.GUESS
    if query.ambiguous:
        shown = len({entry.category for entry in ranked}) > 1 and result.kind is not Kind.ANSWER
        tally.ambiguous += 1
        tally.offered += shown
        return top1 and shown
    return top1


def rank(result: Result) -> list[Entry]:
    """The entries a result shows, in the order in which they are seen."""
    return list(result.entries)


def _fits(query: Query, entry: Entry, group: Group) -> bool:
    """Whether an entry is one of the wanted; a list without numbers is known by its names."""
    if not group.names:
        return entry.id in group.ids
    named = entry.name in group.names
    return named and (
        entry.id in group.ids or not query.categories or entry.category in query.categories
    )


def _read(row: Mapping[str, str]) -> Query:
    ids = row.get("item_ids", "").split(_AND)
    names = row.get("item_names", "").split(_AND)
    return Query(
        kind=row["kind"],
        text=row["query"],
        expect=row["expect"],
        groups=tuple(
            Group(frozenset(_split(one)), frozenset(map(_plain, _split(other))))
            for one, other in zip_longest(ids, names, fillvalue="")
        ),
        categories=frozenset(_split(row.get("categories", "").replace(_AND, "|"))),
        ambiguous=row.get("ambiguous", "").strip() == "1",
    )


def _split(cell: str) -> list[str]:
    return [one.strip() for one in cell.split("|") if one.strip()]


def _plain(name: str) -> str:
    return " ".join(name.replace("／", "|").split())


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _at(times: list[float], share: float) -> float | None:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3) if ordered else None
