"""Who gets a delivery, among a million: the count while staff edit, and the freeze at the start."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from bench import postgres, residents
from bench.report import Report, middle
from bench.settings import Settings
from madoguchi import Criteria, migrations
from madoguchi.forms.profile import write_profile
from madoguchi.store import Store, open_store
from madoguchi.tables import meta
from madoguchi_segment.audiences import (
    Condition,
    count,
    explain,
    read_condition,
    stream_ids,
)
from madoguchi_segment.audiences.compiling import open_compiler
from madoguchi_segment.audiences.tables import index
from madoguchi_segment.criteria import build_fields
from madoguchi_segment.models import MODELS
from madoguchi_segment.settings import Settings as SegmentSettings

OURS = migrations.MigrationSet("segment", MODELS.metadata, MODELS.migrations)
NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
PEOPLE, FEW = 1_000_000, 5_000
"""Residents, and residents of a quick run."""
IN_UNIT = 20
"""Chunks of 500 that one unit stores."""
CHANGES = 20
PART = 20
"""The baseline is asked of one resident in so many."""

POPULAR = {"field": "segment/topics", "in": ["city", "disaster", "garbage"]}
HERE = {"field": "segment/area", "in": [f"a{n}" for n in range(12)]}
BABY = {"field": "segment/children", "age": {"from": {"months": 3}, "to": {"months": 6}}}
NESTED = {
    "any": [
        {
            "all": [
                {"field": "segment/area", "in": [f"a{n}", f"a{n + 50}"]},
                {"not": {"field": "segment/age", "in": ["u20"]}},
                {"field": "segment/sex", "in": ["female"]},
            ]
        }
        for n in range(10)
    ]
}
"""The baseline took 50 s for a twentieth of it on PostgreSQL: it is not asked this one."""
CONDITIONS: dict[str, Any] = {
    "全員": {"everyone": True},
    "small: 3 topics, 12 areas, a child of 3 to 6 months": {"all": [POPULAR, HERE, BABY]},
    "area: 1 topic, 12 areas": {"all": [{"field": "segment/topics", "in": ["city"]}, HERE]},
    "large: any of 3 topics": POPULAR,
    "not: neither these topics nor areas": {"not": {"any": [POPULAR, HERE]}},
    "未回答: no area, and a child under 18": {
        "all": [
            {"field": "segment/area", "unanswered": True},
            {"field": "segment/children", "age": {"from": {"years": 0}, "to": {"years": 17}}},
        ]
    },
    "nested: 30 single conditions": NESTED,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured on one database; times in seconds."""

    name: str
    counts: dict[str, tuple[int, list[float], float | None]]
    """Condition → people, times, and the time of the baseline for a part of the residents."""
    explained: list[float]
    frozen: int
    freeze: list[float]
    waited: float
    """The longest that another writer waited meanwhile."""
    changed: tuple[float, float]
    """One answer stored with the index, and without."""
    stale: int
    """Counts that did not show the change before them."""


def run(settings: Settings, report: Report) -> None:
    """Measure SQLite, and PostgreSQL where one is given."""
    os.sched_setaffinity(0, {settings.cores.measured})
    people = FEW if settings.quick else PEOPLE
    found = []
    with _places(settings) as places:
        for name, options in places:
            found.append(asyncio.run(_measure(name, options, people, settings)))
    report.table(
        [
            "condition",
            *(f"{one.name}: {what}" for one in found for what in ("people", "ms", "JSON, ms")),
        ],
        [
            [name, *(cell for one in found for cell in _cells(*one.counts[name]))]
            for name in CONDITIONS
        ],
    )
    report.table(
        [
            "database",
            "count p95 ms",
            "who is left out and why, ms",
            "freeze s",
            "ids",
            "others waited ms",
            "change ms",
            "without index ms",
            "stale",
        ],
        [
            [
                one.name,
                p95(one) * 1000,
                middle(one.explained) * 1000,
                middle(one.freeze),
                one.frozen,
                one.waited * 1000,
                one.changed[0] * 1000,
                one.changed[1] * 1000,
                one.stale,
            ]
            for one in found
        ],
    )
    report.say(
        f"{people:,} residents, 8 % of whom have blocked the account; in one process, warm."
        f" The middle of {_times(settings)} counts; *JSON* is the baseline: the same asked"
        " of each profile as it is stored, of one resident in 20, and multiplied. Freeze: the ids"
        " of any of 3 topics, read in one snapshot and stored as chunks of 500 in units of 20,"
        " while somebody else writes a row 50 times a second and waits so long at most."
        " A change is one answer, stored by itself."
    )
    for one in found:
        report.goal(f"{one.name}: count p95, s", round(p95(one), 3), 1)
        report.goal(f"{one.name}: freeze of 1,000,000, s", round(_per_million(one), 2), 15)
        report.goal(f"{one.name}: stale counts", one.stale, 0)
    report.figures["ratio"] = {one.name: round(_ratio(one), 1) for one in found}


