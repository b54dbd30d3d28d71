"""Waits for ever, in its thread."""

import threading

from madoguchi import Fit, Offer, hookimpl

ended = threading.Event()


@hookimpl
def offer_for_message(text):
    if text == "hangs_in_thread":
        return Offer(answer, Fit.EXACT, label="hangs_in_thread")
    return None


def answer(ctx):
    ended.wait(3600)
