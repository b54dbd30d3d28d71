# nosay: names of places
"""Areas of collection, and finding one's own: by the town's name, a postcode or a place.

Names are what cities write: 大島1～2丁目, 榎町(えのまち), 赤松町（9番37号を除く）,
高松第一（松島・築地）花園. Somebody types 大島２丁目, おおじま, えのま or a whole address.
"""

import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from madoguchi.reading import Unreadable, read_postcode

SAME, BEGINS, HOLDS, INSIDE = range(4)
"""How a town fits: its name, the name's beginning, a part of it, or the name inside an address."""
FARTHEST = 2.0
"""Kilometres: a place that is farther from every town of the table is not in the city."""

_KANJI = str.maketrans("一二三四五六七八九", "123456789")
_CHOME = r"[\d一二三四五六七八九十]+"
_CHOMES = re.compile(rf"({_CHOME}(?:[~・、,]{_CHOME})*)(?:丁目|ちょうめ)")
_BRACKET = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_KANA = re.compile(r"[ぁ-ゖー0-9()・ ]+")
# 「1・5丁目」 is one name, 「栗林・太田」 are two.
_TOWNS = re.compile(rf"[・、](?!\d|{_CHOME}(?:[~・、,]{_CHOME})*丁目)")
_ADDRESS_TAIL = re.compile(r"\d[\d番地号の-]*$")


@dataclass(frozen=True, slots=True)
class Area:
    """An area with one calendar."""

    key: str
    """Stable as long as the city keeps the name; unique in the city."""
    name: str
    group: str = ""
    """What stands above it: a ward, an old town, the first level of `area_master.csv`."""
    reading: str = ""
    centre: str = ""
    """Whose closures count (`center.csv`)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An area that may be meant."""

    area: Area
    differs: str
    """What tells it apart from the other candidates; the whole name if nothing is shared."""
    kilometres: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The best candidates, and how many there were in all."""

    candidates: tuple[Candidate, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A town block and where it lies."""

    town: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class _Place:
    """One town of an area's name: its spellings without 丁目, and the 丁目 that are meant."""

    area: Area
    spellings: tuple[str, ...]
    chomes: frozenset[int]


class AreaFinder:
    """The areas of a city, prepared for finding."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self.areas = tuple(areas)
        self._places = [place for area in self.areas for place in _places(area)]
        self._spellings = {one for place in self._places for one in place.spellings}
        self._sorted = sorted(self._spellings)

    def by_name(self, typed: str, most: int = 5) -> Found:
        """Areas whose town begins with what was typed so far, or whose town is in an address."""
        wanted, chomes = _part_chomes(fold_place(typed[:100]))
        if not wanted:
            return Found()
        ranks: dict[Area, tuple[int, int]] = {}
        for place in self._places:
            rank = _rank(place, wanted, chomes)
            if rank is not None:
                ranks[place.area] = min(rank, ranks.get(place.area, rank))
        if not ranks:
            return Found()
        # Who wrote a name or its beginning means none that only holds it; an address, one town.
        best = min(rank for rank, _ in ranks.values())
        if best == INSIDE:
            longest = min(ranks.values())
            ranks = {area: rank for area, rank in ranks.items() if rank == longest}
        elif best == SAME and chomes:
            ranks = {area: rank for area, rank in ranks.items() if rank[0] == SAME}
        elif best <= BEGINS:
            ranks = {area: rank for area, rank in ranks.items() if rank[0] <= BEGINS}
        ordered = sorted(ranks, key=lambda area: ranks[area])
        return Found(_tell_apart(ordered[:most]), len(ordered))

    def may_name(self, typed: str) -> bool:
        """Whether a town begins so, or stands in it: a quick look before `by_name`."""
        text, _ = _part_chomes(fold_place(typed[:40]))
        if not text:
            return False
        near = bisect_left(self._sorted, text)
        if near < len(self._sorted) and self._sorted[near].startswith(text):
            return True
        starts = range(len(text) - 1)
        return any(
            text[at:end] in self._spellings for at in starts for end in range(at + 2, len(text) + 1)
        )

    def by_postcode(self, typed: str, table: Mapping[str, Iterable[str]], most: int = 5) -> Found:
        """Areas of a postcode; `table` is postcode → keys or names of areas."""
        try:
            keys = set(table.get(read_postcode(typed), ()))
        except Unreadable:
            return Found()
        areas = [area for area in self.areas if {area.key, area.name} & keys]
        return Found(_tell_apart(areas[:most]), len(areas))

    def by_place(
        self, latitude: float, longitude: float, points: Iterable[Point], most: int = 3
    ) -> Found:
        """Areas of the towns nearest to a place, nearest first; the middle of a town is no border.

        So the resident is always asked which it is.
        """
        near = sorted(
            ((_kilometres(latitude, longitude, point), point.town) for point in points),
        )
        found: dict[Area, float] = {}
        for kilometres, town in near[: most * 4]:
            if kilometres > FARTHEST or len(found) >= most:
                break
            for candidate in self.by_name(town, most).candidates:
                found.setdefault(candidate.area, kilometres)
        told = _tell_apart(list(found)[:most])
        return Found(
            tuple(Candidate(one.area, one.differs, found[one.area]) for one in told), len(found)
        )


def fold_place(text: str) -> str:
    """One form for widths, katakana, waves and ヶ, without spaces: 「ひばりヶ丘」 is ひばりケ丘."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = (
        re.sub("[〜～∼−–—‐]", "~", text)
        .replace("ヶ", "け")
        .replace("ケ", "け")
        .replace("が丘", "け丘")
    )
    text = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
    return "".join(text.split())


