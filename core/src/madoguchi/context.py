"""What a handler is given: `ctx`. Everything it may know, and the few things it may do."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from madoguchi.types import City, Event, Offer, Resident

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from madoguchi.languages import Words
    from madoguchi.line import Content
    from madoguchi.plugins import Plugin
    from madoguchi.turn import Turn, Written


@dataclass(frozen=True, slots=True)
class OfferContext:
    """What `offer_for_message` is given: to look at, nothing to do."""

    gateway: City
    plugin: "Plugin"
    resident: Resident | None
    now: datetime


@dataclass(slots=True)
class Context:
    """One plugin's view of one event.

    A handler returns its reply (a text, a message as a dict, an SDK model, a list of those, or
    None), or `await ctx.write(save, …)`.
    """

    gateway: City
    plugin: "Plugin"
    resident: Resident | None
    """Who wrote; None for groups and for events of nobody."""
    event: Event
    now: datetime
    _turn: "Turn" = field(repr=False)
    offer: Offer | None = None
    """The offer that won, with its `data`."""
    args: Mapping[str, str] = field(default_factory=dict)
    """What followed the question mark in a postback's data."""

    async def read(self, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Return what `fn(db, *args)` reads; `db` is a SQLAlchemy Session that cannot write."""
        return await self._turn.read(self.plugin, fn, *args, **named)

    async def write(self, save: Callable[..., Any], *args: Any, **named: Any) -> "Written":
        """Run `save(db, *args)` as this event's one unit; what it returns is the reply.

        The plugin's rows, the mark that the event is handled and the reply are committed together
        or not at all. `save` is a plain function that may be run again. A second call for the same
        event raises `RuntimeError`.
        """
        return await self._turn.write(self.plugin, save, *args, **named)

    def say(self, words: "Words", /, **values: object) -> str:
        """A text in the resident's language: `ctx.say("{count}件あります。", count=3)`.

        `words` are Japanese, the key of the plugin's `locale/*.po`, or language → text.
        """
        return self._turn.say(words, **values)

    async def open_form(self, name: str, answers: Mapping[str, Any] | None = None) -> "Written":
        """Ask a form in the chat: `return await ctx.open_form("report")`.

        It is this event's one unit. `name` is a form of this plugin's, or `other_plugin/name`;
        `answers` are canonical answers to questions that need not be asked, never personal ones.
        An unfinished draft of the form is gone on with. LookupError if there is no such form.
        """
        full = name if "/" in name else f"{self.plugin.name}/{name}"
        return await self._turn.open_form(full, answers)

    def liff_url(self, path: str) -> str | None:
        """The address that opens a page of the residents' inside of LINE, such as `form/hello/ask`.

        None in a city without such pages.
        """
        return self._turn.liff_url(path)

    def send(
        self,
        db: "Session",
        residents: Iterable[Resident | int],
        messages: Any,
        key: str,
        not_before: datetime | None = None,
    ) -> int:
        """Queue messages to residents, inside a unit; returns to how many.

        Who does not follow the account gets nothing. The same `key` never goes out twice to the
        same resident, so choose it from what it is about: `f"report {id} closed"`.
        """
        ids = [r.id if isinstance(r, Resident) else r for r in residents]
        return self._turn.send(self.plugin, db, ids, messages, key, not_before)

    def fetch_content(
        self, message_id: str | None = None
    ) -> AbstractAsyncContextManager["Content"]:
        """Open the photo, video or file of this event (R47): `async with ctx.fetch_content()`."""
        message = self.event.message or {}
        return self._turn.fetch_content(message_id or str(message.get("id", "")))

    def message_key(self, message_id: str | None = None) -> str:
        """A keyed hash of this event's message, or of the one that `on_unsend` names.

        What is kept of a message without its sender is found by it when the message is taken back
        (R13). A day later no unsend can come any more: then forget the key.
        """
        message = self.event.message or {}
        return self._turn.services.key_of(message_id or str(message.get("id", "")))

    def audit(self, db: "Session", action: str, object: str, detail: Any = None) -> None:
        """Write a line into the audit log, inside a unit: references only, no personal values."""
        self._turn.audit(self.plugin, db, action, object, detail)
