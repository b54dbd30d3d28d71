"""Tables of collection days: whose area is which, what they asked first, and reminders."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from madoguchi.store import UTCDateTime
from madoguchi.tables import resident
from madoguchi_garbage_bot.schema import metadata

_Id = BigInteger().with_variant(Integer, "sqlite")


def _resident() -> Column[Any]:
    return Column(
        "resident_id",
        _Id,
        ForeignKey(resident.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


area = Table(
    "garbage_bot_area",
    metadata,
    _resident(),
    # The key of an area of the city's calendar; the calendar may lose it later.
    Column("area", Text, nullable=False, index=True),
    Column("at", UTCDateTime, nullable=False),
)

# Whom we have just asked for their area, and what they had asked; "" if nothing.
asked = Table(
    "garbage_bot_asked",
    metadata,
    _resident(),
    Column("question", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False, index=True),
)

reminder = Table(
    "garbage_bot_reminder",
    metadata,
    _resident(),
    # "19:00"; none: not then.
    Column("evening", Text),
    Column("morning", Text),
    # Names of categories; none: all of them.
    Column("categories", JSON(none_as_null=True)),
    Column("at", UTCDateTime, nullable=False),
)

# Each resident and occasion ("2026-12-31 evening") is here once, ever.
reminded = Table(
    "garbage_bot_reminded",
    metadata,
    _resident(),
    Column("occasion", Text, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
)
Index("ix_garbage_bot_reminded_occasion", reminded.c.occasion, reminded.c.resident_id)

# Days of collection of which nobody is reminded, because staff said so.
stopped = Table(
    "garbage_bot_stopped",
    metadata,
    Column("day", Text, primary_key=True),
    Column("staff", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)
