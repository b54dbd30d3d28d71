"""A resident's own data on their own page: shown, handed out as a copy, and erased.

The same code as the commands `export` and `erase`; whoever acts is the resident.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from madoguchi import copies, privacy, residents
from madoguchi.audit import Actor, audit
from madoguchi.copies import Ticket
from madoguchi.export import to_files
from madoguchi.kept import Kept, Voice, find_kept
from madoguchi.outgoing import Address, address_letter
from madoguchi.privacy import NAMES_OF_TABLES, Erasure, Person
from madoguchi.rates import RatesUnavailable
from madoguchi.reading import show_date
from madoguchi.replies import messages_of
from madoguchi.secrets import derive, read_signed, secret_of, sign
from madoguchi.tables import CORE

if TYPE_CHECKING:
    from madoguchi.services import Services

log = logging.getLogger("madoguchi.own_data")

PATIENCE = 8.0
"""Seconds that a page waits for an erasure; it goes on without anybody waiting."""
ME = "本人"
GONE = "お預かりしていた情報を消しました。"
ALMOST_GONE = "お預かりしていた情報を消しました。残りも、まもなく消えます。"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of everything: to read, and as files."""

    kept: Kept
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner's part of an erasure, in words. `stays`: what, on which ground, until when."""

    label: str
    gone: Sequence[tuple[str, int]]
    stays: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """An erasure in words. `failed`: whose part waits; `days`: how long what the core keeps."""

    owners: Sequence[Owner]
    failed: Sequence[str]
    is_done: bool
    days: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Opened:
    """What an address for a copy opens: whose data, and the ticket; None if there is a newer."""

    data: "OwnData"
    resident_id: int
    ticket: Ticket | None