def _ratio(found: Found) -> float:
    """How many times longer the baseline takes, over the conditions that it was asked."""
    asked = [(middle(took), base) for _, took, base in found.counts.values() if base is not None]
    return PART * sum(base for _, base in asked) / sum(took for took, _ in asked)


def p95(found: Found) -> float:
    """Of all counts of all conditions."""
    times = sorted(one for _, took, _ in found.counts.values() for one in took)
    return times[len(times) * 95 // 100]


def _per_million(found: Found) -> float:
    return middle(found.freeze) * max(1.0, PEOPLE / max(found.frozen, 1))


def _cells(people: int, took: list[float], baseline: float | None) -> tuple[object, object, object]:
    shown = "" if baseline is None else baseline * 1000 * PART
    return people, middle(took) * 1000, shown


def _times(settings: Settings) -> int:
    return 2 if settings.quick else 9


@contextlib.contextmanager
def _places(settings: Settings) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="madoguchi-audience-"))
        places: list[tuple[str, dict[str, Any]]] = [
            ("SQLite", {"path": Path(folder) / "main.sqlite"})
        ]
        if settings.postgres:
            url = stack.enter_context(postgres.database(settings.postgres))
            places.append(("PostgreSQL", {"url": url}))
        yield places


async def _measure(name: str, options: dict[str, Any], people: int, settings: Settings) -> Found:
    store = open_store(**options)
    await store.start()
    try:
        await migrations.migrate(store, [migrations.CORE, OURS])
        await store.write(residents.fill, people)
        criteria = _criteria()
        conditions = {k: read_condition(v, criteria) for k, v in CONDITIONS.items()}
        counts = {}
        for label, condition in conditions.items():
            counts[label] = await _count(store, condition, criteria, settings)
        small = next(one for label, one in conditions.items() if label.startswith("small"))
        explained = [await _time(store.read(explain, small, criteria, NOW)) for _ in range(5)]
        large = next(one for label, one in conditions.items() if label.startswith("large"))
        freezes = [await _freeze(store, large, criteria) for _ in range(1 if settings.quick else 3)]
        changed, stale = await _change(store, large, criteria, people)
        bare = await _change_bare(store, people)
        frozen = freezes[0][0]
        return Found(
            name,
            counts,
            [took for _, took in explained],
            frozen,
            [took for _, took, _ in freezes],
            max(waited for _, _, waited in freezes),
            (changed, bare),
            stale,
        )
    finally:
        await store.close()


def _criteria() -> Criteria:
    topics = [
        {"id": one, "label": one} for one in (*residents.TOPICS, *(f"t{n}" for n in range(37)))
    ]
    areas = [{"id": f"a{n}", "label": f"a{n}"} for n in range(residents.AREAS)]
    settings = SegmentSettings.model_validate({"topics": topics, "areas": areas})
    return Criteria({f"segment/{one.name}": one for one in build_fields(settings)})


async def _time(work: Any) -> tuple[Any, float]:
    began = time.perf_counter()
    found = await work
    return found, time.perf_counter() - began


