"""`madoguchi residents import`: LINE's follower list, beside a running worker or without one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from madoguchi import followers
from madoguchi.asking import ask, open_unattended
from madoguchi.clock import Clock
from madoguchi.config import Gateway
from madoguchi.errors import MadoguchiError
from madoguchi.inspection import load_plugins, pick_city
from madoguchi.line import client_of
from madoguchi.privacy import Office


async def import_friends(
    config: Path, data: Path, city: str, say: Callable[[str], Any]
) -> tuple[list[str], bool]:
    """Read the list to its end; what came of it, and whether nothing is missing."""
    return await read_list(pick_city(config, city), data, say)


async def read_list(
    gateway: Gateway, data: Path, say: Callable[[str], Any]
) -> tuple[list[str], bool]:
    """The same for one gateway. `say` is told how far it came."""
    while True:
        try:
            found = await ask(gateway, data, "followers.read")
        except MadoguchiError as error:
            raise MadoguchiError(
                f"{error}; nothing is lost: the worker reads on within the hour, or type the same"
                " command again"
            ) from error
        done = found[0] if found is not None else await _read_here(gateway, data)
        if done["over"]:
            return done["lines"], done["good"]
        say(done["lines"][0])


async def _read_here(gateway: Gateway, data: Path) -> dict[str, Any]:
    clock = Clock()
    async with (
        open_unattended(gateway, data) as store,
        client_of(gateway.settings.line, clock) as line,
    ):
        folder = data / gateway.name
        office = Office(gateway, folder, store, load_plugins(gateway), clock.now)
        done: dict[str, Any] = await followers.deeds(office, line, clock)["followers.read"]()
        return done
