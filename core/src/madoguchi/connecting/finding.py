"""What a check is given, and what it finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from madoguchi.config import Gateway
from madoguchi.line import LineClient


class Mark(StrEnum):
    """How a step stands."""

    GOOD = "✓"
    WRONG = "✗"
    NOTE = "△"
    """It works, and staff should know."""
    LOOK = "？"
    """No call of LINE's tells it: somebody has to look."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What the command can do itself, after a yes."""

    question: str
    do: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for staff, and below it what to press, in order."""

    mark: Mark
    text: str
    press: tuple[str, ...] = ()
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One gateway that is being connected. `webhook`: another address than the usual one."""

    gateway: Gateway
    data: Path
    line: LineClient
    webhook: str | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator stands in for LINE: then nothing leaves this machine."""
        return self.gateway.settings.line.platform is not None

    @property
    def webhook_url(self) -> str | None:
        """Where LINE has to send webhooks; None without an address of ours."""
        base = self.gateway.settings.public_url
        return self.webhook or (f"{base}/{self.gateway.name}/webhook" if base else None)

    @property
    def pages_url(self) -> str:
        """The residents' first page: the endpoint URL of the LIFF app (R57)."""
        return f"{self.gateway.settings.public_url}/{self.gateway.name}/liff"

    def is_safe(self, url: str) -> bool:
        """Whether LINE may call it: https, or this machine itself where LINE is simulated."""
        parts = urlsplit(url)
        is_here = parts.hostname in ("127.0.0.1", "localhost", "::1")
        return parts.scheme == "https" or (self.is_simulated and is_here)


def good(text: str) -> Finding:
    """A step that is done."""
    return Finding(Mark.GOOD, text)


def wrong(text: str, *press: str, repair: Repair | None = None) -> Finding:
    """A step that is not."""
    return Finding(Mark.WRONG, text, press, repair)
