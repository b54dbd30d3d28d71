# nosay: what is said here, staff read
"""Brings the rich menu to LINE: made, given its picture, shown to everybody, then tidied up.

Nobody sees anything of it before all of it is there: the default is switched last. How far it came
is in `rich_menu`, so whoever goes on after a crash makes nothing twice. Menus whose name is not
ours are never changed or deleted; the default from before us can be put back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, true, update
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi.errors import MadoguchiError
from madoguchi.management import LineError
from madoguchi.menu import comparing, linking, taps, telling
from madoguchi.menu.calls import Menu
from madoguchi.menu.designs import OURS, Design, design_menus
from madoguchi.menu.fonts import Font, find_font
from madoguchi.tables import meta, rich_menu

if TYPE_CHECKING:
    from madoguchi.services import Services

MOST_MENUS = 1000
"""Menus that an account may have by the API (R45)."""
MOST_AN_HOUR = 100
FORMER = "menu/former"
"""The key in `meta` under which the default from before us stands; empty: the API had set none."""
STEP = 8.0
"""Seconds that one call of a command's deed may take; then the command asks again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database knows: menus that are whole, by name, and what residents see."""

    whole: dict[str, str]
    live: dict[str, str]
    readers: dict[str, int]
    resting: set[str]
    """Those that nobody sees any more and whose last taps LINE has not counted."""
    former: str | None
    made_lately: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is now, at LINE and here, and what shall be."""

    designs: list[Design]
    font: Font
    listed: list[Menu]
    default: str | None
    kept: Kept

    @property
    def wanted(self) -> dict[str, str]:
        """Names of the designs that are whole at LINE, and their ids."""
        there = {menu.id for menu in self.listed}
        return {
            one.name: self.kept.whole[one.name]
            for one in self.designs
            if self.kept.whole.get(one.name) in there
        }

    @property
    def missing(self) -> list[Design]:
        """What has to be made."""
        return [one for one in self.designs if one.name not in self.wanted]

    @property
    def is_done(self) -> bool:
        """Whether residents see just this already."""
        live = {one.language: self.wanted.get(one.name) for one in self.designs}
        first = live.get(self.designs[0].language)
        return not self.missing and self.kept.live == live and self.default == first


async def look(services: "Services") -> Sight:
    """Everything that is known, for `telling.describe`. Raises `LineError`, `NoFont`."""
    font = await asyncio.to_thread(find_font, services.settings.menu.font)
    return Sight(
        design_menus(services, font),
        font,
        await services.client.menus(),
        await services.client.default_menu(),
        await services.store.read(_read_kept, services.clock.now()),
    )


async def publish(services: "Services", actor: Actor) -> bool:
    """Show the menu to everybody, a menu or some hundreds of people at a time.

    False if something is left: then call again. Raises `LineError`, or `MadoguchiError` if it
    cannot fit; residents then see what they saw.
    """
    sight = await look(services)
    if sight.missing:
        await _make_one(services, sight)
        return False
    if not sight.is_done:
        await _switch(services, sight, actor)
    return await _finish(services)


async def restore(services: "Services", actor: Actor) -> bool:
    """Show the default from before us; False if people are still to be unlinked: call again."""
    kept = await services.store.read(_read_kept, services.clock.now())
    if kept.live:
        if kept.former is None:
            raise MadoguchiError(telling.NO_FORMER)
        listed = {menu.id for menu in await services.client.menus()}
        if kept.former and kept.former not in listed:
            raise MadoguchiError(telling.FORMER_GONE)
        await services.client.set_default_menu(kept.former or None)
        now = services.clock.now()
        await services.store.write(_note_switch, [], None, actor, "menu.restore", now)
    return await _finish(services)


async def _make_one(services: "Services", sight: Sight) -> None:
    """Make the first of what is missing, with its picture; nobody sees it yet."""
    line, store = services.client, services.store
    in_use = {*sight.wanted.values(), *sight.kept.live.values(), sight.default}
    unseen = [one for one in sight.listed if one.name.startswith(OURS) and one.id not in in_use]
    leftover = [one for one in unseen if one.id not in sight.kept.resting]
    if len(sight.listed) - len(leftover) + len(sight.missing) > MOST_MENUS:
        leftover = unseen  # a menu matters more than the count of another one's last taps
    left = len(sight.listed) - len(leftover)
    if left + len(sight.missing) > MOST_MENUS:
        raise MadoguchiError(telling.too_many(left))
    if sight.kept.made_lately + len(sight.missing) > MOST_AN_HOUR:
        raise MadoguchiError(telling.TOO_OFTEN)
    for menu in leftover:
        await line.delete_menu(menu.id)
    design = sight.missing[0]
    picture = await asyncio.to_thread(design.draw, sight.font)
    menu_id = await line.create_menu(design.menu())
    tiles = [tile.action["label"] for tile in sight.designs[0].tiles]
    await store.write(_note_made, menu_id, design, tiles, services.clock.now())
    await line.upload_menu_image(menu_id, picture)
    await store.write(_note_whole, menu_id)


async def _switch(services: "Services", sight: Sight, actor: Actor) -> None:
    """The default first, then what the database says: who reads another language is linked."""
    ours = {menu.id for menu in sight.listed if menu.name.startswith(OURS)}
    former = None if sight.default in ours else sight.default or ""
    if former is not None:
        await services.store.write(_note_former, former)
    ids = [sight.wanted[one.name] for one in sight.designs]
    await services.client.set_default_menu(ids[0])
    name, now = sight.designs[0].name, services.clock.now()
    await services.store.write(_note_switch, ids, name, actor, "menu.publish", now)


async def _finish(services: "Services") -> bool:
    """Link whoever needs it, then delete our menus that are not needed any more."""
    loop = asyncio.get_running_loop()
    end = loop.time() + STEP
    try:
        while await linking.link_marked(services.store, services.client):
            if loop.time() > end:
                return False
        await tidy(services)
    except LineError as error:
        raise MadoguchiError(telling.explain_rest(error)) from error
    return True


async def tidy(services: "Services") -> None:
    """Delete our menus that nobody sees any more, once their last taps are counted."""
    kept = await services.store.read(_read_kept, services.clock.now())
    default = await services.client.default_menu()
    needed = {*kept.live.values(), *kept.resting, default}
    for menu in await services.client.menus():
        if menu.name.startswith(OURS) and menu.id not in needed:
            await services.client.delete_menu(menu.id)
    await services.store.write(_forget_old, services.clock.now())


def deeds(services: "Services") -> dict[str, Callable[..., Awaitable[Any]]]:
    """What a command asks the worker to do (`asking`)."""
    folder = services.office.folder.absolute() / "menu"

    async def plan() -> list[str]:
        try:
            return telling.describe(await look(services))
        except LineError as error:
            raise MadoguchiError(telling.explain(error)) from error

    async def compare() -> list[str]:
        try:
            shown = await comparing.compare(await look(services), services.client, folder)
        except LineError as error:
            raise MadoguchiError(telling.explain(error)) from error
        return [str(file) for file in shown]

    async def go(work: Callable[..., Awaitable[bool]], actor: dict[str, Any]) -> bool:
        async with services.publishing:
            try:
                return await work(services, Actor(**actor))
            except LineError as error:
                raise MadoguchiError(telling.explain(error)) from error

    return {
        "menu.plan": plan,
        "menu.compare": compare,
        "menu.publish": lambda actor: go(publish, actor),
        "menu.restore": lambda actor: go(restore, actor),
    }


def has_menus(db: Session) -> bool:
    """Whether there is a menu of ours."""
    return db.execute(select(rich_menu.c.menu_id).limit(1)).first() is not None


def _read_kept(db: Session, now: datetime) -> Kept:
    whole = select(rich_menu.c.name, rich_menu.c.menu_id).where(rich_menu.c.whole == true())
    lately = select(func.count()).where(rich_menu.c.made > now - timedelta(hours=1))
    return Kept(
        {row.name: row.menu_id for row in db.execute(whole)},
        linking.live_menus(db),
        linking.count_readers(db),
        set(db.scalars(select(rich_menu.c.menu_id).where(taps.is_resting(now)))),
        db.execute(select(meta.c.value).where(meta.c.key == FORMER)).scalar(),
        db.execute(lately).scalar_one(),
    )


def _note_made(db: Session, menu_id: str, design: Design, tiles: list[str], now: datetime) -> None:
    row = {"menu_id": menu_id, "name": design.name, "language": design.language, "made": now}
    db.execute(insert(rich_menu).values(**row, whole=False, live=False, tiles=tiles))


def _note_whole(db: Session, menu_id: str) -> None:
    db.execute(update(rich_menu).where(rich_menu.c.menu_id == menu_id).values(whole=True))


def _note_former(db: Session, menu_id: str) -> None:
    db.execute(delete(meta).where(meta.c.key == FORMER))
    db.execute(insert(meta).values(key=FORMER, value=menu_id))


def _note_switch(
    db: Session, ids: list[str], name: str | None, actor: Actor, action: str, now: datetime
) -> None:
    shown = rich_menu.c.menu_id.in_(ids)
    db.execute(update(rich_menu).where(rich_menu.c.live == true(), ~shown).values(gone=now))
    db.execute(update(rich_menu).where(shown).values(gone=None))
    db.execute(update(rich_menu).values(live=shown))
    linking.mark_all(db)
    audit(db, actor, action, f"menu:{name or 'former'}")


def _forget_old(db: Session, now: datetime) -> None:
    needed = taps.is_resting(now) | (rich_menu.c.live == true())
    old = rich_menu.c.made < now - timedelta(hours=1)
    db.execute(delete(rich_menu).where(old, ~needed))
