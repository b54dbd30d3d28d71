"""`madoguchi staff`: the first administrator, and the way back in when nobody can log in."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from madoguchi.shell import said

app = typer.Typer(no_args_is_help=True, help="Who may open staff's pages.")

Config = Annotated[Path, typer.Option(help="A city's file, or the folder of all of them.")]
Data = Annotated[Path, typer.Option(help="Where the embedded databases lie.")]
City = Annotated[str, typer.Option(help="The gateway's name, if there are several.")]
CONFIG, DATA = Path("config"), Path("data")
SLIP = """An invitation for {mail}, good for 7 days and for one use:

    address   …/{city}/console/login/welcome
    number    {slip}
"""


@app.command()
def add(
    name: Annotated[str, typer.Option(help="As colleagues know them.", prompt=True)],
    mail: Annotated[str, typer.Option(help="The address they log in with.", prompt=True)],
    section: Annotated[str, typer.Option(help="Their section (課・係).")] = "",
    admin: Annotated[bool, typer.Option(help="An administrator.")] = True,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Make an account; the first one has to be an administrator's."""
    given = {"name": name, "mail": mail, "admin": admin, "section_name": section}
    made = said(lambda: _run(config, data, city, "add_staff", **given))
    _show(made, mail, city)


@app.command()
def invite(mail: str, config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Make a new invitation for somebody who lost password or codes."""
    made = said(lambda: _run(config, data, city, "renew_slip", mail=mail))
    if made is None:
        typer.echo(f"nobody has the address {mail}: look with madoguchi staff list", err=True)
        raise typer.Exit(1)
    _show(made, mail, city)


@app.command("list")
def list_(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """List the accounts."""
    for row in said(lambda: _run(config, data, city, "list_staff")):
        typer.echo("\t".join(row))


def _show(made: Any, mail: str, city: str) -> None:
    typer.echo(SLIP.format(mail=mail, slip=made["slip"], city=city or "<gateway>"))


def _run(config: Path, data: Path, city: str, command: str, **given: Any) -> Any:
    from madoguchi.commands import run_command

    return asyncio.run(run_command(config, data, city, "console", command, **given))
