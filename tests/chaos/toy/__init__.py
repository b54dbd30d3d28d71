"""A plugin that leaves a trace of all it does: one row and one numbered reply for each event."""

from pathlib import Path

from sqlalchemy import Column, Integer, Table, Text, func, insert, select

from madoguchi import Fit, Models, Offer, hookimpl
from madoguchi.store import plugin_metadata

metadata = plugin_metadata("tally")
# No unique event_id: a second run of an event must be seen, not prevented.
tally = Table(
    "tally",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("resident_id", Integer, nullable=False, index=True),
    Column("words", Text, nullable=False),
)


@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")


@hookimpl
def offer_for_message(text):
    return Offer(say if text.startswith("say ") else count, Fit.EXACT, "数える")


async def count(ctx):
    return await ctx.write(save, ctx.event.id, ctx.resident.id, ctx.event.text)


async def say(ctx):
    """Answered from memory: no row of its own."""
    return f"0 {ctx.event.text}"


def save(db, event_id, resident_id, words):
    counted = select(func.count()).where(tally.c.resident_id == resident_id)
    number = db.scalar(counted) + 1
    db.execute(insert(tally).values(event_id=event_id, resident_id=resident_id, words=words))
    return f"{number} {words}"