async def _count(
    store: Store, condition: Condition, criteria: Criteria, settings: Settings
) -> tuple[int, list[float], float | None]:
    """How many, and how long it took; the baseline has to say the same."""
    await store.read(count, condition, criteria, NOW)
    times = []
    people = -1
    for _ in range(_times(settings)):
        people, took = await _time(store.read(count, condition, criteria, NOW))
        times.append(took)
    if condition == read_condition(NESTED, criteria):
        return people, times, None
    some = await store.read(_count_some, condition, criteria, True)
    same, baseline = await _time(store.read(_count_some, condition, criteria, False))
    if same != some:
        raise RuntimeError(f"{condition} picks {some}, by the profiles themselves {same}")
    return people, times, baseline


def _count_some(db: Session, condition: Condition, criteria: Criteria, is_indexed: bool) -> int:
    """Of a part of the residents; the baseline asks each profile's JSON, without the index."""
    chosen = open_compiler(db, criteria, NOW, is_indexed=is_indexed).selects(condition)
    some = index.c.resident_id <= select(func.max(index.c.resident_id) / PART).scalar_subquery()
    return db.execute(select(func.count()).select_from(index).where(some, chosen)).scalar_one()


async def _freeze(
    store: Store, condition: Condition, criteria: Criteria
) -> tuple[int, float, float]:
    """How many ids, the seconds, and the longest wait of somebody else who writes."""
    await store.write(_make_chunks)
    waits: list[float] = []
    other = asyncio.create_task(_write_beside(store, waits))
    began, frozen, chunks = time.perf_counter(), 0, []
    async for ids in stream_ids(store.read, condition, criteria, NOW):
        frozen += len(ids)
        chunks.append(",".join(map(str, ids)))
        if len(chunks) == IN_UNIT:
            await store.write(_store_chunks, chunks)
            chunks = []
    if chunks:
        await store.write(_store_chunks, chunks)
    took = time.perf_counter() - began
    other.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await other
    return frozen, took, max(waits, default=0.0)


def _make_chunks(db: Session) -> None:
    db.execute(text("DROP TABLE IF EXISTS bench_chunk"))
    db.execute(text("CREATE TABLE bench_chunk (ids text NOT NULL)"))


def _store_chunks(db: Session, chunks: list[str]) -> None:
    rows = [{"ids": one} for one in chunks]
    db.execute(text("INSERT INTO bench_chunk (ids) VALUES (:ids)"), rows)


async def _write_beside(store: Store, waits: list[float]) -> None:
    number = 0
    while True:
        number += 1
        began = time.perf_counter()
        await store.write(_write_row, number)
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)


def _write_row(db: Session, number: int) -> None:
    db.execute(insert(meta).values(key=f"bench {time.perf_counter_ns()}", value=str(number)))


async def _change(
    store: Store, condition: Condition, criteria: Criteria, people: int
) -> tuple[float, int]:
    """The middle time of storing an answer, and how many counts did not show it."""
    times, stale = [], 0
    before = await store.read(count, condition, criteria, NOW)
    for n in range(CHANGES):
        who = people - n
        was = await store.read(_is_chosen, who, condition, criteria)
        answers = {"topics": [] if was else ["city"]}
        _, took = await _time(store.write(write_profile, who, "segment", answers, NOW))
        times.append(took)
        follows = await store.read(_follows, who)
        after = await store.read(count, condition, criteria, NOW)
        stale += after - before != (-1 if was else int(follows))
        before = after
    return middle(times), stale


async def _change_bare(store: Store, people: int) -> float:
    """The same without triggers: an answer of another plugin."""
    times = []
    for n in range(CHANGES):
        work = store.write(write_profile, people - n, "other", {"topics": ["city"]}, NOW)
        times.append((await _time(work))[1])
    return middle(times)


def _is_chosen(db: Session, who: int, condition: Condition, criteria: Criteria) -> bool:
    chosen = open_compiler(db, criteria, NOW, is_indexed=False).selects(condition)
    mine = select(index.c.resident_id).where(index.c.resident_id == who, chosen)
    return db.execute(mine).first() is not None


def _follows(db: Session, who: int) -> bool:
    return bool(db.scalar(select(index.c.follows).where(index.c.resident_id == who)))
