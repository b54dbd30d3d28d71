"""Waiting in tests: for something to become so, never for a time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(condition: Callable[[], Found], patience: float = 120.0) -> Found:
    """Wait until `condition()` is true, and return what it gave; fails after `patience` seconds.

    The patience is for a test that would hang. No test may be right or wrong by it.
    """
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.02)
    return found
