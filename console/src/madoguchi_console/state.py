"""What one process remembers for the console."""

from dataclasses import dataclass

from madoguchi.inside import Quota


@dataclass(slots=True)
class State:
    """LINE's quota as it was last read."""

    quota: Quota | None = None
