"""`madoguchi menu`: what is typed about the rich menu."""

from typing import Annotated

import typer

from madoguchi.options import CONFIG, DATA, City, Config, Data, DryRun
from madoguchi.shell import tell

app = typer.Typer(no_args_is_help=True, help="The rich menu below the talk.")


@app.command("publish")
def menu_publish(
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Publish without asking.")] = False,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Show everybody the menu of the plugins' tiles, in their language, after a look at both."""
    from madoguchi import menu_commands as commands

    def agree(lines: list[str], changes: bool) -> bool:
        for line in lines:
            typer.echo(line)
        return yes or not changes or typer.confirm("住民に出しますか")  # nosay

    place = (config, data, city)
    tell(commands.plan(*place) if dry_run else commands.publish(*place, agree))


@app.command("taps")
def menu_taps(
    days: Annotated[int, typer.Option(min=1, help="So many, until yesterday.")] = 28,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Show how often each tile was tapped, links too, as LINE counts it."""
    from madoguchi import menu_commands as commands

    tell(commands.count(config, data, city, days))


@app.command("restore")
def menu_restore(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Show everybody the menu from before ours again."""
    from madoguchi import menu_commands as commands

    tell(commands.restore(config, data, city))
