"""`madoguchi`: what the people who run a gateway type."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from madoguchi.errors import ConfigError, MadoguchiError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
inbox_app = typer.Typer(no_args_is_help=True, help="Events that could not be handled.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit log.")
app.add_typer(inbox_app, name="inbox")
app.add_typer(audit_app, name="audit")

Config = Annotated[Path, typer.Option(help="A city's file, or the folder of all of them.")]
Data = Annotated[Path, typer.Option(help="Where the embedded databases lie.")]
City = Annotated[str, typer.Option(help="The gateway's name, if there are several.")]
CONFIG, DATA = Path("config"), Path("data")


@app.command()
def serve(
    config: Config = CONFIG,
    data: Data = DATA,
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(help="For pages.")] = 8000,
    door_port: Annotated[int, typer.Option(help="For LINE's webhooks.")] = 8001,
    workers: Annotated[int, typer.Option(help="More than one needs PostgreSQL.")] = 1,
    log_level: str = "INFO",
) -> None:
    """Run the gateways: the door, the worker and, without redis_url, a Valkey."""
    from madoguchi.deployment import Place, supervise
    from madoguchi.ports import Port, require_free

    _log(log_level)
    place = Place(str(config), str(data), host, port, door_port, log_level=log_level)
    wanted = [Port(port + number, "pages", "--port") for number in range(workers)]
    wanted.append(Port(door_port, "webhooks", "--door-port"))
    _said(lambda: require_free(host, wanted))
    raise typer.Exit(_said(lambda: supervise(place, workers)))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="For pages; webhooks use the next one.")] = 8000,
    sim_port: Annotated[int, typer.Option(help="For the resident's phone.")] = 8100,
    data: Data = Path("data/demo"),
    config: Annotated[Path, typer.Option(help="The sample city's file.")] = Path(
        "config/mihon.toml"
    ),
    reset: Annotated[bool, typer.Option(help="Forget everything first.")] = False,
    residents: Annotated[int, typer.Option(min=0, help="Simulated friends from before.")] = 0,
    log_level: str = "WARNING",
) -> None:
    """Run a whole sample city on this machine, with a simulated LINE. No account needed."""
    from madoguchi.demo import run_demo

    _log(log_level)
    raise typer.Exit(
        _said(
            lambda: run_demo(
                config,
                data,
                port,
                sim_port,
                reset=reset,
                residents=residents,
                log_level=log_level,
            )
        )
    )


@app.command()
def check(config: Config = CONFIG, data: Data = DATA) -> None:
    """Check the cities' files and plugins; exit code 1 if anything is wrong."""
    from madoguchi.inspection import check_all

    problems = _said(lambda: asyncio.run(check_all(config, data)))
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("ok")


@app.command()
def plugins(config: Config = CONFIG) -> None:
    """List the plugins: installed, switched on, quarantined and why."""
    from madoguchi.inspection import list_plugins

    for line in _said(lambda: asyncio.run(list_plugins(config))):
        typer.echo(line)


@app.command()
def doctor(phrase: str, config: Config = CONFIG, city: City = "") -> None:
    """Show who would answer a phrase, and by which rule."""
    from madoguchi.inspection import diagnose

    for line in _said(lambda: asyncio.run(diagnose(config, city, phrase))):
        typer.echo(line)


@app.command()
def migrate(config: Config = CONFIG, data: Data = DATA) -> None:
    """Bring the databases up to date. Safe to run from several processes at once."""
    from madoguchi.inspection import migrate_all

    for line in _said(lambda: asyncio.run(migrate_all(config, data))):
        typer.echo(line)


@app.command()
def new_plugin(
    name: str,
    folder: Annotated[Path, typer.Option(help="Where its folder is made.")] = Path(),
) -> None:
    """Write a new plugin, a folder whose tests pass."""
    from madoguchi.scaffold import write_plugin

    for file in _said(lambda: write_plugin(name, folder)):
        typer.echo(file)


@inbox_app.command("list")
def inbox_list(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """List the events that failed or were set aside."""
    from madoguchi.inspection import list_troubled

    for line in _said(lambda: asyncio.run(list_troubled(config, data, city))):
        typer.echo(line)


@inbox_app.command("retry")
def inbox_retry(event_id: str, config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Run one of them once more."""
    from madoguchi.inspection import retry

    typer.echo(_said(lambda: asyncio.run(retry(config, data, city, event_id))))


@audit_app.command("verify")
def audit_verify(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Check the chain of the audit log; exit code 1 if a line was changed or taken out."""
    from madoguchi.inspection import verify_audit

    broken = _said(lambda: asyncio.run(verify_audit(config, data, city)))
    if broken is not None:
        typer.echo(f"line {broken} does not fit the chain", err=True)
        raise typer.Exit(1)
    typer.echo("ok")


def _said(work: Any) -> Any:
    """What `work()` returns; an error that is meant to be read ends the command with code 1."""
    try:
        return work()
    except ConfigError as error:
        _fail(error.problems)
    except MadoguchiError as error:
        _fail([str(error)])


def _fail(lines: list[str]) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)


def _log(level: str) -> None:
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )


def main() -> None:
    """The console script."""
    app()
