"""Sleeps on the event loop, where nobody may."""

import time

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "blocks":
        return Offer(answer, Fit.EXACT, label="blocks")
    return None


async def answer(ctx):
    time.sleep(3600)
