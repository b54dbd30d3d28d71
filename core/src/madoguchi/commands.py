"""Commands that plugins bring: `madoguchi staff add`, as the city's file knows nothing of it.

The words of the command line come from the entry points `madoguchi.commands`, each a typer app.
What a command changes, it asks for by name: a unit of the plugin's (`register_commands`), run by
the worker, which alone writes the embedded database, or here if none runs.
"""

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from madoguchi.asking import ask, open_unattended
from madoguchi.errors import MadoguchiError
from madoguchi.store import Store

if TYPE_CHECKING:
    import typer

GROUP = "madoguchi.commands"
DEED = "plugin.command"


def add_commands(app: "typer.Typer") -> None:
    """Add what installed packages bring, each under the name of its entry point."""
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name):
        app.add_typer(entry.load(), name=entry.name)


async def run_command(
    config: Path, data: Path, city: str, plugin: str, command: str, **given: Any
) -> Any:
    """Run a unit that a plugin registered, with JSON values; what it returns.

    Raises `MadoguchiError`, with a sentence for whoever typed the command.
    """
    from madoguchi.inspection import load_plugins, pick_city

    gateway = pick_city(config, city)
    asked = {"plugin": plugin, "command": command, "given": given}
    answer = await ask(gateway, data, DEED, **asked)
    if answer:
        return answer[0]
    async with open_unattended(gateway, data) as store:
        plugins = load_plugins(gateway)
        return await run_unit(store, plugins.all, plugin, command, given)


async def run_unit(
    store: Store, plugins: Any, plugin: str, command: str, given: dict[str, Any]
) -> Any:
    """Run a registered unit. Raises `MadoguchiError` if there is none of this name."""
    owner = plugins.get(plugin)
    if owner is None:
        raise MadoguchiError(f"[plugins.{plugin}] is not in the city's file: switch it on there")
    if owner.trouble:
        raise MadoguchiError(f"{plugin} is quarantined: {owner.trouble}")
    work: Callable[..., Any] | None = owner.commands.get(command)
    if work is None:
        raise MadoguchiError(f"{plugin} has no command {command}")
    return await store.write(work, label=owner.label, **given)
