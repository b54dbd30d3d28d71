"""Misspells a hook."""

from madoguchi import hookimpl


@hookimpl
def offer_for_mesage(text):
    return None
