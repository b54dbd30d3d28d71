"""The index behind audiences: one narrow row a resident, with a bit for each answer.

A question of ours is not asked of a million JSON texts but of a million numbers. Triggers write the
row in the transaction that writes the profile or the resident, whoever does that (`triggers`), so
it is never stale; decision 0020 has the figures. An answer is a term; the term `id` is bit
`id % BITS` of the word `id // BITS`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from madoguchi.store import UTCDateTime
from madoguchi.tables import resident
from madoguchi_segment.schema import metadata

WORDS = 16
BITS = 60
TERMS = WORDS * BITS
"""Answers beyond so many different ones are looked up in the profile itself."""
BIRTHDATES = 10
CHILDREN = "segment/children"
CHOICES = ("segment/topics", "segment/living", "segment/area", "segment/age", "segment/sex")
INDEXED = (*CHOICES, CHILDREN)
"""The questions in the index; the place of each is its bit in `answered`."""

Id = BigInteger().with_variant(Integer, "sqlite")


def words() -> list[Column[int]]:
    """The columns with a bit for each answer."""
    zero = text("0")
    return [Column(f"w{n}", BigInteger, nullable=False, server_default=zero) for n in range(WORDS)]


def births() -> list[Column[int]]:
    """The columns with birthdates of children, as numbers: 20240229."""
    return [Column(f"born{n}", Integer) for n in range(BIRTHDATES)]


def resident_key(**options: object) -> Column[int]:
    """The column that says who."""
    theirs = ForeignKey(resident.c.id, ondelete="CASCADE")
    return Column("resident_id", Id, theirs, **options)  # type: ignore[arg-type]


index = Table(
    "segment_index",
    metadata,
    resident_key(primary_key=True, autoincrement=False),
    Column("follows", Boolean, nullable=False),
    Column("language", Text),
    Column("followed_at", UTCDateTime),
    # Which of the questions have an answer; 0: nothing was ever set.
    Column("answered", Integer, nullable=False, server_default=text("0")),
    *words(),
    *births(),
)

term = Table(
    "segment_term",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("field", "value"),
)

audience = Table(
    "segment_audience",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    # The section that owns it; names are unique within one.
    Column("section", Text, nullable=False),
    Column("condition", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", UTCDateTime, nullable=False),
    UniqueConstraint("section", "name"),
    sqlite_autoincrement=True,
)

# A file with answers that is being taken in: rows wait until all of them are there.
intake = Table(
    "segment_intake",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_label", Text, nullable=False),
    # `reading`, then `taking`, then `done`.
    Column("state", Text, nullable=False),
    Column("changed", Integer, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,
)
intake_row = Table(
    "segment_intake_row",
    metadata,
    Column(
        "intake_id",
        Id,
        ForeignKey(intake.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    resident_key(primary_key=True, autoincrement=False, index=True),
    Column("answers", JSON, nullable=False),
)

# Who was told that nothing is set yet, when last and how often.
asked = Table(
    "segment_asked",
    metadata,
    resident_key(primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("times", Integer, nullable=False),
)
