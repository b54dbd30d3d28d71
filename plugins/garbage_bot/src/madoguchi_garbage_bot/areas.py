"""Whose area is which: kept as the key of an area of the city's calendar."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from madoguchi import Criteria
from madoguchi.forms.profile import read_profile
from madoguchi_garbage_bot import day_tables
from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.city import City

LISTENS = timedelta(minutes=10)
"""How long a typed town or a sent place is the answer to our question."""


def area_of(db: Session, resident_id: int) -> str | None:
    """The key of a resident's area; None if they have not told it."""
    theirs = day_tables.area.c.resident_id == resident_id
    return db.scalar(select(day_tables.area.c.area).where(theirs))


def choose(db: Session, resident_id: int, key: str, at: datetime) -> None:
    """Keep a resident's area."""
    put(db, day_tables.area, resident_id, area=key, at=at)


def note_asked(db: Session, resident_id: int, question: str, at: datetime) -> None:
    """Keep that we have just asked for an area, and which question is to be answered then."""
    put(db, day_tables.asked, resident_id, question=question, at=at)


def asked_of(db: Session, resident_id: int, now: datetime) -> str | None:
    """The question that waits for an area, "" if it is none; None if we have not just asked."""
    asked = day_tables.asked.c
    lately = (asked.resident_id == resident_id) & (asked.at > now - LISTENS)
    return db.scalar(select(asked.question).where(lately))


def end_asking(db: Session, resident_id: int) -> None:
    """What is typed from now on is no answer to our question."""
    db.execute(delete(day_tables.asked).where(day_tables.asked.c.resident_id == resident_id))


def find_proposal(db: Session, resident_id: int, city: City, criteria: Criteria) -> Area | None:
    """The area of お知らせの受け取り設定, where the calendar calls it by the same id.

    It is read only where that plugin declares it for others, and it is proposed, never taken.
    """
    if "segment/area" not in criteria.fields:
        return None
    told = read_profile(db, resident_id, "segment").get("area")
    calendar = city.calendars.get(told) if isinstance(told, str) else None
    return calendar.area if calendar else None


def address_of(key: str) -> str:
    """What stands for an area in addresses and buttons: its key if that is short and plain."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", key):
        return key
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def find_area(city: City, address: str) -> Area | None:
    """The area of an address."""
    if address in city.calendars:
        return city.calendars[address].area
    areas = (calendar.area for calendar in city.calendars.values())
    return next((one for one in areas if address_of(one.key) == address), None)


def put(db: Session, table: Any, resident_id: int, **values: Any) -> None:
    """Write a resident's one row of a table, new or not."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(table).values(resident_id=resident_id, **values)
    db.execute(row.on_conflict_do_update(index_elements=["resident_id"], set_=values))
