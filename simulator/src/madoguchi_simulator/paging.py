"""Continuation tokens of lists, which hold for 24 hours (R49)."""

import base64

from .errors import Refusal

_LIFE = 24 * 3600


def to_next(position: int, now: float) -> str:
    """The token that goes on after ``position``."""
    return base64.urlsafe_b64encode(f"{position}:{now + _LIFE:.0f}".encode()).decode()


def read_start(token: str, now: float) -> int:
    """Where the token goes on, or Refusal 400 for one that is none or too old."""
    try:
        position, expires = base64.urlsafe_b64decode(token).decode().split(":")
        if float(expires) > now:
            return int(position)
    except ValueError:
        pass
    raise Refusal(400, "Invalid start param")
