"""`madoguchi export`, `erase` and `retention`: beside a running worker, or without one."""

import asyncio
import zipfile
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from madoguchi import retention
from madoguchi.asking import ask, open_unattended
from madoguchi.clock import Clock
from madoguchi.config import Gateway
from madoguchi.errors import MadoguchiError
from madoguchi.export import export
from madoguchi.inspection import load_plugins, open_for_reading, pick_city
from madoguchi.privacy import Office, Person, count_data, deeds, find_person
from madoguchi.settings_commands import acting
from madoguchi.store import Store


async def export_to(
    config: Path, data: Path, city: str, who: str, to: Path | None
) -> tuple[list[str], bool]:
    """Write a resident's data into a folder, or a file that ends in .zip; whether it is whole."""
    gateway = pick_city(config, city)
    async with _reading(gateway, data) as office:
        person = await _find(office, who)
        to = to or Path(f"export-{gateway.name}-{person.resident.id}")
        if to.exists():
            raise MadoguchiError(f"{to} is there already: name another place with --to")
        made = await export(office, person)
    await _do(gateway, data, "resident.note_export", number=person.resident.id)
    await asyncio.to_thread(_write, to, made.files)
    lines = [f"{to}: {len(made.files)} files about resident {person.resident.id}"]
    lines += [f"missing: {name} failed: {reason}" for name, reason in made.failed.items()]
    return lines, not made.failed


def _write(to: Path, files: Mapping[str, bytes]) -> None:
    """Readable for nobody else on this machine."""
    if to.suffix == ".zip":
        to.touch(0o600)
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return
    for name, content in files.items():
        (to / name).parent.mkdir(0o700, parents=True, exist_ok=True)
        (to / name).write_bytes(content)


async def erase(config: Path, data: Path, city: str, who: str, yes: bool) -> tuple[list[str], bool]:
    """Erase a resident, or say what would go; whether all of it is done."""
    gateway = pick_city(config, city)
    async with _reading(gateway, data) as office:
        person = await _find(office, who)
        counts = await count_data(office, person)
        theirs = await office.store.read(_count_theirs, office, person.resident.id)
    if not yes:
        lines = [f"resident {person.resident.id} would be erased:"]
        lines += [f"  {name}\t{count}" for name, count in {**counts, **theirs}.items()]
        return [*lines, "nothing has changed; --yes does it, and it cannot be undone"], True
    done = await _do(gateway, data, "resident.erase", number=person.resident.id)
    lines = [
        f"deleted\t{owner}\t{name}\t{count}"
        for owner, found in done["deleted"].items()
        for name, count in found.items()
    ]
    lines += [
        f"kept\t{owner}\t{one['what']}\t{one['ground']}\tuntil {one['until']}"
        for owner, kept in done["kept"].items()
        for one in kept
    ]
    lines += [f"failed\t{owner}\t{reason}" for owner, reason in done["failed"].items()]
    finished = not done["failed"]
    end = "is erased" if finished else "is not wholly erased: it is tried again every ten minutes"
    return [*lines, f"resident {person.resident.id} {end}"], finished


def _count_theirs(db: Any, office: Office, number: int) -> dict[str, int]:
    """The rows of plugins' tables that refer to a resident."""
    counts = {}
    for plugin in office.plugins.well():
        for table in plugin.models.metadata.tables.values() if plugin.models else ():
            for key in table.foreign_keys:
                if key.target_fullname == "resident.id":
                    theirs = select(func.count()).select_from(table).where(key.parent == number)
                    counts[table.name] = db.execute(theirs).scalar_one()
    return counts


async def show_retention(config: Path, data: Path, city: str) -> list[str]:
    """A line for each kind of data: how long it is kept, and how much would go now."""
    gateway = pick_city(config, city)
    async with _reading(gateway, data) as office:
        kinds = retention.kinds(gateway.settings.retention, office.plugins.well())
        due = await retention.count_due(office.store, kinds, office.now())
    return [f"{kind.name}\t{_period(kind)}\t{count} due\t{kind.what}" for kind, count in due]


def _period(kind: retention.Kind) -> str:
    return f"{kind.after.days} days" if kind.after else "by age"


# Reading, and having it done


@asynccontextmanager
async def _reading(gateway: Gateway, data: Path) -> Any:
    store = await open_for_reading(gateway, data)
    try:
        yield _office(gateway, data, store)
    finally:
        await store.close()


def _office(gateway: Gateway, data: Path, store: Store) -> Office:
    return Office(gateway, data / gateway.name, store, load_plugins(gateway), Clock().now)


async def _find(office: Office, who: str) -> Person:
    person = await office.store.read(find_person, who)
    if person is None:
        raise MadoguchiError(f"nobody is known as {who}: give a LINE user id, or our own number")
    return person


async def _do(gateway: Gateway, data: Path, deed: str, **given: Any) -> Any:
    """Have the running worker do it; if none is there, do it here."""
    given["actor"] = asdict(acting())
    answer = await ask(gateway, data, deed, **given)
    if answer is not None:
        return answer[0]
    async with open_unattended(gateway, data) as store:
        return await deeds(_office(gateway, data, store))[deed](**given)
