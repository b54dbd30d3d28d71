"""How long everything is kept that residents left behind, and the work that forgets it.

One table of kinds. A city may change the days in `[retention]` of its file, within limits; a plugin
adds kinds by `plugin_info().forgets`. Rows go in slices, so that nobody who writes waits long.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Column, Double, and_, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from madoguchi import audit, forgetting, inbox_orders
from madoguchi.city_file import RetentionTable
from madoguchi.clock import JST
from madoguchi.ledger_tables import chunk, delivery, parcel
from madoguchi.plugins import Plugin
from madoguchi.store import Store, StoreUnavailable
from madoguchi.tables import (
    attempt,
    draft,
    erasure,
    handled,
    media,
    outgoing,
    own_copy,
    profile,
    resident,
    submission,
    unanswered,
)
from madoguchi.tables import audit as audit_log
from madoguchi.types import ForgetBirthdates, ForgetRows

log = logging.getLogger("madoguchi.retention")

SLICE = 200
"""Rows that one unit forgets."""
DAY = timedelta(days=1)
HANDLED_LONGER = timedelta(days=7)
"""An event must be gone from the inbox before it is forgotten that it was handled."""


class Aging(Protocol):
    """Something that grows old."""

    async def count(self, store: Store, before: datetime) -> int:
        """How many are older."""
        ...

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """Forget some that are older, inside a unit; how many; fewer than `most`: that is all."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data, and how long it is kept."""

    name: str
    what: str
    after: timedelta
    aging: Aging


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table that are older by `at`: deleted, or some of their columns emptied."""

    at: Column[Any]
    where: Any = True
    values: Mapping[str, Any] | None = None

    def _old(self, before: datetime) -> Any:
        bound = before.timestamp() if isinstance(self.at.type, Double) else before
        return and_(self.at < bound, self.where)

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        sql = select(func.count()).select_from(self.at.table).where(self._old(before))
        return await store.read(lambda db: db.execute(sql).scalar_one())

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        table: Any = self.at.table
        (key,) = table.primary_key
        keys = db.execute(select(key).where(self._old(before)).limit(most)).scalars().all()
        if keys and self.values is None:
            db.execute(delete(table).where(key.in_(keys)))
        elif keys:
            db.execute(update(table).where(key.in_(keys)).values(**(self.values or {})))
        return len(keys)


class Events:
    """Handled events in the inbox."""

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        return await inbox_orders.count_old(store, before.timestamp())

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        return inbox_orders.forget_old(db, before.timestamp(), most)


class Places:
    """Locations in handled events."""

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        return await inbox_orders.count_places(store, before.timestamp())

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        return inbox_orders.forget_places(db, before.timestamp(), most)


class Profiles:
    """What residents told about themselves who have blocked the account since."""

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        return len(await store.read(self._find, before, None))

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        found = self._find(db, before, most)
        if found:
            db.execute(delete(profile).where(_profile_key.in_(found)))
        return len(found)

    def _find(self, db: Session, before: datetime, most: int | None) -> list[Any]:
        gone = (~resident.c.follows) & (resident.c.unfollowed_at < before)
        found = select(profile.c.resident_id, profile.c.field).join(resident).where(gone)
        return [tuple(row) for row in db.execute(found.limit(most))]


class Addresses:
    """LINE ids in chunks that will not go out any more; those of sent ones are gone at once."""

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        return len(await store.read(self._find, before, None))

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        found = self._find(db, before, most)
        if found:
            theirs = parcel.c.chunk_id.in_(found)
            db.execute(update(parcel).where(theirs).values(addresses=b""))
        return len(found)

    def _find(self, db: Session, before: datetime, most: int | None) -> list[int]:
        old = (
            select(parcel.c.chunk_id)
            .join(chunk, chunk.c.id == parcel.c.chunk_id)
            .join(delivery, delivery.c.id == chunk.c.delivery_id)
            .where(delivery.c.created < before.timestamp(), func.length(parcel.c.addresses) > 0)
            .where(chunk.c.state != "waiting")
        )
        return list(db.scalars(old.limit(most)))


_profile_key = tuple_(profile.c.resident_id, profile.c.field)


@dataclass(frozen=True, slots=True)
class Children:
    """Entries of a profile field whose birthdate is too long ago."""

    field: str
    part: str
    years: int

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        return sum(len(old) for _, _, old in await store.read(self._find, before))

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        found = self._find(db, before)[:most]
        for number, young, _ in found:
            theirs = (profile.c.resident_id == number) & (profile.c.field == self.field)
            change = update(profile).values(value=young) if young else delete(profile)
            db.execute(change.where(theirs))
        return len(found)

    def _find(self, db: Session, now: datetime) -> list[tuple[int, list[Any], list[Any]]]:
        """By resident, who stays and who goes, where somebody goes."""
        today = now.astimezone(JST).date()
        rows = db.execute(
            select(profile.c.resident_id, profile.c.value).where(profile.c.field == self.field)
        ).all()
        found = []
        for number, value in rows:
            entries = value if isinstance(value, list) else []
            old = [one for one in entries if self._is_of_age(one, today)]
            if old:
                found.append((number, [one for one in entries if one not in old], old))
        return found

    def _is_of_age(self, entry: Any, today: date) -> bool:
        born = entry.get(self.part) if isinstance(entry, Mapping) else None
        try:
            born = date.fromisoformat(str(born))
        except ValueError:
            return False
        age = today.year - born.year, today.month, today.day
        return age >= (self.years, born.month, born.day)


class AuditLines:
    """The first lines of the audit log."""

    async def count(self, store: Store, before: datetime) -> int:
        """See `Aging`."""
        return await Rows(audit_log.c.at).count(store, before)

    def forget(self, db: Session, before: datetime, most: int) -> int:
        """See `Aging`."""
        return audit.forget_old(db, before, most)


def kinds(city: RetentionTable, plugins: Iterable[Plugin] = ()) -> list[Kind]:
    """Every kind of data, with the days that this city's file gives it."""

    def days(number: int) -> timedelta:
        return timedelta(days=number)

    sent, answered = outgoing.c.created, outgoing.c.state != "waiting"
    events = days(city.events)
    found = [
        Kind("events", "what LINE sent, typed texts included", events, Events()),
        Kind("places", "locations sent in the chat", days(city.places), Places()),
        Kind("unanswered", "words nobody answered", days(city.unanswered), Rows(unanswered.c.at)),
        Kind(
            "unanswered_keys",
            "which message such words came from",
            DAY,
            Rows(unanswered.c.at, unanswered.c.message_key.is_not(None), {"message_key": None}),
        ),
        Kind(
            "media_keys",
            "which message a photo came from",
            DAY,
            Rows(media.c.at, media.c.message_key.is_not(None), {"message_key": None}),
        ),
        Kind("drafts", "forms that were not sent", DAY, Rows(draft.c.updated)),
        Kind("own_copies", "addresses of copies", DAY, Rows(own_copy.c.made)),
        Kind(
            "loose_media",
            "photos and files of no form",
            DAY,
            Rows(media.c.at, media.c.draft_id.is_(None) & media.c.submission_id.is_(None)),
        ),
        Kind(
            "originals",
            "photos as they were taken",
            days(city.originals),
            Rows(media.c.at, media.c.original.is_not(None), {"original": None}),
        ),
        Kind(
            "messages",
            "what was sent to residents",
            days(city.messages),
            Rows(sent, answered & (func.length(outgoing.c.body) > 0), {"body": b""}),
        ),
        Kind("sent", "to whom something was sent", days(city.sent), Rows(sent, answered)),
        Kind(
            "addresses",
            "addresses of deliveries that did not go out",
            days(city.messages),
            Addresses(),
        ),
        Kind("deliveries", "who got what of deliveries", days(city.sent), Rows(delivery.c.created)),
        Kind("profile", "profiles, after a block", days(city.profile), Profiles()),
        Kind("handled", "how events ended", events + HANDLED_LONGER, Rows(handled.c.at)),
        Kind("attempts", "events that failed", events + HANDLED_LONGER, Rows(attempt.c.at)),
        Kind("audit", "the audit log", days(city.audit), AuditLines()),
        Kind(
            "erasures",
            "that somebody was erased",
            days(city.erasures),
            Rows(erasure.c.at, erasure.c.done_at.is_not(None)),
        ),
    ]
    if city.submissions is not None:
        at = Rows(submission.c.at)
        found.append(Kind("submissions", "forms that were sent", days(city.submissions), at))
    return found + [_of_plugin(plugin, one) for plugin in plugins for one in plugin.info.forgets]


