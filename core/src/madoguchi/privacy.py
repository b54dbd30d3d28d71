"""A resident's own data: all of it handed out, or all of it gone, across the core and all plugins.

An erasure is a row before anything is deleted, and stays open until every plugin has done its part:
one that fails is called again by a job, and the others are not held up. At the end the resident's
row goes, and with it the rows of plugins that are off (ON DELETE CASCADE or SET NULL).

What is known of a finished erasure is a keyed hash of the LINE id. It stands in the database and in
`erasures.txt` beside it, so that an older copy of the database repeats it (`repeat_erasures`).
"""

import asyncio
import hashlib
import hmac
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import inbox_orders, ledger, retention
from madoguchi.audit import Actor, audit
from madoguchi.config import Gateway
from madoguchi.errors import MadoguchiError
from madoguchi.plugins import PLUGIN_FAULTS, Plugin, Plugins
from madoguchi.residents import ERASED
from madoguchi.store import Store
from madoguchi.tables import (
    CORE,
    draft,
    erasure,
    media,
    menu_link,
    outgoing,
    own_copy,
    profile,
    resident,
    submission,
    unanswered,
)
from madoguchi.types import Erased, Event, Resident

log = logging.getLogger("madoguchi.privacy")

ERASURES = "erasures.txt"
"""Beside the databases: a keyed hash a line. Not restored with them, and never emptied."""
OWN = (draft, media, submission, profile, outgoing)
"""The core's tables whose rows belong to one resident."""
NAMES_OF_TABLES = {
    "submission": "送信された内容",
    "profile": "登録された内容",
    "draft": "入力の途中の内容",
    "media": "写真・ファイル",
    "events": "LINEで受け取ったもの",
    "outgoing": "LINEで送ったもの",
    "audit": "操作の記録",
}
"""What residents call what the core holds."""


