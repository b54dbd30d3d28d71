# nosay
"""What a check is given, and what it finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from madoguchi.city_file import DrillTable, LineTable
from madoguchi.config import Gateway
from madoguchi.drill import PATH as DRILL_PATH
from madoguchi.errors import MadoguchiError
from madoguchi.inspection import open_for_reading
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
    """One account of a gateway that is being connected: the residents', or the one for drills.

    `webhook`: another address than the usual one. `live`: the residents' account, for a look from
    the one for drills.
    """

    gateway: Gateway
    data: Path
    line: LineClient
    webhook: str | None = None
    drill: DrillTable | None = None
    live: LineClient | None = None

    def turn_to_drill(self, table: DrillTable, line: LineClient) -> Self:
        """The same gateway's account for drills."""
        return replace(self, line=line, webhook=None, drill=table, live=self.line)

    @property
    def channel(self) -> LineTable | DrillTable:
        """What the city's file says of this account."""
        return self.drill or self.gateway.settings.line

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator stands in for LINE: then nothing leaves this machine."""
        return self.channel.platform is not None

    @property
    def paths(self) -> tuple[str, str]:
        """Where webhooks arrive: this account's, and the other one's."""
        live, drill = (f"/{self.gateway.name}{path}" for path in ("/webhook", DRILL_PATH))
        return (drill, live) if self.drill else (live, drill)

    @property
    def webhook_url(self) -> str | None:
        """Where LINE has to send webhooks; None without an address of ours."""
        base = self.gateway.settings.public_url
        return self.webhook or (f"{base}{self.paths[0]}" if base else None)

    @property
    def pages_url(self) -> str:
        """The residents' first page: the endpoint URL of the LIFF app (R57)."""
        return f"{self.gateway.settings.public_url}/{self.gateway.name}/liff"

    def is_safe(self, url: str) -> bool:
        """Whether LINE may call it: https, or this machine itself where LINE is simulated."""
        parts = urlsplit(url)
        is_here = parts.hostname in ("127.0.0.1", "localhost", "::1")
        return parts.scheme == "https" or (self.is_simulated and is_here)


async def look_up(case: Case, *queries: Callable[[Session], Any]) -> list[Any] | None:
    """What the city's database says; None as long as there is none."""
    try:
        store = await open_for_reading(case.gateway, case.data)
    except MadoguchiError:
        return None
    try:
        return [await store.read(query) for query in queries]
    finally:
        await store.close()


def good(text: str) -> Finding:
    """A step that is done."""
    return Finding(Mark.GOOD, text)


def wrong(text: str, *press: str, repair: Repair | None = None) -> Finding:
    """A step that is not."""
    return Finding(Mark.WRONG, text, press, repair)


NEVER_RAN = wrong("窓口がまだ動いていません。", "「./run serve」を始めます。")
