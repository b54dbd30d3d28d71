"""How much is measured: the real thing, or a small run that shows that it works."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.machine import Cores

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What every bench is given."""

    cores: Cores
    quick: bool = False
    """Small figures that mean nothing, in a few seconds."""
    postgres: str | None = None
    """A server's `postgresql://` URL; without one PostgreSQL is left out."""

    @property
    def rounds(self) -> int:
        """How often each thing is measured; the median counts."""
        return 1 if self.quick else 5

    def seconds(self, wanted: float) -> float:
        """How long a round lasts."""
        return min(wanted, 1.0) if self.quick else wanted

    def rate(self, wanted: float) -> float:
        """Webhooks a second."""
        return min(wanted, 60.0) if self.quick else wanted

    def some(self, wanted: Sequence[T]) -> Sequence[T]:
        """All of them, or only the last in a small run."""
        return wanted[-1:] if self.quick else wanted
