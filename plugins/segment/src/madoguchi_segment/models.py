"""Who changed something and has not been told so in the chat yet."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, Table

from madoguchi import Models
from madoguchi.store import plugin_metadata
from madoguchi.tables import resident

metadata = plugin_metadata("segment")

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

MODELS = Models(metadata, Path(__file__).parent / "migrations")
