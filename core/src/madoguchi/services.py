"""What handling an event needs: the gateway's parts, made once, given to whoever works for it."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from madoguchi import (
    privacy,
)
from madoguchi.arrivals import Reader
from madoguchi.beat import Beat
from madoguchi.clock import Clock
from madoguchi.config import CityFile
from madoguchi.danger import Danger
from madoguchi.forms.conversation import Conversation
from madoguchi.inbox import read
from madoguchi.languages import Languages
from madoguchi.line import LineClient
from madoguchi.live import Live
from madoguchi.login import Login
from madoguchi.outgoing import Sender, store_pushes
from madoguchi.plugins import Plugin, Plugins
from madoguchi.replies import messages_of
from madoguchi.store import Store
from madoguchi.types import City, Event, Resident


@dataclass(slots=True)
class Services:
    """What handling an event needs; one for each gateway, made once."""

    live: Live
    settings: CityFile
    """The city's file; what staff change is in `live`."""
    clock: Clock
    beat: Beat
    store: Store
    client: LineClient
    login: Login
    sender: Sender
    plugins: Plugins
    reader: Reader
    languages: Languages
    office: privacy.Office
    background: set[asyncio.Task[Any]] = field(default_factory=set)
    under_way: dict[tuple[str, int | None], asyncio.Task[Any]] = field(default_factory=dict)
    """What residents asked for that is not done yet (`own_data`)."""
    copying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a copy of somebody's data is made."""
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the rich menu is brought to LINE."""
    conversation: Conversation = field(init=False)

    def __post_init__(self) -> None:
        self.conversation = Conversation(self)

    def send(
        self,
        plugin: Plugin,
        db: Session,
        to: Iterable[Resident | int],
        messages: Any,
        key: str,
        not_before: datetime | None = None,
    ) -> int:
        """Queue messages of a plugin, inside a unit: see `Context.send`."""
        at = not_before.timestamp() if not_before else None
        ids = [one.id if isinstance(one, Resident) else one for one in to]
        self.sender.news_soon()
        known = f"{plugin.name}/{key}"
        return store_pushes(db, ids, messages_of(messages), known, self.clock.time(), at)

    @property
    def city(self) -> City:
        """The city, as residents know it now."""
        return self.live.city.city

    @property
    def danger(self) -> Danger:
        """The words of danger that count now."""
        return self.live.city.danger

    async def find_event(self, event_id: str) -> Event | None:
        """An event from the inbox, or None; also if it was taken back."""
        row = await self.reader.find(event_id)
        if row is None or row.raw is None:
            return None
        return Event.from_raw(row.event_id, read(row.raw), row.at)

    def key_of(self, message_id: str) -> str:
        """A keyed hash of a message id: finds the row again for `unsend`, tells nothing else."""
        key = self.settings.line.channel_secret.encode()
        return hmac.digest(key, b"message " + message_id.encode(), hashlib.sha256).hex()

    def greeting(self) -> str:
        """What a new friend reads first."""
        return self.live.city.settings.greeting

    def fallback(self, language: str | None) -> str:
        """What is said when nobody could answer, with the telephone and its hours."""
        city = self.live.city.settings
        site = f"\n{city.site}" if city.site else ""
        return f"{self.languages.say(city.fallback, language)}\n{self.telephone(language)}{site}"

    def apology(self, language: str | None) -> str:
        """What is said when a plugin failed, with the telephone and its hours."""
        apology = self.languages.say(self.live.city.settings.apology, language)
        return f"{apology}\n{self.telephone(language)}"

    def telephone(self, language: str | None) -> str:
        """Where somebody answers, and when."""
        city, say = self.city, self.languages.say
        return f"{say(city.label, language)} {city.phone}（{say(city.hours, language)}）"  # nosay
