"""Questions about things, answered in the chat; honestly, where the list does not know."""

from typing import Any

from sqlalchemy.orm import Session

from madoguchi import Fit, Offer, OfferContext
from madoguchi_garbage_bot import questions, replies
from madoguchi_garbage_bot.keys import find_entries, find_entry
from madoguchi_garbage_bot.phrases import Topic
from madoguchi_garbage_bot.search import MOST_GUESSES, Kind, Result

TITLE = "ごみの分け方"
WORDS = {  # nosay
    "ごみの分け方",
    "ゴミの分け方",
    "ごみの分別",
    "ゴミの分別",
    "ごみ分別",
    "ゴミ分別",
    "ごみの出し方",
    "ごみの捨て方",
    "ごみ",
    "ゴミ",
    "分別",
    "garbage",
    "trash",
}
"""What the tile says, and what else is typed for it, in small letters."""
LONGEST = 200
"""Characters; who writes more tells a story."""
LEAST = 0.5
"""The chance from which on a search is offered."""
AMID = 0.6
"""The chance that whoever is talking about garbage asks about a thing."""


def offer(ctx: OfferContext, text: str) -> Offer | None:
    """A bid for the name of a thing, or for a question about throwing something away.

    In the talk that the tile begins, what is not found is a question for us, too.
    """
    if not text or len(text) > LONGEST or any("\ud800" <= one <= "\udfff" for one in text):
        return None
    if text.lower() in WORDS:
        return Offer(explain, Fit.EXACT, TITLE)
    state = ctx.plugin.state
    result = state.search.ask(text)
    if result.kind is Kind.OTHER:
        handler = answer_topic if result.topic else None
        return Offer(handler, Fit.SEARCH, TITLE, result.score, result) if handler else None
    score = result.score
    if ctx.resident is not None and state.talks.is_open(ctx.resident.id, ctx.now):
        score = max(score, AMID)
    return Offer(answer, Fit.SEARCH, TITLE, score, result) if score >= LEAST else None


async def explain(ctx: Any) -> Any:
    """The tile: how to ask. What is typed next is a question for us."""
    if ctx.resident is not None:
        ctx.plugin.state.talks.begin(ctx.resident.id, ctx.now)
    return replies.tell_how(ctx)


async def answer(ctx: Any) -> Any:
    """Where a thing goes; what is not known for sure is kept for staff."""
    _go_on(ctx)
    result: Result = ctx.offer.data
    asked = ctx.event.text.strip()

    def save(db: Session) -> Any:
        if result.sure:
            questions.count(db, at=ctx.now)
            return replies.tell_result(ctx, result, asked)
        kind, key = result.kind.value, ctx.message_key()
        number = questions.keep(db, text=asked, kind=kind, at=ctx.now, message_key=key)
        if result.kind is Kind.GUESS:
            return replies.tell_guesses(ctx, result.entries, result.thing, number)
        return replies.tell_nothing(ctx, result.thing, number)

    return await ctx.write(save)


async def answer_topic(ctx: Any) -> Any:
    """About garbage, and about no thing: a category, days, bags, what is fetched."""
    _go_on(ctx)
    result: Result = ctx.offer.data
    if result.topic is Topic.DAYS:
        return hand_to_days(ctx)
    number = ctx.plugin.state.catalogue.find_kind(result.thing) if result.thing else None
    if number is not None:
        return replies.tell_kind(ctx, number)
    return replies.tell_topic(ctx, result.topic)


def hand_to_days(ctx: Any) -> Any:
    """About collection days, in words that were not understood: how to ask."""
    return replies.tell_topic(ctx, Topic.DAYS)


async def answer_chosen(ctx: Any) -> Any:
    """`garbage_bot:item?id=…&id2=…&q=…`: one of the buttons of a question or a guess."""
    _go_on(ctx)
    keys = [value for name, value in ctx.args.items() if name.startswith("id")]
    entries = find_entries(ctx.plugin.state.search.dictionary, keys)
    if not entries:
        return replies.tell_gone(ctx)
    return replies.tell_chosen(ctx, entries, ctx.args.get("q", ""))


async def note_wrong(ctx: Any) -> Any:
    """`garbage_bot:wrong?id=…&q=…`: ちがう. It is kept; what else may be meant is told."""
    state, asked = ctx.plugin.state, ctx.args.get("q", "")[: replies.LONGEST_ASKED]
    entry = find_entry(state.search.dictionary, ctx.args.get("id", ""))
    if entry is None:
        return replies.tell_gone(ctx)
    asked = asked or entry.name
    found = state.search.ask(asked).entries
    others = [one for one in found if one.id != entry.id][:MOST_GUESSES]

    def save(db: Session) -> Any:
        number = questions.keep(db, text=asked, kind="wrong", entry=entry.id, at=ctx.now)
        return replies.tell_corrected(ctx, others, asked, number)

    return await ctx.write(save)


def _go_on(ctx: Any) -> None:
    if ctx.resident is not None:
        ctx.plugin.state.talks.go_on(ctx.resident.id, ctx.now)


POSTBACKS = {"item": answer_chosen, "wrong": note_wrong}
