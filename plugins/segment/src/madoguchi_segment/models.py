"""Who changed something and has not been told so in the chat yet."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, Table

from madoguchi import Models
from madoguchi.tables import resident
from madoguchi_segment.audiences import tables as audiences
from madoguchi_segment.schema import metadata

unconfirmed = Table(
    "segment_unconfirmed",
    metadata,
    Column(
        "resident_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey(resident.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", Double, nullable=False, index=True),
)

MODELS = Models(audiences.index.metadata, Path(__file__).parent / "migrations")