@dataclass(frozen=True, slots=True)
class Office:
    """What finding, exporting and erasing takes; the worker and the command line both have it."""

    gateway: Gateway
    folder: Path
    """Where `erasures.txt` lies."""
    store: Store
    plugins: Plugins
    now: Callable[[], datetime]

    def key_of(self, what: str, text: str) -> str:
        """A keyed hash, which tells nothing and finds the same text again."""
        key = self.gateway.settings.line.channel_secret.encode()
        return hmac.digest(key, f"{what} {text}".encode(), hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class Person:
    """A resident with their LINE id, which nobody else needs."""

    resident: Resident
    line_id: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far an erasure came. By owner: `core`, or a plugin's name."""

    id: int
    resident_id: int
    deleted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    kept: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    """What stays, each with `what`, `ground` and `until`."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Who could not do their part, and why; they are called again."""
    done_at: datetime | None = None


def find_person(db: Session, who: str) -> Person | None:
    """The resident of a LINE user id, or of our own number."""
    known = resident.c.line_id == who
    if who.isascii() and who.isdigit() and len(who) < 19:
        known = resident.c.id == int(who)
    row = db.execute(select(resident).where(known)).one_or_none()
    if row is None:
        return None
    return Person(Resident(row.id, bool(row.follows), row.language), row.line_id)


async def count_data(office: Office, person: Person) -> dict[str, int]:
    """What the core holds about a resident: table → rows, and `events` of the inbox."""
    counts = await office.store.read(_count_own, person.resident.id)
    events = await inbox_orders.find_naming(office.store, person.line_id)
    return {**counts, "events": len(events)}


def _count_own(db: Session, number: int) -> dict[str, int]:
    def count(table: Table) -> int:
        theirs = select(func.count()).select_from(table).where(table.c.resident_id == number)
        return db.execute(theirs).scalar_one()

    return {table.name: count(table) for table in OWN}


async def erase(office: Office, person: Person, actor: Actor) -> Erasure:
    """Erase a resident. What fails is in the result, and is tried again by `finish_erasures`."""
    key = office.key_of("erasure", person.line_id)
    await asyncio.to_thread(_write_down, office.folder / ERASURES, key, office.now())
    number = await office.store.write(_begin, person.resident.id, key, office.now(), actor)
    done = await _carry_out(office, number)
    await retention.scrub(office.store, office.store.write)
    return done


async def rehearse(office: Office, person: Person) -> Erasure:
    """What an erasure would delete and what would stay: done, and taken back at once."""
    counts = await count_data(office, person)
    report = _empty()
    report["deleted"][CORE] = {name: count for name, count in counts.items() if count}
    for plugin in office.plugins.all.values():
        try:
            await office.store.write(_take_back, plugin, person.resident, label=plugin.label)
        except _TakenBack as back:
            _fill(report, plugin.name, back.erased)
        except PLUGIN_FAULTS as error:
            plugin.fail("erase_personal_data", error)
            report["failed"][plugin.name] = plugin.trouble or type(error).__name__
    return _erasure(0, person.resident.id, report, None)


async def find_erasure(office: Office, resident_id: int) -> Erasure | None:
    """The erasure of who had this number, as far as it came."""
    theirs = select(erasure).where(erasure.c.resident_id == resident_id)
    row = await office.store.read(lambda db: db.execute(theirs).one_or_none())
    return _erasure(row.id, resident_id, row.report, row.done_at) if row else None


async def finish_erasures(office: Office) -> list[Erasure]:
    """Go on with every erasure that somebody could not do their part of."""
    numbers = await office.store.read(
        lambda db: db.scalars(select(erasure.c.id).where(erasure.c.done_at.is_(None))).all()
    )
    return [await _carry_out(office, number) for number in numbers]


async def repeat_erasures(office: Office, actor: Actor) -> list[Erasure]:
    """Erase again who is in the database although they were erased: it is an older copy.

    Who came back after their erasure stays: then the database knows of it.
    """
    kept = timedelta(days=office.gateway.settings.retention.erasures - 1)
    path = office.folder / ERASURES
    keys = await asyncio.to_thread(_read_down, path, office.now() - kept)
    people = await office.store.read(_find_lost, keys, office) if keys else []
    return [await erase(office, person, actor) for person in people]


def _find_lost(db: Session, keys: set[str], office: Office) -> list[Person]:
    done = select(erasure.c.line_key)
    if not (lost := keys - set(db.scalars(done))):
        return []
    rows = db.execute(select(resident.c.id, resident.c.line_id)).all()
    found = [row for row in rows if office.key_of("erasure", row.line_id) in lost]
    return [Person(Resident(row.id, False), row.line_id) for row in found]


def _write_down(path: Path, key: str, now: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        file.write(f"{now:%Y-%m-%d} {key}\n")
        file.flush()
        os.fsync(file.fileno())


def _read_down(path: Path, after: datetime) -> set[str]:
    """The keys that are not older than the rows that say the same."""
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return {line[11:] for line in lines if line[:10] >= f"{after:%Y-%m-%d}"}


def deeds(office: Office) -> dict[str, Callable[..., Awaitable[Any]]]:
    """What a command asks the worker to do (`asking`): residents by number, JSON as the answer."""

    async def erase_resident(number: int, actor: Mapping[str, Any]) -> dict[str, Any]:
        person = await office.store.read(find_person, str(number))
        if person is None:
            raise MadoguchiError(f"resident {number} is not there any more")
        done = await erase(office, person, Actor(**actor))
        return {"deleted": done.deleted, "kept": done.kept, "failed": done.failed}

    async def note_export(number: int, actor: Mapping[str, Any]) -> None:
        who = Actor(**actor)
        await office.store.write(audit, who, "resident.export", f"resident:{number}")

    return {"resident.erase": erase_resident, "resident.note_export": note_export}


# One erasure


async def _carry_out(office: Office, number: int) -> Erasure:
    """Each plugin in a unit of its own, then the core; nothing is done twice."""
    row = await office.store.read(_find, number)
    person = await office.store.read(find_person, str(row.resident_id))
    if person is not None:
        for plugin in office.plugins.all.values():
            if plugin.name not in row.report["done"]:
                await _erase_from(office, plugin, number, person.resident)
        if CORE not in row.report["done"]:
            events = await inbox_orders.find_naming(office.store, person.line_id)
            await office.store.write(_erase_own, office, number, person, events)
    return await office.store.write(_close, number, list(office.plugins.all), office.now())


async def _erase_from(office: Office, plugin: Plugin, number: int, who: Resident) -> None:
    try:
        await office.store.write(_erase_theirs, number, plugin, who, label=plugin.label)
    except PLUGIN_FAULTS as error:
        plugin.fail("erase_personal_data", error)
        reason = plugin.trouble or type(error).__name__
        await office.store.write(_note_failure, number, plugin.name, reason)


def _erase_theirs(db: Session, number: int, plugin: Plugin, who: Resident) -> None:
    """One plugin's part; somebody who asked twice finds it done."""
    report = _lock(db, number).report
    if plugin.name not in report["done"]:
        _fill(report, plugin.name, _call_eraser(db, plugin, who))
        _write(db, number, report)


def _call_eraser(db: Session, plugin: Plugin, who: Resident) -> Erased:
    if plugin.trouble:
        raise RuntimeError(f"quarantined: {plugin.trouble}")
    call = plugin.hooks.get("erase_personal_data")
    found = call({"db": db, "resident": who}) if call else Erased()
    if not isinstance(found, Erased):
        raise TypeError(f"returned {type(found).__name__}, not Erased")
    return found


class _TakenBack(Exception):
    """What was erased in a unit that must not be committed."""

    def __init__(self, erased: Erased) -> None:
        super().__init__()
        self.erased = erased


def _take_back(db: Session, plugin: Plugin, who: Resident) -> None:
    raise _TakenBack(_call_eraser(db, plugin, who))


def _erase_own(
    db: Session, office: Office, number: int, person: Person, events: Sequence[Event]
) -> None:
    """The core's own part; from here on nothing leads from the LINE id to the resident's row."""
    report = _lock(db, number).report
    if CORE in report["done"]:
        return
    who = person.resident.id
    counts = {**_count_own(db, who), "events": len(events)}
    for table in (*OWN, own_copy, menu_link):
        db.execute(delete(table).where(table.c.resident_id == who))
    keys = [
        office.key_of("message", str(one.message["id"]))
        for one in events
        if one.message and "id" in one.message
    ]
    db.execute(delete(unanswered).where(unanswered.c.message_key.in_(keys)))
    ledger.forget_recipient(db, who)
    inbox_orders.forget_events(db, [event.id for event in events])
    db.execute(
        update(resident)
        .where(resident.c.id == who)
        .values(line_id=f"{ERASED}{who}", follows=False, language=None)
    )
    _fill(report, CORE, Erased({name: count for name, count in counts.items() if count}))
    _write(db, number, report)


def _begin(db: Session, who: int, key: str, now: datetime, actor: Actor) -> int:
    """The row of the erasure; the one that was begun already, if there is one."""
    db.execute(select(resident.c.id).where(resident.c.id == who).with_for_update())
    same = select(erasure.c.id).where(erasure.c.resident_id == who)
    if (number := db.execute(same).scalar()) is not None:
        return number
    made = insert(erasure).values(resident_id=who, line_key=key, at=now, report=_empty())
    audit(db, actor, "resident.erase", f"resident:{who}")
    return db.execute(made.returning(erasure.c.id)).scalar_one()


def _find(db: Session, number: int) -> Any:
    return db.execute(select(erasure).where(erasure.c.id == number)).one()


def _lock(db: Session, number: int) -> Any:
    """The row; whoever else is at it waits."""
    return db.execute(select(erasure).where(erasure.c.id == number).with_for_update()).one()


def _write(db: Session, number: int, report: Mapping[str, Any]) -> None:
    db.execute(update(erasure).where(erasure.c.id == number).values(report=report))


def _note_failure(db: Session, number: int, owner: str, reason: str) -> None:
    report = _lock(db, number).report
    if owner not in report["done"]:
        report["failed"][owner] = reason
        _write(db, number, report)


def _empty() -> dict[str, Any]:
    return {"done": [], "deleted": {}, "kept": {}, "failed": {}}


def _fill(report: dict[str, Any], owner: str, erased: Erased) -> None:
    """Write down how one owner's part went."""
    report["failed"].pop(owner, None)
    report["done"] = sorted({*report["done"], owner})
    report["deleted"][owner] = dict(erased.deleted)
    report["kept"][owner] = [{**asdict(one), "until": one.until.isoformat()} for one in erased.kept]


def _close(db: Session, number: int, plugins: Sequence[str], now: datetime) -> Erasure:
    """Delete the resident's row if everybody is done, and with it what refers to it."""
    row = _lock(db, number)
    done, report = row.done_at, row.report
    if done is None and {CORE, *plugins} <= set(report["done"]):
        done = now
        db.execute(delete(resident).where(resident.c.id == row.resident_id))
        db.execute(update(erasure).where(erasure.c.id == number).values(done_at=now))
        kept = {owner: len(those) for owner, those in report["kept"].items()}
        detail = {"deleted": report["deleted"], "kept": kept}
        system = Actor("system", "core/erase", "madoguchi")
        audit(db, system, "resident.erased", f"resident:{row.resident_id}", detail)
    return _erasure(number, row.resident_id, report, done)


def _erasure(number: int, who: int, report: Mapping[str, Any], done: datetime | None) -> Erasure:
    return Erasure(
        number,
        who,
        {owner: counts for owner, counts in report["deleted"].items() if counts},
        {owner: kept for owner, kept in report["kept"].items() if kept},
        report["failed"],
        done,
    )
