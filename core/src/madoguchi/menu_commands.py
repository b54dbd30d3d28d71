"""`madoguchi menu`: asks the running worker to show what would change, to publish, to put back.

How often it was tapped is read from the database.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from madoguchi.asking import ask
from madoguchi.clock import JST, Clock
from madoguchi.config import Gateway
from madoguchi.errors import MadoguchiError
from madoguchi.inspection import open_for_reading, pick_city
from madoguchi.menu import taps, telling
from madoguchi.settings_commands import acting


async def plan(config: Path, data: Path, city: str) -> list[str]:
    """Show what residents see and shall see."""
    return await _plan(pick_city(config, city), data)


async def publish(
    config: Path, data: Path, city: str, agree: Callable[[list[str], bool], bool]
) -> list[str]:
    """Show what residents see and shall see; publish it after a yes.

    `agree` is given the lines, and whether anything changes.
    """
    gateway = pick_city(config, city)
    lines = await _plan(gateway, data)
    changes = telling.SAME not in lines
    if not agree(lines, changes):
        return [telling.LEFT] if changes else []
    await publish_menu(gateway, data)
    return [telling.PUBLISHED] if changes else []


async def _plan(gateway: Gateway, data: Path) -> list[str]:
    """In words, and where the pictures of both are if they differ."""
    lines: list[str] = await _ask(gateway, data, "menu.plan")
    if telling.SAME not in lines:
        lines += telling.tell_pictures(await _ask(gateway, data, "menu.compare"))
    return lines


async def publish_menu(gateway: Gateway, data: Path) -> None:
    """Publish without a question, as the demo does."""
    await _repeat(gateway, data, "menu.publish")


async def count(config: Path, data: Path, city: str, days: int) -> list[str]:
    """How often each tile was tapped until yesterday."""
    store = await open_for_reading(pick_city(config, city), data)
    try:
        moved = data / "clock"  # the demo's time; elsewhere there is no such file
        now = Clock(moved if moved.exists() else None).now()
        last = now.astimezone(JST).date() - timedelta(days=1)
        first = last - timedelta(days=days - 1)
        return taps.describe(await store.read(taps.count_taps, first, last), first, last)
    finally:
        await store.close()


async def restore(config: Path, data: Path, city: str) -> list[str]:
    """Show everybody the menu from before us again."""
    await _repeat(pick_city(config, city), data, "menu.restore")
    return [telling.RESTORED]


async def _repeat(gateway: Gateway, data: Path, deed: str) -> None:
    """Ask until nobody is left to be linked."""
    while not await _ask(gateway, data, deed, actor=asdict(acting())):
        pass


async def _ask(gateway: Gateway, data: Path, deed: str, **given: Any) -> Any:
    found = await ask(gateway, data, deed, **given)
    if found is None:
        raise MadoguchiError(
            "no worker can be asked: start the gateway (`madoguchi serve`), then type this again"
        )
    return found[0]