class OwnData:
    """What a page does for one resident, or for whoever has an address that was signed."""

    def __init__(
        self,
        services: "Services",
        resident_id: int | None,
        language: str | None,
        actor: Actor | None = None,
    ) -> None:
        self._services, self._id, self._actor = services, resident_id, actor
        self._office = services.office
        self.say = Voice(services.languages, language or "ja")

    def _key(self, use: str) -> bytes:
        return derive(secret_of(self._services.settings), f"own data: {use}")

    async def _person(self) -> Person:
        person = await self._office.store.read(privacy.find_person, str(self._id))
        if person is None:
            raise LookupError("there is no such resident any more")
        return person

    def _start(self, what: str, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """One at a time for each resident: whoever asks meanwhile gets the same."""
        under_way, key = self._services.under_way, (what, self._id)
        task = under_way.get(key)
        if task is None:
            task = under_way[key] = asyncio.create_task(make())
            self._services.background.add(task)
            task.add_done_callback(self._services.background.discard)
            task.add_done_callback(lambda _: under_way.pop(key, None))
        return task

    # Looking

    async def show(self) -> Kept:
        """Everything that is kept, newest first."""
        person = await self._person()

        async def find() -> Kept:
            return await find_kept(self._office, person, self.say)

        kept: Kept = await asyncio.shield(self._start(f"show {self.say.language}", find))
        return kept

    # A copy

    async def give_out(self) -> Ticket:
        """An address for a copy; see `copies.give_out`."""
        now = self._services.clock.time()
        return await self._office.store.write(copies.give_out, self._id, now)

    async def find_ticket(self) -> Ticket | None:
        """The newest address of this resident."""
        return await self._office.store.read(copies.find, self._id)

    def seal(self, ticket: Ticket) -> str:
        """What stands in the address."""
        return ticket.seal(self._key("copy"))

    async def open_sealed(self, text: str) -> "Opened | None":
        """An address that works for everybody; None if it is none of ours, or of nobody any more.

        What it opens is in the language of whose data it is.
        """
        known = copies.unseal(text, self._key("copy"))
        who = await self._office.store.read(residents.find, known[0]) if known else None
        if known is None or who is None:
            return None
        ticket = await self._office.store.read(copies.find, who.id)
        theirs = OwnData(self._services, who.id, who.language)
        return Opened(theirs, who.id, ticket if ticket and ticket.nonce == known[1] else None)

    async def take_copy(self, ticket: Ticket) -> Copy | None:
        """The copy, and the address is used up; None if somebody was quicker."""
        async with self._services.copying:
            person = await self._person()
            kept = await find_kept(self._office, person, self.say)
            files = to_files(self._office, person, kept, self.say)
            now = self._services.clock.time()
            used = await self._office.store.write(_use, ticket, now)
            return Copy(kept, files) if used else None

    # Erasing

    async def rehearse(self) -> Told:
        """What an erasure would delete and what would stay."""
        person = await self._person()

        async def rehearse() -> Erasure:
            return await privacy.rehearse(self._office, person)

        return self._tell(await asyncio.shield(self._start("rehearse", rehearse)))

    async def erase(self) -> str:
        """Erase everything; the receipt. It goes on if nobody waits, and once however often asked.

        One message tells them in the chat.
        """
        person = await self._person()
        actor = self._actor or Actor("resident", str(person.resident.id), ME)

        async def erase() -> None:
            done = await privacy.erase(self._office, person, actor)
            if person.resident.follows:
                self._start("confirm", lambda: self._confirm(done, person.line_id))

        task = self._start("erase", erase)
        await asyncio.wait({task}, timeout=PATIENCE)
        if task.done():
            task.result()
        return self._receipt(person.resident.id)

    def _receipt(self, resident_id: int) -> str:
        return sign(self._key("receipt"), resident_id)

    async def _confirm(self, done: Erasure, line_id: str) -> None:
        """Straight to LINE: no row may hold whose it is. The key makes a repetition harmless."""
        text = self.say(GONE if done.done_at else ALMOST_GONE)
        to = Address(f"erasure {self._office.gateway.name} {done.id}", line_id, None, 0)
        letter = address_letter(to, messages_of(text), self._services.clock.time())
        try:
            if letter is not None:
                await self._services.sender.send(letter)
        except RatesUnavailable as error:
            log.warning("an erasure was not confirmed in the chat: %s", error)

    async def receipt_of(self, resident_id: int) -> str | None:
        """The receipt of somebody who is erased, or is being erased, already."""
        if await privacy.find_erasure(self._office, resident_id) is None:
            return None
        return self._receipt(resident_id)

    async def find_receipt(self, text: str) -> Told | None:
        """What became of the erasure of a receipt; None if it is none of ours."""
        parts = read_signed(self._key("receipt"), text)
        found = await privacy.find_erasure(self._office, int(parts[0])) if parts else None
        return self._tell(found) if found else None

    def _tell(self, erasure: Erasure) -> Told:
        plugins, say = self._office.plugins.all, self.say
        labels = {CORE: say("LINEの記録")} | {n: say(one.info.label) for n, one in plugins.items()}
        owners = []
        for name in [CORE, *plugins]:
            gone = [
                (say(NAMES_OF_TABLES.get(what, what)), count)
                for what, count in erasure.deleted.get(name, {}).items()
                if count
            ]
            stays = [
                (say(one["what"]), say(one["ground"]), self._day(one["until"]))
                for one in erasure.kept.get(name, ())
            ]
            if gone or stays:
                owners.append(Owner(labels[name], gone, stays))
        kept = self._office.gateway.settings.retention
        days = {"audit": kept.audit, "erasures": kept.erasures, "unanswered": kept.unanswered}
        failed = [labels.get(name, name) for name in erasure.failed]
        return Told(owners, failed, erasure.done_at is not None, days)

    def _day(self, until: str) -> str:
        return show_date(date.fromisoformat(until), self.say.language)

    def time_of(self, seconds: float) -> str:
        """A moment in words."""
        return self.say.time(datetime.fromtimestamp(seconds, UTC))


def _use(db: Session, ticket: Ticket, now: float) -> bool:
    if not copies.use(db, ticket, now):
        return False
    me = Actor("resident", str(ticket.resident_id), ME)
    audit(db, me, "resident.export", f"resident:{ticket.resident_id}")
    return True
