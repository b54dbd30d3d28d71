"""How much is measured: the real thing, or a small run that shows that it works."""

from dataclasses import dataclass

from bench.machine import Cores


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