def _places(area: Area) -> Iterable[_Place]:
    name = fold_place(area.name)
    group = fold_place(area.group)
    readings = [fold_place(area.reading)] if area.reading else []
    words = [fold_place(word) for word in area.name.split()]
    inner: list[str] = []
    for bracket in _BRACKET.findall(name):
        if _KANA.fullmatch(bracket):
            readings.append(bracket)
        elif not re.search(r"\d|[側除く外]$|以", bracket):
            inner += bracket.split("・")
    bare = _BRACKET.sub("・", name) if inner else _BRACKET.sub("", name)
    for town in [*filter(None, _TOWNS.split(bare)), *inner]:
        base, chomes = _part_chomes(town)
        spellings = [base, group + base]
        if town == bare:
            spellings += [_part_chomes(reading)[0] for reading in readings]
        if len(words) > 1 and base.startswith(words[0]) and words[0][-1] in "区市町村":
            spellings.append(base.removeprefix(words[0]))
        yield _Place(area, tuple({one: None for one in spellings if one}), chomes)


def _part_chomes(folded: str) -> tuple[str, frozenset[int]]:
    """A name up to its 丁目, and the 丁目: 大島1~2丁目 → 大島, {1, 2}."""
    found = _CHOMES.search(folded)
    if found:
        return folded[: found.start()], frozenset(_numbers(found[1]))
    tail = _ADDRESS_TAIL.search(folded)
    if tail and tail.start():
        first = re.match(r"\d+", tail[0])
        return folded[: tail.start()], frozenset({int(first[0])} if first else ())
    return folded, frozenset()


def _numbers(text: str) -> Iterable[int]:
    for span in re.split("[・、,]", text):
        ends = [_number(one) for one in span.split("~")]
        yield from range(ends[0], min(ends[-1], ends[0] + 99) + 1)


def _number(text: str) -> int:
    text = text.translate(_KANJI)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return int(tens or 1) * 10 + int(ones or 0)
    return int(text)


def _rank(place: _Place, wanted: str, chomes: frozenset[int]) -> tuple[int, int] | None:
    """How well a town fits, lower is better."""
    if chomes and place.chomes and not chomes & place.chomes:
        return None
    if wanted in place.spellings:
        return SAME, 0 if bool(chomes) == bool(place.chomes) else 1
    if begins := [len(one) for one in place.spellings if one.startswith(wanted)]:
        return BEGINS, min(begins)
    if len(wanted) > 1 and (holds := [len(one) for one in place.spellings if wanted in one]):
        return HOLDS, min(holds)
    inside = [len(one) for one in place.spellings if len(one) > 1 and one in wanted]
    return (INSIDE, -max(inside)) if inside else None


def _tell_apart(areas: list[Area]) -> tuple[Candidate, ...]:
    """What differs: the names without what all of them begin with, and the group if it differs."""
    if len({area.group for area in areas}) > 1:
        return tuple(Candidate(area, f"{area.group} {area.name}".strip()) for area in areas)
    names = [_without_readings(area.name) for area in areas]
    if len(set(names)) < len(names):
        names = [f"{area.name}（{area.centre}）" for area in areas]
    shared = _shared_start(names) if len(names) > 1 else ""
    shared = re.sub(r"[\d０-９〜～・]+$|[（(][^）)]*$", "", shared)
    return tuple(
        Candidate(area, name.removeprefix(shared).strip() or name)
        for area, name in zip(areas, names, strict=True)
    )


def _shared_start(names: list[str]) -> str:
    first, last = min(names), max(names)
    same = (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def _without_readings(name: str) -> str:
    return re.sub(r"[（(][ぁ-ゖァ-ヺー0-9０-９（()）・]+[)）]$", "", name)


def _kilometres(latitude: float, longitude: float, point: Point) -> float:
    """Flat distance: exact enough within a city."""
    north = math.radians(point.latitude - latitude)
    east = math.radians(point.longitude - longitude) * math.cos(math.radians(latitude))
    return 6371.0 * math.hypot(north, east)
