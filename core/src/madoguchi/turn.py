"""One event being handled: what the contexts of all plugins share, and its one unit."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi.context import Context
from madoguchi.errors import EventDone
from madoguchi.lanes import LaneLost
from madoguchi.languages import Words
from madoguchi.limit import not_counted
from madoguchi.outgoing import Address, Letter, address_letter, store_letter
from madoguchi.replies import messages_of
from madoguchi.types import Event, Resident
from madoguchi_messages import MAX_MESSAGES

if TYPE_CHECKING:
    from madoguchi.forms.conversation import OpenForm
    from madoguchi.plugins import Plugin
    from madoguchi.services import Services

log = logging.getLogger("madoguchi.dispatch")

_MARK_OWNED = text(
    "INSERT INTO handled (event_id, lane, outcome, at)"
    " SELECT :event_id, :lane, 'answered', :at FROM lane WHERE n = :lane AND epoch = :epoch"
    " ON CONFLICT DO NOTHING"
)
_OWNED = text("SELECT 1 FROM lane WHERE n = :lane AND epoch = :epoch")


@dataclass(frozen=True, slots=True)
class Written:
    """What `ctx.write` returns: the unit is committed, and its reply is on its way."""

    letter: Letter | None
    reply: Any = None


@dataclass(slots=True)
class Turn:
    """One event being handled: what the contexts of all plugins share."""

    services: "Services"
    event: Event
    lane: int
    epoch: int
    address: Address | None
    """None: nothing can be answered (groups, standby, notify hooks)."""
    resident: Resident | None = None
    form: "OpenForm | None" = None
    """The form that is open in the resident's chat."""
    danger: list[str] = field(default_factory=list)
    written: Written | None = None
    unit: str = ""
    """The id under which the unit is marked handled: the event's, or one for each notify hook."""
    started: float = field(default_factory=time.perf_counter)

    def context(self, plugin: "Plugin", **more: Any) -> Context:
        """This turn as one plugin sees it."""
        s = self.services
        return Context(s.city, plugin, self.resident, self.event, s.clock.now(), self, **more)

    @property
    def language(self) -> str | None:
        """The resident's; None is Japanese."""
        return self.resident.language if self.resident else None

    def say(self, words: Words, /, **values: object) -> str:
        """A text in the resident's language."""
        return self.services.languages.say(words, self.language, **values)

    def messages(self, reply: Any) -> list[dict[str, Any]]:
        """The messages of a reply, the telephone number after danger words first (rule 0).

        If the reply interrupts a form, the form is mentioned last (rule 2). Five is LINE's most
        (R22): the number takes the place of a fifth message.
        """
        messages = messages_of(reply)
        messages = self.form.remember(messages) if self.form else messages
        if self.danger and len(messages) == MAX_MESSAGES:
            log.warning("event %s: its fifth message gave way to danger words", self.event.id)
            messages.pop(0 if self.form else -1)
        said = [{"type": "text", "text": "\n".join(self.danger)}] if self.danger else []
        return said + messages

    async def read(self, plugin: "Plugin", fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """See `Context.read`."""
        beat = self.services.beat
        with not_counted():
            return await self.services.store.read(
                lambda db: beat.call(plugin.label, lambda: fn(db, *args, **named))
            )

    async def write(
        self, plugin: "Plugin | None", save: Callable[..., Any], *args: Any, **named: Any
    ) -> Written:
        """See `Context.write`."""
        if self.written is not None:
            raise RuntimeError("ctx.write was called before: one event is one unit")
        label = plugin.label if plugin else None
        with not_counted():
            self.written = await self.services.store.write(
                self._run_unit, save, args, named, label=label
            )
        return self.written

    def _run_unit(
        self, db: Session, save: Callable[..., Any], args: Any, named: Mapping[str, Any]
    ) -> Written:
        now = self.services.clock.time()
        lane = {"lane": self.lane, "epoch": self.epoch}
        mark = {"event_id": self.unit or self.event.id, "at": now, **lane}
        if db.execute(_MARK_OWNED, mark).rowcount == 0:  # type: ignore[attr-defined]
            if db.execute(_OWNED, lane).first() is None:
                raise LaneLost(f"lane {self.lane} belongs to another worker now")
            raise EventDone(f"event {mark['event_id']} was handled before")
        reply = save(db, *args, **named)
        letter = None
        if self.address is not None:
            # The mark was free, so no unit of this event was ever committed, and what a unit
            # answers is sent only after its commit: its token cannot have been tried.
            fresh = replace(self.address, maybe_tried=False)
            letter = address_letter(fresh, self.messages(reply), now)
        if letter is not None:
            who = self.resident.id if self.resident else None
            letter = store_letter(db, letter, now, self.event.id, who)
        return Written(letter, reply)

    def send(
        self,
        plugin: "Plugin",
        db: Session,
        ids: list[int],
        messages: Any,
        key: str,
        not_before: Any,
    ) -> int:
        """See `Context.send`."""
        return self.services.send(plugin, db, ids, messages, key, not_before)

    async def open_form(self, name: str, answers: Mapping[str, Any] | None) -> Written:
        """See `Context.open_form`."""
        return await self.services.conversation.open(self, name, answers)

    def liff_url(self, path: str) -> str | None:
        """See `Context.liff_url`."""
        return self.services.conversation.page_url(path)

    def fetch_content(self, message_id: str) -> Any:
        """See `Context.fetch_content`."""
        return self.services.client.content(message_id)

    def audit(self, plugin: "Plugin", db: Session, action: str, object: str, detail: Any) -> None:
        """See `Context.audit`."""
        audit(db, Actor("plugin", plugin.name, plugin.info.label), action, object, detail)
