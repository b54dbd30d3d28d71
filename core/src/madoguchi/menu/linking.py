"""Who reads another language sees the menu in it: linked at LINE, one by one or in bulk (R46).

A unit that changes the language marks the resident's row of `menu_link`; whoever holds the first
lane calls LINE for the marked ones, each second. The menu for everybody is linked to nobody.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, text, true, update
from sqlalchemy.orm import Session

from madoguchi.answers import Outcome
from madoguchi.languages import LANGUAGES
from madoguchi.management import LineError
from madoguchi.menu.calls import MOST_LINKED, RichMenuCalls
from madoguchi.store import Store, StoreUnavailable
from madoguchi.tables import menu_link, resident, rich_menu

if TYPE_CHECKING:
    from madoguchi.services import Services

log = logging.getLogger("madoguchi.menu")

FEW = 20
"""Up to so many are linked one by one, which LINE does at once."""
PAUSE, REST = 1.0, 60.0
"""Seconds until the next look; after LINE refused."""
SOME = "SELECT 1 FROM menu_link WHERE due > 0 LIMIT 1"
_MARK = text(
    "INSERT INTO menu_link (resident_id, due) SELECT id, 1 FROM resident WHERE id = :who"
    " ON CONFLICT (resident_id) DO UPDATE SET due = menu_link.due + 1"
)
_MARK_ALL = text(
    "INSERT INTO menu_link (resident_id, due)"
    " SELECT id, 1 FROM resident WHERE language IS NOT NULL AND language <> 'ja' AND follows"
    " ON CONFLICT (resident_id) DO UPDATE SET due = menu_link.due + 1"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A resident whose menu may be another one."""

    resident_id: int
    line_id: str
    wanted: str | None
    linked: str | None
    due: int
    """How often they were marked; more often meanwhile, and they are looked at again."""

    @property
    def is_idle(self) -> bool:
        """Nothing to do at LINE: they never had a menu of their own, and need none."""
        return self.wanted is None and self.linked is None and self.due == 1


def mark(db: Session, resident_id: int) -> None:
    """This resident may need another menu."""
    db.execute(_MARK, {"who": resident_id})


def mark_all(db: Session) -> None:
    """Everybody who reads another language, or has a menu of their own, may need another one."""
    db.execute(_MARK_ALL)
    own = menu_link.c.menu_id.is_not(None) & (menu_link.c.due == 0)
    db.execute(update(menu_link).where(own).values(due=1))


def count_readers(db: Session) -> dict[str, int]:
    """How many friends read each language; who never said is not among them."""
    friends = select(resident.c.language, func.count().label("people")).where(
        resident.c.follows == true(), resident.c.language.in_(LANGUAGES)
    )
    return {row.language: row.people for row in db.execute(friends.group_by(resident.c.language))}


async def keep_linked(services: "Services", is_ours: Callable[[], bool]) -> None:
    """Link whoever is marked, for ever; of several workers the one for which `is_ours()` is so."""
    while True:
        await asyncio.sleep(PAUSE)
        try:
            if is_ours() and await services.store.fetch(SOME):
                await link_marked(services.store, services.client)
        except StoreUnavailable as error:
            log.warning("%s: menus wait: %s", services.city.gateway, error)
        except LineError as error:
            log.warning("%s: menus wait: %s", services.city.gateway, error)
            await asyncio.sleep(REST)


async def link_marked(store: Store, line: RichMenuCalls) -> bool:
    """Link up to 500 of those who are marked; whether there were any. Raises `LineError`."""
    marked = await store.read(_find_marked)
    for wanted, some in groupby(marked, key=lambda one: one.wanted):
        people = list(some)
        await _link(line, [one.line_id for one in people if not one.is_idle], wanted)
        await store.write(_settle, people)
    return bool(marked)


async def _link(line: RichMenuCalls, line_ids: Sequence[str], menu_id: str | None) -> None:
    if len(line_ids) > FEW:
        await line.link_menu_to_many(line_ids, menu_id)
        return
    for line_id in line_ids:
        try:
            await line.link_menu(line_id, menu_id)
        except LineError as error:
            if error.answer.outcome is not Outcome.REFUSED or error.answer.status == 404:
                raise
            log.warning("a menu was refused for one resident: %s", error)


def _find_marked(db: Session) -> list[Due]:
    menus = live_menus(db)
    marked = (
        select(
            menu_link.c.resident_id,
            resident.c.line_id,
            resident.c.language,
            resident.c.follows,
            menu_link.c.menu_id,
            menu_link.c.due,
        )
        .join(resident, resident.c.id == menu_link.c.resident_id)
        .where(menu_link.c.due > 0)
        .order_by(menu_link.c.resident_id)
        .limit(MOST_LINKED)
    )
    found = [
        Due(row.resident_id, row.line_id, _wanted(menus, row), row.menu_id, row.due)
        for row in db.execute(marked)
    ]
    return sorted(found, key=lambda one: (one.wanted or "", one.resident_id))


def _wanted(menus: Mapping[str, str], row: Any) -> str | None:
    """Their own menu; None is the one for everybody. Who has left is linked when they return."""
    if not row.follows or row.language == LANGUAGES[0]:
        return None
    return menus.get(row.language)


def _settle(db: Session, people: Iterable[Due]) -> None:
    for one in people:
        same = (menu_link.c.resident_id == one.resident_id) & (menu_link.c.due == one.due)
        if one.wanted is None:
            db.execute(delete(menu_link).where(same))
        else:
            db.execute(update(menu_link).where(same).values(due=0, menu_id=one.wanted))


def live_menus(db: Session) -> dict[str, str]:
    """Language → the menu that those who read it see now; empty before anything was published."""
    live = select(rich_menu.c.language, rich_menu.c.menu_id).where(rich_menu.c.live == true())
    return {row.language: row.menu_id for row in db.execute(live)}
