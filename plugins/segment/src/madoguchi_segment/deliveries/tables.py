"""The tables of deliveries. What belongs to a version is kept with its number."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from madoguchi.store import UTCDateTime
from madoguchi.tables import resident
from madoguchi_segment.models import metadata

_Id = BigInteger().with_variant(Integer, "sqlite")

delivery = Table(
    "segment_delivery",
    metadata,
    Column("id", _Id, primary_key=True),
    # "announcement" 配信, or "rule" 自動.
    Column("kind", Text, nullable=False),
    Column("section", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    # Counts edits: what was seen and approved was one version.
    Column("version", Integer, nullable=False, server_default=text("1")),
    # Which step of the route is next, from 0.
    Column("step", Integer, nullable=False, server_default=text("0")),
    Column("author_id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("editor_id", Text, nullable=False),
    Column("editor", Text, nullable=False),
    # 起案番号.
    Column("number", Text),
    # Language → messages.
    Column("content", JSON, nullable=False),
    # The tree of conditions, as `audiences` reads it; none: nobody yet.
    Column("condition", JSON(none_as_null=True)),
    # The same in a sentence, for なぜ届いた?
    Column("why", Text, nullable=False, server_default=text("''")),
    # The topic that 止める takes away.
    Column("topic", Text),
    # See `schedules`.
    Column("timing", JSON(none_as_null=True)),
    Column("channel", Text, nullable=False, server_default=text("'live'")),
    Column("emergency", Boolean, nullable=False, server_default=false()),
    # Residents chose this time themselves: quiet hours do not hold it.
    Column("chosen_time", Boolean, nullable=False, server_default=false()),
    # Minutes over which it is spread.
    Column("spread", Integer, nullable=False, server_default=text("0")),
    # A rule's most recipients at a time, and its last day (ISO).
    Column("ceiling", Integer),
    Column("until", Text),
    # How many there were at the last approval.
    Column("count_then", Integer),
    Column("corrects", _Id, ForeignKey("segment_delivery.id")),
    Column("created", UTCDateTime, nullable=False),
    Column("changed", UTCDateTime, nullable=False),
    Column("planned", UTCDateTime),
    sqlite_autoincrement=True,
)

view = Table(
    "segment_view",
    metadata,
    Column("delivery_id", _Id, ForeignKey(delivery.c.id, ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("staff_id", Text, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
)

approval = Table(
    "segment_approval",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "delivery_id",
        _Id,
        ForeignKey(delivery.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("version", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    # "requested", "approved", "returned", "sent", "confirmed".
    Column("what", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("staff", Text, nullable=False),
    # In whose place (代決).
    Column("deputy_for", Text),
    Column("comment", Text, nullable=False, server_default=text("''")),
    Column("count_then", Integer),
    Column("at", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)

route = Table(
    "segment_route",
    metadata,
    Column("section", Text, primary_key=True),
    # 1 to 3 steps: {"label": "所属長", "staff": ["3"]}; without staff, anybody who may approve.
    Column("steps", JSON, nullable=False),
)

deputy = Table(
    "segment_deputy",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("section", Text, nullable=False, index=True),
    Column("staff_id", Text, nullable=False),
    Column("deputy_id", Text, nullable=False),
    # ISO dates, both included.
    Column("first", Text, nullable=False),
    Column("last", Text, nullable=False),
    sqlite_autoincrement=True,
)

template = Table(
    "segment_template",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("section", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("changed", UTCDateTime, nullable=False),
    UniqueConstraint("section", "name"),
    sqlite_autoincrement=True,
)

run = Table(
    "segment_run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("delivery_id", _Id, ForeignKey(delivery.c.id, ondelete="CASCADE"), nullable=False),
    # The time for which it is, ISO: one run each, ever.
    Column("occasion", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("planned", UTCDateTime, nullable=False),
    # planned → held ⇄ planned → freezing → going → done, or cancelled.
    Column("state", Text, nullable=False),
    # Why it is held: "late", "quiet", "drift", "ceiling", "empty".
    Column("reason", Text),
    # Held once, and a person let it go all the same.
    Column("released", Boolean, nullable=False, server_default=false()),
    Column("expected", Integer),
    Column("found", Integer),
    # Keys in the ledger, by group of language.
    Column("keys", JSON, nullable=False),
    Column("started", UTCDateTime),
    Column("ended", UTCDateTime),
    # Recipients who blocked the account within 24 h, counted once that is over.
    Column("blocks", Integer),
    UniqueConstraint("delivery_id", "occasion"),
    sqlite_autoincrement=True,
)
_open = text("ended IS NULL")
Index("ix_segment_run_open", run.c.state, sqlite_where=_open, postgresql_where=_open)

# A rule reminds of each occasion of each person once, ever.
reminded = Table(
    "segment_reminded",
    metadata,
    Column("delivery_id", _Id, ForeignKey(delivery.c.id, ondelete="CASCADE"), primary_key=True),
    Column("resident_id", _Id, ForeignKey(resident.c.id, ondelete="CASCADE"), primary_key=True),
    # Whose date it is, by a hash; `#2` for the second of twins.
    Column("person", Text, primary_key=True),
    # Which milestone, such as `18m-14d`.
    Column("occasion", Text, primary_key=True),
    Column("run_id", _Id, ForeignKey(run.c.id, ondelete="CASCADE"), nullable=False, index=True),
)

phone = Table(
    "segment_phone",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("section", Text, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column(
        "resident_id",
        _Id,
        ForeignKey(resident.c.id, ondelete="CASCADE"),
        nullable=False,
    ),
    Column("added_by", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    UniqueConstraint("section", "resident_id"),
    sqlite_autoincrement=True,
)

link = Table(
    "segment_link",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column(
        "delivery_id",
        _Id,
        ForeignKey(delivery.c.id, ondelete="CASCADE"),
        nullable=False,
    ),
    Column("language", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("url", Text, nullable=False),
    # In all; who tapped is not kept.
    Column("taps", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("delivery_id", "language", "label", "url"),
    sqlite_autoincrement=True,
)

# Pictures in messages, made anew: without the place where they were taken.
picture = Table(
    "segment_picture",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)
