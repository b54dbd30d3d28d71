"""Never comes back, in its thread."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    if text == "loops_in_thread":
        return Offer(answer, Fit.EXACT, label="loops_in_thread")
    return None


def answer(ctx):
    while True:
        pass
