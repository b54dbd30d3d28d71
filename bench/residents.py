"""Residents with settings, made by the database itself: a million in a minute."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from madoguchi_segment.audiences import triggers

TOPICS = {"city": 42, "disaster": 38, "garbage": 30}
"""Topics that many have chosen, and their share in percent; one of `t0` to `t36` is chosen too."""
AREAS = 200
AT = "2026-05-01T00:00:00.000000Z"
_FACTORS = (
    *(2654435761, 2246822519, 3266489917, 668265263, 374761393, 1597334677, 2869860233),
    *(2971215073, 433494437, 1134903170, 2147483629, 1640531513),
)


def fill(db: Session, count: int) -> None:
    """Make residents 1 to `count`, their profiles and the index, without the triggers."""
    dialect = db.get_bind().dialect.name
    run = db.connection().exec_driver_sql
    with _without_triggers(dialect, run):
        for statement in _rows(dialect, count):
            run(statement)
        for statement in triggers.fill(dialect):
            run(statement)
        run("ANALYZE")


@contextlib.contextmanager
def _without_triggers(dialect: str, run: Any) -> Iterator[None]:
    if dialect == "postgresql":
        run("SET LOCAL session_replication_role = replica")
        yield
        run("SET LOCAL session_replication_role = origin")
        return
    for name in triggers.NAMES:
        run(f"DROP TRIGGER {name}")
    yield
    for statement in triggers.make(dialect):
        run(statement)


def _rows(dialect: str, count: int) -> Iterator[str]:
    if dialect == "sqlite":
        numbers = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < {count}"
        series = f"(WITH RECURSIVE s(n) AS ({numbers}) SELECT n FROM s) s"
        at, json = f"'{AT}'", ""
    else:
        series = f"(SELECT n::bigint FROM generate_series(1, {count}) n) s"
        at, json = f"timestamptz '{AT}'", "::json"
    yield (
        "INSERT INTO resident (id, line_id, follows, first_seen, state_at, followed_at)"
        f" SELECT s.n, 'U' || s.n, {_pick(0, 100)} >= 8, {at}, 0, {at} FROM {series}"
    )
    for field, value, share, k in _answers(dialect):
        yield (
            "INSERT INTO profile (resident_id, field, value, at)"
            f" SELECT s.n, 'segment/{field}', ({value}){json}, {at} FROM {series}"
            f" WHERE {_pick(k, 100)} < {share}"
        )


def _answers(dialect: str) -> Iterator[tuple[str, str, int, int]]:
    """Field, value as JSON, how many percent have answered, and by which number that is picked."""
    many = " || ".join(
        f"CASE WHEN {_pick(n, 100)} < {share} THEN ',\"{topic}\"' ELSE '' END"
        for n, (topic, share) in enumerate(TOPICS.items(), 1)
    )
    topics = f"{many} || ',\"t' || {_pick(4, 37)} || '\"'"
    yield "topics", f"'[' || ltrim({topics}, ',') || ']'", 92, 5
    yield "area", f"'\"a' || {_pick(6, AREAS)} || '\"'", 80, 7
    ages = " ".join(f"WHEN {n} THEN '\"{age}\"'" for n, age in enumerate(("u20", "20s", "40s")))
    yield "age", f"CASE {_pick(8, 4)} {ages} ELSE '\"65\"' END", 70, 9
    yield "sex", f"CASE {_pick(10, 2)} WHEN 0 THEN '\"female\"' ELSE '\"male\"' END", 60, 11
    first, second = (_child(dialect, k) for k in (1, 3))
    more = f"CASE WHEN {_pick(2, 2)} = 1 THEN ',' || {second} ELSE '' END"
    yield "children", f"'[' || {first} || {more} || ']'", 45, 2


def _child(dialect: str, k: int) -> str:
    """Somebody born within 18 years before the bench's day."""
    days = _pick(k, 6570)
    born = f"date('2008-06-20', '+' || {days} || ' days')"
    if dialect != "sqlite":
        born = f"to_char(date '2008-06-20' + {days}::int, 'YYYY-MM-DD')"
    return f"'{{\"birthdate\":\"' || {born} || '\"}}'"


def _pick(k: int, sides: int) -> str:
    """A number below `sides` that a resident always gets, by the die `k`."""
    return f"((s.n * {_FACTORS[k]} % 4294967291) % {sides})"
