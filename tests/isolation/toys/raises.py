"""Raises, in its handler and in its offer."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "works":
        raise RuntimeError("in the offer")
    return Offer(answer, Fit.EXACT, label="raises") if text == "raises" else None


async def answer(ctx):
    raise RuntimeError("in the handler")
