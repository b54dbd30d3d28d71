"""`madoguchi backup`, `restore` and `resume`."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from madoguchi.errors import MadoguchiError
from madoguchi.shell import tell

if TYPE_CHECKING:
    from madoguchi.config import Gateway

app = typer.Typer()

Config = Annotated[Path, typer.Option(help="A city's file, or the folder of all of them.")]
Data = Annotated[Path, typer.Option(help="Where the embedded databases lie.")]
City = Annotated[str, typer.Option(help="The gateway's name, if there are several.")]
CONFIG, DATA = Path("config"), Path("data")


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="The file to write, such as mihon.zip.")],
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Copy a city's databases into one file, while everything runs."""
    tell(_backup(config, data, city, to))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `madoguchi backup` wrote.")],
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Put a copy back. It sends nothing before a person says so: in the console, or by `resume`."""
    tell(_restore(config, data, city, file))


@app.command()
def resume(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Let a restored city handle events and send again, after somebody has looked at it."""
    tell(_resume(config, data, city))


async def _backup(config: Path, data: Path, city: str, to: Path) -> list[str]:
    from madoguchi.backups import back_up
    from madoguchi.clock import Clock
    from madoguchi.inspection import pick_city

    gateway, now = pick_city(config, city), Clock().now()
    return [*await back_up(gateway, data, to, now), *await _note(gateway, data, now)]


async def _note(gateway: "Gateway", data: Path, now: datetime) -> list[str]:
    """So that staff read when the last copy was made; the copy is there without it."""
    from madoguchi import care
    from madoguchi.asking import ask, open_unattended

    try:
        if await ask(gateway, data, "backup.note", at=now.isoformat()) is None:
            async with open_unattended(gateway, data) as store:
                await store.write(care.note_copy, now)
    except MadoguchiError as error:
        return [f"the copy is whole, but staff will not read of it: {error}"]
    return []


async def _restore(config: Path, data: Path, city: str, file: Path) -> list[str]:
    from madoguchi import backups, migrations
    from madoguchi.clock import Clock
    from madoguchi.gateway import migration_sets
    from madoguchi.inspection import load_plugins, pick_city

    gateway = pick_city(config, city)
    sets = [migrations.CORE, *migration_sets(load_plugins(gateway))]
    return await backups.restore(gateway, data, file, sets, Clock().now())


async def _resume(config: Path, data: Path, city: str) -> list[str]:
    from madoguchi import held
    from madoguchi.asking import ask, open_unattended
    from madoguchi.inspection import pick_city
    from madoguchi.settings_commands import acting

    gateway = pick_city(config, city)
    who = asdict(acting())
    answer = await ask(gateway, data, "gateway.resume", actor=who)
    if answer is None:
        async with open_unattended(gateway, data) as store:
            answer = [await held.deeds(store)["gateway.resume"](actor=who)]
    return [f"{gateway.name} goes on" if answer[0] else f"{gateway.name} was not held"]
