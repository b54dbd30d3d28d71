"""A plugin that writes a row for each message 「記録」."""

from pathlib import Path

from sqlalchemy import Column, Integer, Table, Text, insert

from madoguchi import Fit, Offer, hookimpl
from madoguchi.store import plugin_metadata
from madoguchi.types import Models

metadata = plugin_metadata("writing")
note = Table(
    "writing_note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("resident_id", Integer, nullable=False),
    Column("said", Text, nullable=False),
)


@hookimpl
def register_models():
    """Its one table."""
    return Models(metadata, Path(__file__).parent / "migrations")


@hookimpl
def offer_for_message(text):
    """Answers one word."""
    return Offer(write_down, Fit.EXACT, label="記録") if text == "記録" else None


async def write_down(ctx):
    """One unit: a row and the reply."""
    return await ctx.write(_save, ctx.resident.id, ctx.event.text)


def _save(db, resident, said):
    db.execute(insert(note).values(resident_id=resident, said=said))
    return "記録しました。"
