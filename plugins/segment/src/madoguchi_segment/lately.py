"""What would have come last month with the settings of now: 「先月は3通届きました」."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Protocol

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from madoguchi import JST, Criteria
from madoguchi_segment.audiences.compiling import AudienceUnavailable, open_compiler
from madoguchi_segment.audiences.reading import ConditionError, read_condition
from madoguchi_segment.audiences.tables import index

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that has ended: what residents saw of it, and to whom it went."""

    title: str
    condition: Any
    """As JSON."""
    ended: datetime


class FindSent(Protocol):
    """Who knows the deliveries that ended in this time: newest first, drills and tests left out."""

    def __call__(self, db: Session, since: datetime, until: datetime) -> Iterable[Sent]:
        """Read them, inside of a unit."""
        ...


def nothing_sent(db: Session, since: datetime, until: datetime) -> list[Sent]:
    """Stands there until the deliveries are."""
    return []


def last_month(now: datetime) -> tuple[datetime, datetime]:
    """The beginning of last month in Tokyo, and its end."""
    until = now.astimezone(JST).date().replace(day=1)
    year, month = (until.year, until.month - 1) if until.month > 1 else (until.year - 1, 12)
    since = until.replace(year=year, month=month)
    return datetime.combine(since, time(), JST), datetime.combine(until, time(), JST)


def sent_last_month(
    db: Session, resident_id: int, criteria: Criteria, now: datetime, find_sent: FindSent
) -> list[str] | None:
    """The titles of what this resident would have got; None if nothing at all was sent.

    One statement, whatever was sent. A condition that cannot be read any more counts as not met.
    """
    sent = list(find_sent(db, *last_month(now)))
    if not sent:
        return None
    compiler = open_compiler(db, criteria, now)
    tests: list[tuple[str, Any]] = []
    for one in sent:
        try:
            condition = read_condition(one.condition, criteria)
            chosen = replace(compiler, now=one.ended).selects(condition)
        except (ConditionError, AudienceUnavailable):
            continue
        tests.append((one.title, case((chosen, 1), else_=0)))
    if not tests:
        return []
    mine = select(*(test for _, test in tests)).where(index.c.resident_id == resident_id)
    row = db.execute(mine.select_from(index)).first()
    return [title for (title, _), got in zip(tests, row or (), strict=False) if got]


def tell(titles: Sequence[str] | None, say: Callable[..., str]) -> list[str]:
    """The lines that say so; none if nothing is known."""
    if titles is None:
        return []
    if not titles:
        return [say("この設定だと、先月に届いたお知らせは、ありません。")]
    lines = [say("この設定だと、先月は{count}通届きました。", count=len(titles))]
    lines += [f"・{title}" for title in titles[:SHOWN]]  # nosay
    if len(titles) > SHOWN:
        lines.append(say("ほか{count}通", count=len(titles) - SHOWN))
    return lines
