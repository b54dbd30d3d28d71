"""`madoguchi settings`: look at what staff change, and change it, beside a worker or without."""

import getpass
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from madoguchi.asking import ask, open_unattended, redis_address
from madoguchi.audit import Actor
from madoguchi.beat import Beat
from madoguchi.clock import JST, Clock
from madoguchi.config import Gateway, find_files
from madoguchi.differences import compare
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.inspection import load_plugins, open_for_reading, pick_city
from madoguchi.live import Live
from madoguchi.settings import Version, history, newest, read_file, seeds, write_file
from madoguchi.store import Store


async def show(config: Path, data: Path, city: str, owner: str) -> list[str]:
    """What is in force, with who made it so."""
    versions = await _read(pick_city(config, city), data, newest)
    lines = []
    for version in _of(versions, owner):
        lines += [f"# {_heading(version)}", write_file({version.owner: version.content})]
    return lines


async def export(config: Path, data: Path, city: str) -> str:
    """Everything that `change` takes back."""
    versions = await _read(pick_city(config, city), data, newest)
    return write_file(
        {one.owner: one.content for one in versions.values()},
        {one.owner: one.number for one in versions.values()},
    )


async def list_history(config: Path, data: Path, city: str, owner: str, most: int) -> list[str]:
    """The versions, the newest first, each with what it changed."""
    versions = await _read(pick_city(config, city), data, history, owner or None, most)
    lines = []
    for version in versions:
        lines += [_heading(version), *(f"    {change}" for change in version.changes)]
    return lines or [f"there are no settings [{owner}]"]


async def differ(config: Path, data: Path, city: str) -> list[str]:
    """How what is in force differs from the city's file, which was the first version."""
    gateway = pick_city(config, city)
    versions = await _read(gateway, data, newest)
    lines = []
    for owner, seed in seeds(gateway.settings, load_plugins(gateway)).items():
        if owner in versions:
            lines += map(str, compare(seed, versions[owner].content, owner))
    return lines


async def note_differences(config: Path, data: Path) -> list[str]:
    """A line for each city whose file says something else than what is in force."""
    lines = []
    for file in find_files(config):
        with suppress(MadoguchiError):
            if found := await differ(file, data, ""):
                lines.append(
                    f"{file}: {len(found)} settings are not as in the file, and are in force: see"
                    " madoguchi settings diff"
                )
    return lines


async def import_file(
    config: Path, data: Path, city: str, file: Path, comment: str, dry_run: bool
) -> list[str]:
    """Make what a file holds the newest versions; what changes, in words."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read: {error}"]) from error
    contents, base = read_file(text, str(file))
    comment = comment or f"import of {file.name}"
    return await _change(pick_city(config, city), data, contents, base, comment, str(file), dry_run)


async def undo(
    config: Path, data: Path, city: str, owner: str, to: int, comment: str, dry_run: bool
) -> list[str]:
    """Bring an older version back, as a new one; without `to`, the one before the newest."""
    gateway = pick_city(config, city)
    versions = await _read(gateway, data, history, owner)
    if not versions:
        raise MadoguchiError(f"there are no settings [{owner}]")
    number = to or versions[0].number - 1
    old = next((one for one in versions if one.number == number), None)
    if old is None:
        raise MadoguchiError(f"[{owner}] has no version {number}: look with settings history")
    base = {owner: versions[0].number}
    comment = comment or f"back to version {number}"
    contents = {owner: old.content}
    return await _change(gateway, data, contents, base, comment, f"version {number}", dry_run)


async def _change(
    gateway: Gateway,
    data: Path,
    contents: dict[str, Any],
    base: dict[str, int],
    comment: str,
    file: str,
    dry_run: bool,
) -> list[str]:
    given = {
        "contents": contents,
        "base": base,
        "actor": asdict(acting()),
        "comment": comment,
        "file": file,
        "dry_run": dry_run,
    }
    answer = await ask(gateway, data, "settings.change", **given)
    return answer[0] if answer else await _change_here(gateway, data, given)


async def _change_here(gateway: Gateway, data: Path, given: dict[str, Any]) -> list[str]:
    """Nobody listens: change the database from here. Workers on PostgreSQL will notice."""
    async with open_unattended(gateway, data) as store:
        live = Live(gateway, load_plugins(gateway), store, Beat.private(), Clock())
        await live.open()
        lines = await live.change(**given | {"actor": Actor(**given["actor"])})
        with suppress(RedisError, OSError):
            async with Redis.from_url(
                redis_address(gateway, data), socket_connect_timeout=1
            ) as redis:
                await redis.publish(f"{gateway.name}:changed", b"")
        return lines


async def _read(gateway: Gateway, data: Path, fn: Callable[..., Any], *args: Any) -> Any:
    store: Store = await open_for_reading(gateway, data)
    try:
        return await store.read(fn, *args)
    finally:
        await store.close()


def _of(versions: dict[str, Version], owner: str) -> list[Version]:
    if owner and owner not in versions:
        raise MadoguchiError(f"there are no settings [{owner}]; there are {', '.join(versions)}")
    return [version for name, version in versions.items() if owner in ("", name)]


def _heading(version: Version) -> str:
    at = version.at.astimezone(JST)
    who = f"by {version.actor.label}"
    return (
        f"[{version.owner}] version {version.number}, {at:%Y-%m-%d %H:%M}, {who}: {version.comment}"
    )


def acting() -> Actor:
    """Who types the command, for the audit log."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = str(os.getuid())
    return Actor("system", f"cli:{who}", f"{who} (command line)")
