"""A plugin that never gives the event loop back: only the supervisor can stop it."""

from madoguchi import Fit, Offer, hookimpl


@hookimpl
def offer_for_message(text):
    """Answers one word."""
    return Offer(turn_for_ever, Fit.EXACT, label="まわる") if text == "まわる" else None


async def turn_for_ever(ctx):
    """Loop without end and without await."""
    while True:
        pass
