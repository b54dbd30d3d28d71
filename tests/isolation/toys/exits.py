"""Ends the process, as a script would."""

import sys

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "works":
        sys.exit("in the offer")
    return Offer(answer, Fit.EXACT, label="exits") if text == "exits" else None


async def answer(ctx):
    sys.exit("in the handler")
