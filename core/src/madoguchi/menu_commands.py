"""`madoguchi menu`: asks the running worker to show what would change, to publish, to put back."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from madoguchi.asking import ask
from madoguchi.config import Gateway
from madoguchi.errors import MadoguchiError
from madoguchi.inspection import pick_city
from madoguchi.menu import telling
from madoguchi.settings_commands import acting


async def publish(config: Path, data: Path, city: str, only_show: bool) -> list[str]:
    """Show what residents see and shall see; publish it, unless `only_show`."""
    return await publish_menu(pick_city(config, city), data, only_show)


async def publish_menu(gateway: Gateway, data: Path, only_show: bool = False) -> list[str]:
    """The same for one gateway."""
    lines: list[str] = await _ask(gateway, data, "menu.plan")
    if only_show:
        return lines
    await _repeat(gateway, data, "menu.publish")
    return lines if telling.SAME in lines else [*lines, telling.PUBLISHED]


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
