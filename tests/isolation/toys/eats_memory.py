"""Takes memory without end, slowly enough for a test machine."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "eats_memory":
        return Offer(answer, Fit.EXACT, label="eats_memory")
    return None


def answer(ctx):
    hoard = []
    while True:
        hoard.append(b"x" * 2**20)
        sum(range(200_000))
