"""Waits for ever, on the event loop."""

import asyncio

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "hangs":
        return Offer(answer, Fit.EXACT, label="hangs")
    return None


async def answer(ctx):
    await asyncio.sleep(3600)