def _of_plugin(plugin: Plugin, declared: ForgetRows | ForgetBirthdates) -> Kind:
    name = f"{plugin.name}/{declared.name}"
    if isinstance(declared, ForgetRows):
        return Kind(name, declared.what, timedelta(days=declared.days), Rows(declared.column))
    return Kind(name, declared.what, timedelta(), Children(name, declared.part, declared.years))


Write = Callable[..., Awaitable[Any]]
"""`await write(fn, *args)` runs a unit."""


async def count_due(store: Store, kinds: Iterable[Kind], now: datetime) -> list[tuple[Kind, int]]:
    """How much of each kind would be forgotten now."""
    return [(kind, await kind.aging.count(store, now - kind.after)) for kind in kinds]


async def forget_due(write: Write, kinds: Iterable[Kind], now: datetime) -> dict[str, int]:
    """Forget what is due; how much of each kind, apart from what the door is ordered to forget.

    A kind that fails, be it by a plugin's declaration, does not hold up the others.
    """
    done: dict[str, int] = {}
    for kind in kinds:
        try:
            gone = SLICE
            while gone >= SLICE:
                gone = await write(kind.aging.forget, now - kind.after, SLICE)
                done[kind.name] = done.get(kind.name, 0) + gone
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("%s could not be forgotten", kind.name)
    if found := {name: count for name, count in done.items() if count}:
        log.info("forgotten: %s", ", ".join(f"{name} {count}" for name, count in found.items()))
    return done


async def tidy_orders(store: Store, write: Write) -> None:
    """Take away the orders that the door has carried out."""
    if keys := await inbox_orders.find_carried_out(store):
        await write(inbox_orders.drop_orders, keys)


async def scrub(store: Store, write: Write) -> None:
    """Leave nothing in the SQLite files of what was deleted; the door does its own."""
    if store.dialect == "sqlite":
        await write(inbox_orders.order_scrub)
        await asyncio.to_thread(partial(forgetting.scrub, store.place))
