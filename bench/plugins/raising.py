"""A plugin whose handler raises."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    """Answers one word."""
    return Offer(fall_over, Fit.EXACT, label="こわれる") if text == "こわれる" else None


def fall_over(ctx):
    """Raise."""
    raise RuntimeError("this plugin is meant to fail")
