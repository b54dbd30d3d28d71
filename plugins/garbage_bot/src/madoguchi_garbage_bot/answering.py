"""A question about a thing, answered in the chat."""

from madoguchi import Fit, Offer
from madoguchi_garbage_bot.search import Search

LABEL = "ごみの分け方"


def offer(search: Search, text: str) -> Offer | None:
    """A bid for what may be the name of a thing. Memory only."""
    if not text or any("\ud800" <= one <= "\udfff" for one in text):
        return None
    result = search.ask(text)
    if result.score < 0.5 or not result.entries:
        return None
    return Offer(answer, Fit.SEARCH, LABEL, result.score, result)


async def answer(ctx):
    """Where the thing goes."""
    result = ctx.offer.data
    language = ctx.resident.language if ctx.resident else None
    return "\n\n".join(
        f"{entry.say('name', language or 'ja')}\n{entry.say('category', language or 'ja')}"
        for entry in result.entries[:1]
    )
