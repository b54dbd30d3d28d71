"""Wants an argument that the hook does not give."""

from madoguchi import hookimpl


@hookimpl
def offer_for_message(mesage):
    return None
