"""A plugin that leaves a trace of all it does: one row and one numbered reply for each event."""

import asyncio
from pathlib import Path

from sqlalchemy import Column, Integer, Table, Text, func, insert, select

from madoguchi import Every, Fit, Job, Models, Offer, hookimpl
from madoguchi.forms import Form, LongText
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
    if text == "form":
        return Offer(ask, Fit.EXACT, "用紙")
    return Offer(say if text.startswith("say ") else count, Fit.EXACT, "数える")


@hookimpl
def register_forms(config, settings):
    questions = [LongText(f"q{n}", f"{n}") for n in range(5)]
    return [Form("five", "五つの問い", questions, receive)]


@hookimpl
def register_jobs(config, settings):
    return [Job("tick", Every(1), tick)]


async def tick(job):
    await asyncio.sleep(2)
    await job.write(note_tick, int(job.tick.timestamp()))


def note_tick(db, at):
    db.execute(insert(tally).values(event_id=f"tick {at}", resident_id=0, words="tick"))


def receive(db, submission):
    words = " ".join(submission.answers.values())
    return save(db, "", submission.resident.id, words)


async def ask(ctx):
    return await ctx.open_form("five")


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
