"""Works: the others beside whom the toys misbehave."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "works":
        return Offer(answer, Fit.EXACT, label="works")
    return None


async def answer(ctx):
    return "はい。"
