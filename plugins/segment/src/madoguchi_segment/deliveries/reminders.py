"""N days or months before or after a date that a resident gave: each occasion once, ever.

The date stands in a profile field, alone or in each entry of a list (children). Twins have the same
date twice: each is a person of their own, the second one's name ends with `#2`.
"""

import calendar
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Text, cast, or_, select, text
from sqlalchemy.orm import Session

from madoguchi.tables import profile, resident
from madoguchi_segment.deliveries.schedules import Remind
from madoguchi_segment.deliveries.tables import reminded


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody of whom a resident is to be reminded."""

    resident_id: int
    person: str
    place: int
    """1; 2 for the second of twins, who is told in a message of their own."""


def day_for(given: date, remind: Remind) -> date:
    """The day of the reminder: months first, then days. A day that a month lacks is its last.

    Born on 29 February, 18 months old on 29 August, one year on 28 February.
    """
    month = given.year * 12 + given.month - 1 + remind.months
    year, month = divmod(month, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(given.day, last)) + timedelta(days=remind.days)


def dates_for(day: date, remind: Remind) -> list[date]:
    """The dates whose reminder falls on this day: none, one, or several at the end of a month."""
    about = day_for(day - timedelta(days=remind.days), Remind("", None, -remind.months))
    near = (about + timedelta(days=n) for n in range(-4, 5))
    return [one for one in near if day_for(one, remind) == day]


def find_due(db: Session, delivery_id: int, run_id: int, remind: Remind, day: date) -> list[Due]:
    """Who is to be reminded of on a day, by resident; who was before, by another run, is not."""
    dates = {one.isoformat() for one in dates_for(day, remind)}
    if not dates:
        return []
    stored = cast(profile.c.value, Text)
    rows = db.execute(
        select(profile.c.resident_id, profile.c.value)
        .join(resident, resident.c.id == profile.c.resident_id)
        .where(
            profile.c.field == remind.field,
            resident.c.follows,
            or_(*(stored.like(f'%"{one}"%') for one in sorted(dates))),
        )
        .order_by(profile.c.resident_id)
    )
    found = [
        Due(number, person, place)
        for number, value in rows
        for person, place in _people(value, remind.part, dates)
    ]
    before = _before(db, delivery_id, run_id, remind.name, {one.resident_id for one in found})
    return [one for one in found if (one.resident_id, one.person) not in before]


def _people(value: Any, part: str | None, dates: Collection[str]) -> Iterator[tuple[str, int]]:
    entries = value if isinstance(value, list) else [value]
    seen: Counter[str] = Counter()
    for entry in entries:
        given = entry.get(part) if isinstance(entry, Mapping) and part else entry
        if isinstance(given, str) and given in dates:
            seen[given] += 1
            place = seen[given]
            name = _name(given)
            yield (name if place == 1 else f"{name}#{place}"), place


def _name(given: str) -> str:
    """What stands for a date, so that no birthdate is left here when it is forgotten elsewhere."""
    return hashlib.sha256(f"person {given}".encode()).hexdigest()[:16]


def _before(
    db: Session, delivery_id: int, run_id: int, occasion: str, residents: Collection[int]
) -> set[tuple[int, str]]:
    if not residents:
        return set()
    rows = db.execute(
        select(reminded.c.resident_id, reminded.c.person).where(
            reminded.c.delivery_id == delivery_id,
            reminded.c.occasion == occasion,
            reminded.c.run_id != run_id,
            reminded.c.resident_id.between(min(residents), max(residents)),
        )
    )
    return {(number, person) for number, person in rows}


_NOTE = text(
    "INSERT INTO segment_reminded (delivery_id, resident_id, person, occasion, run_id)"
    " VALUES (:delivery_id, :resident_id, :person, :occasion, :run_id) ON CONFLICT DO NOTHING"
)


def note(db: Session, delivery_id: int, run_id: int, remind: Remind, due: list[Due]) -> None:
    """Write down, before anything goes out, who is reminded of by this run."""
    if due:
        rows = [
            {
                "delivery_id": delivery_id,
                "run_id": run_id,
                "occasion": remind.name,
                "resident_id": one.resident_id,
                "person": one.person,
            }
            for one in due
        ]
        db.execute(_NOTE, rows)


def noted(db: Session, run_id: int) -> list[Due]:
    """Who is this run's: what goes out is exactly this."""
    rows = db.execute(
        select(reminded.c.resident_id, reminded.c.person)
        .where(reminded.c.run_id == run_id)
        .order_by(reminded.c.resident_id)
    )
    return [Due(who, person, int(person.partition("#")[2] or 1)) for who, person in rows]
