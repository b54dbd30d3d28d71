"""What pages of staff look at and change beside their own tables: plugins, settings, health, data.

A page finds it as `page.inside`, a job as `job.inside`. Whoever uses it has looked first whether
the person may.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from madoguchi import care, held, privacy
from madoguchi import settings as versions
from madoguchi.audit import Actor, audit
from madoguchi.changes import COUNTS
from madoguchi.clock import JST
from madoguchi.config import CITY
from madoguchi.differences import compare
from madoguchi.errors import MadoguchiError
from madoguchi.export import export
from madoguchi.held import Held
from madoguchi.office_days import OfficeDays
from madoguchi.own_data import OwnData
from madoguchi.plugins import Plugin
from madoguchi.settings import Version
from madoguchi.tables import attempt, handled, mail, outgoing
from madoguchi.types import Permission

if TYPE_CHECKING:
    from madoguchi.services import Services


@dataclass(frozen=True, slots=True)
class Measures:
    """How the gateway is, in numbers. Times are seconds; None: there is none."""

    heard: float | None
    """Since the last event of LINE was handled."""
    set_aside: int
    """Events that were given up."""
    due: int
    """Messages that should have gone out already."""
    due_since: float | None
    """How long the oldest of them waits."""
    mail_stuck: int
    """Mails that the city's server did not take, three times or more."""
    has_mail: bool
    """The city's file has `[mail]`."""
    troubled: Mapping[str, str]
    """Label of each plugin that is out of service → why."""
    stale: tuple[str, ...]
    """Owners whose newest settings are not in force."""
    audit_is_broken: bool
    """The chain of the audit log did not fit when it was last followed, tonight."""
    copied: float | None
    """Since the last copy that `madoguchi backup` made; None: there is none."""
    opened: float
    """Since the city was first opened."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What LINE allows this month, and what was used; `limit` is None without a limit."""

    limit: int | None
    used: int


class Inside:
    """The gateway as staff see it."""

    def __init__(self, services: "Services", actor: Actor | None) -> None:
        self._services, self._actor = services, actor

    # What there is

    @property
    def plugins(self) -> list[Plugin]:
        """Every plugin that is switched on, those in quarantine included."""
        return list(self._services.plugins.all.values())

    def permissions(self) -> list[tuple[Plugin, Permission]]:
        """What staff may be allowed to do, in the order of the city's file."""
        return [(p, one) for p in self._services.plugins.well() for one in p.permissions]

    def pages_of(self, kind: type) -> list[tuple[Plugin, Any]]:
        """The pages of a type, with the plugins that registered them."""
        well = self._services.plugins.well()
        return [(p, item) for p in well for item in p.pages if isinstance(item, kind)]

    async def counts(self) -> dict[tuple[str, str], int]:
        """How often each `plugin.changed(db, name)` was said: (plugin, name) → times."""
        rows = await self._services.store.fetch(COUNTS)
        return {(owner, name): times for owner, name, times in rows}

    @property
    def office_days(self) -> OfficeDays:
        """When the offices are open, as the city's settings say now."""
        return OfficeDays.of(self._services.live.city.settings.office_day)

    @property
    def today(self) -> date:
        """The day in Japan."""
        return self._services.clock.now().astimezone(JST).date()

    @property
    def mail_is_on(self) -> bool:
        """Whether the city's file names a mail server."""
        return self._services.settings.mail is not None

    @property
    def has_drill(self) -> bool:
        """Whether the city's file names an account for drills (`[line.drill]`)."""
        return self._services.settings.line.drill is not None

    # Settings

    def settings_models(self) -> dict[str, type[Any]]:
        """By owner (`city`, or a plugin's name), the pydantic model of what staff may change."""
        return versions.models(self._services.plugins)

    async def settings(self) -> dict[str, Version]:
        """By owner, the newest version."""
        return await self._services.store.read(versions.newest)

    async def settings_history(self, owner: str, most: int = 50) -> list[Version]:
        """The versions of an owner, the newest first."""
        return await self._services.store.read(versions.history, owner, most)

    async def change_settings(
        self, owner: str, content: Any, base: int, comment: str, *, dry_run: bool
    ) -> list[str]:
        """What a change means; without a dry run it is made, by this page's actor.

        Raises `ConfigError`, with a line for each mistake and each refusal.
        """
        if self._actor is None:
            raise RuntimeError("nobody is known to change settings here")
        live = self._services.live
        return await live.change(
            {owner: content}, {owner: base}, self._actor, comment, "console", dry_run
        )

    @staticmethod
    def compare(before: Any, after: Any) -> list[Any]:
        """Where two contents differ: objects with `place`, `before`, `after`."""
        return compare(before, after)

    # Health

    async def measure(self) -> Measures:
        """Look how the gateway is."""
        s = self._services
        counted = await s.store.read(_measure, s.clock.now())
        every = s.plugins.all.values()
        stale = [plugin.name for plugin in every if plugin.stale]
        return Measures(
            **counted,
            has_mail=s.settings.mail is not None,
            troubled={one.info.label: one.trouble for one in every if one.trouble},
            stale=tuple([CITY] * bool(s.live.stale) + stale),
        )

    async def quota(self) -> Quota | None:
        """What LINE still allows this month; None while LINE does not say."""
        with suppress(MadoguchiError, OSError, TimeoutError):
            said = await self._services.client.quota()
            return Quota(said.limit, said.used)
        return None

    async def held(self) -> Held | None:
        """Of when the restored copy is that waits for a person; None: everything goes its way."""
        return await self._services.store.read(held.look)

    async def go_on(self) -> bool:
        """Let a restored copy handle events and send, by this page's actor."""
        if self._actor is None:
            raise RuntimeError("nobody is known to act here")
        return await self._services.store.write(held.let_go, self._actor)

    # One resident

    def own_data(self, resident_id: int) -> OwnData:
        """What the city keeps of a resident, in Japanese; an erasure is this page's actor's."""
        return OwnData(self._services, resident_id, "ja", self._actor)

    async def export_resident(self, resident_id: int) -> dict[str, bytes] | None:
        """A copy of everything as files, by name; noted in the audit log. None: nobody is there."""
        office, actor = self._services.office, self._actor
        if actor is None:
            raise RuntimeError("nobody is known to act here")
        person = await office.store.read(privacy.find_person, str(resident_id))
        if person is None:
            return None
        async with self._services.copying:
            made = await export(office, person)
        await office.store.write(audit, actor, "resident.export", f"resident:{resident_id}")
        return dict(made.files)


def _measure(db: Session, at: datetime) -> dict[str, Any]:
    now = at.timestamp()
    copied, opened = care.last_copy(db), care.opened(db) or at
    heard = db.scalar(select(func.max(handled.c.at)))
    is_due = (outgoing.c.state == "waiting") & (outgoing.c.next_try <= now)
    due, oldest = db.execute(select(func.count(), func.min(outgoing.c.created)).where(is_due)).one()
    stuck = (mail.c.state == "failed") | ((mail.c.state == "waiting") & (mail.c.tries >= 3))
    return {
        "heard": None if heard is None else max(0.0, now - heard),
        "set_aside": db.scalar(select(func.count()).where(attempt.c.set_aside)) or 0,
        "due": due,
        "due_since": None if oldest is None else max(0.0, now - oldest),
        "audit_is_broken": care.audit_is_broken(db),
        "copied": None if copied is None else (at - copied).total_seconds(),
        "opened": (at - opened).total_seconds(),
        "mail_stuck": db.scalar(select(func.count()).where(stuck)) or 0,
    }
