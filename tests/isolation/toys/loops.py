"""Never yields, on the event loop."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "loops":
        return Offer(answer, Fit.EXACT, label="loops")
    return None


async def answer(ctx):
    while True:
        pass
