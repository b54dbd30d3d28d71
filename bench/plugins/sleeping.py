"""A plugin whose handler keeps its threads busy doing nothing."""

import time

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    """Answers one word."""
    return Offer(oversleep, Fit.EXACT, label="ねる") if text == "ねる" else None


def oversleep(ctx):
    """Sleep in one of the plugin's own threads."""
    time.sleep(1)
    return "おはようございます。"
