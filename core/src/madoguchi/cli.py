"""`madoguchi`: what the people who run a gateway type."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from madoguchi import authoring, backup_commands, menu_cli
from madoguchi.options import CONFIG, DATA, City, Config, Data, DryRun
from madoguchi.ports import LOCAL
from madoguchi.shell import fail, said, tell, whole

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
inbox_app = typer.Typer(no_args_is_help=True, help="Events that could not be handled.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit log.")
settings_app = typer.Typer(no_args_is_help=True, help="What staff change while it runs.")
residents_app = typer.Typer(no_args_is_help=True, help="The friends of the account.")
app.add_typer(authoring.app)
app.add_typer(backup_commands.app)
app.add_typer(inbox_app, name="inbox")
app.add_typer(audit_app, name="audit")
app.add_typer(settings_app, name="settings")
app.add_typer(residents_app, name="residents")
app.add_typer(menu_cli.app, name="menu")

Owner = Annotated[str, typer.Argument(help="`city`, or a plugin's name.")]
Comment = Annotated[str, typer.Option(help="Why; kept in the history.")]
Who = Annotated[str, typer.Argument(help="A LINE user id, or the resident's number.")]


@app.command()
def serve(
    config: Config = CONFIG,
    data: Data = DATA,
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(help="For pages.")] = 8000,
    door_port: Annotated[int, typer.Option(help="For LINE's webhooks.")] = 8001,
    workers: Annotated[int, typer.Option(min=1, help="More than one needs PostgreSQL.")] = 1,
    proxies: Annotated[
        str, typer.Option(help="Whose X-Forwarded-For is believed: addresses and networks.")
    ] = LOCAL,
    watchers: Annotated[str, typer.Option(help="Who may read /metrics: the same.")] = LOCAL,
    log_level: str = "INFO",
) -> None:
    """Run the gateways: the door, the worker and, without redis_url, a Valkey."""
    from madoguchi.deployment import Place, supervise

    _log(log_level)
    more = {"proxies": proxies, "watchers": watchers, "log_level": log_level}
    place = Place(str(config), str(data), host, port, door_port, **more)
    raise typer.Exit(said(lambda: supervise(place, workers)))


@app.command()
def restart(
    config: Config = CONFIG,
    data: Data = DATA,
    patience: Annotated[float, typer.Option(help="Seconds to wait for them.")] = 120,
) -> None:
    """Start the workers of `serve` anew, unless `check` finds a mistake; the door stays."""
    from madoguchi.inspection import check_all
    from madoguchi.renewing import renew_workers

    if problems := said(lambda: asyncio.run(check_all(config, data))):
        fail([*problems, "the workers go on as they are"])
    said(lambda: renew_workers(data / "run", patience))
    typer.echo("ok")


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="For pages; webhooks use the next one.")] = 8000,
    sim_port: Annotated[int, typer.Option(help="For the resident's phone.")] = 8100,
    data: Data = Path("data/demo"),
    config: Annotated[Path, typer.Option(help="The sample city's file.")] = Path(
        "config/mihon.toml"
    ),
    reset: Annotated[bool, typer.Option(help="Forget everything first.")] = False,
    residents: Annotated[int, typer.Option(min=0, help="Simulated friends from before.")] = 500,
    log_level: str = "WARNING",
) -> None:
    """Run a whole sample city on this machine, with a simulated LINE. No account needed."""
    from madoguchi.demo import run_demo

    _log(log_level)
    raise typer.Exit(
        said(
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
    from madoguchi.settings_commands import note_differences

    problems = said(lambda: asyncio.run(check_all(config, data)))
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    for note in asyncio.run(note_differences(config, data)):
        typer.echo(note)
    typer.echo("ok")


@app.command()
def plugins(config: Config = CONFIG) -> None:
    """List the plugins: installed, switched on, quarantined and why."""
    from madoguchi.inspection import list_plugins

    tell(list_plugins(config))


@app.command()
def jobs(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """List what is done at set times, and how it went the last time."""
    from madoguchi.inspection import list_jobs

    tell(list_jobs(config, data, city))


@app.command()
def doctor(phrase: str, config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Show who would answer a phrase, and by which rule."""
    from madoguchi.inspection import diagnose

    tell(diagnose(config, data, city, phrase))


@app.command()
def migrate(config: Config = CONFIG, data: Data = DATA) -> None:
    """Bring the databases up to date. Safe to run from several processes at once."""
    from madoguchi.inspection import migrate_all

    tell(migrate_all(config, data))


@app.command()
def export(
    who: Who,
    to: Annotated[Path | None, typer.Option(help="A new folder, or a file.zip.")] = None,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Write everything that is kept about a resident into files for them."""
    from madoguchi import privacy_commands as commands

    whole(said(lambda: asyncio.run(commands.export_to(config, data, city, who, to))))


@app.command()
def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it, only look.")] = False,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Show what is kept about a resident; with --yes, erase it."""
    from madoguchi import privacy_commands as commands

    whole(said(lambda: asyncio.run(commands.erase(config, data, city, who, yes))))


@app.command()
def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="What happens anyway: the worker forgets each hour.")
    ] = True,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Show how long everything is kept, and how much of it would be forgotten now."""
    from madoguchi import privacy_commands as commands

    tell(commands.show_retention(config, data, city))


@app.command()
def privacy_sheet(
    to: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    config: Config = CONFIG,
    city: City = "",
) -> None:
    """Draft the register of personal information files (個人情報ファイル簿), to be completed."""
    from madoguchi.privacy_sheet import write_sheet

    for file in said(lambda: write_sheet(config, city, to)):
        typer.echo(file)


@inbox_app.command("list")
def inbox_list(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """List the events that failed or were set aside."""
    from madoguchi.inspection import list_troubled

    tell(list_troubled(config, data, city))


@inbox_app.command("retry")
def inbox_retry(event_id: str, config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Run one of them once more."""
    from madoguchi.inspection import retry

    typer.echo(said(lambda: asyncio.run(retry(config, data, city, event_id))))


@settings_app.command("show")
def settings_show(
    owner: Owner = "", config: Config = CONFIG, data: Data = DATA, city: City = ""
) -> None:
    """Show what is in force, and who made it so."""
    from madoguchi import settings_commands as commands

    tell(commands.show(config, data, city, owner))


@settings_app.command("export")
def settings_export(
    file: Annotated[Path, typer.Argument(help="Where to; `-` is the terminal.")] = Path("-"),
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Write everything that staff may change into a file, which `import` takes back."""
    from madoguchi import settings_commands as commands

    text = said(lambda: asyncio.run(commands.export(config, data, city)))
    if file == Path("-"):
        typer.echo(text, nl=False)
    else:
        file.write_text(text, "utf-8")


@settings_app.command("import")
def settings_import(
    file: Path,
    dry_run: DryRun = False,
    comment: Comment = "",
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Take settings from a file; they are in force a second later. All of it, or nothing."""
    from madoguchi import settings_commands as commands

    work = commands.import_file(config, data, city, file, comment, dry_run)
    _changes(said(lambda: asyncio.run(work)), dry_run)


@settings_app.command("history")
def settings_history(
    owner: Owner = "",
    most: Annotated[int, typer.Option(help="So many versions.")] = 20,
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """List the versions, the newest first: when, who, why, and what changed."""
    from madoguchi import settings_commands as commands

    tell(commands.list_history(config, data, city, owner, most))


@settings_app.command("undo")
def settings_undo(
    owner: Owner,
    to: Annotated[int, typer.Option(help="Which version; without it, the one before.")] = 0,
    dry_run: DryRun = False,
    comment: Comment = "",
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Bring an older version back, as a new one."""
    from madoguchi import settings_commands as commands

    work = commands.undo(config, data, city, owner, to, comment, dry_run)
    _changes(said(lambda: asyncio.run(work)), dry_run)


@settings_app.command("diff")
def settings_diff(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Show how what is in force differs from the city's file. What is in force wins."""
    from madoguchi import settings_commands as commands

    lines = said(lambda: asyncio.run(commands.differ(config, data, city)))
    for line in lines or ["nothing differs"]:
        typer.echo(line)


def _changes(lines: list[str], dry_run: bool) -> None:
    for line in lines:
        typer.echo(line)
    outcome = "this would change" if dry_run else "changed"
    count = sum(line.startswith("[") for line in lines)  # what is below one says what it means
    typer.echo(f"{outcome}: {count}" if lines else "nothing changes")


@app.command()
def connect(
    check: Annotated[
        bool, typer.Option("--check", help="Only look; exit code 1 if wrong.")
    ] = False,
    webhook: Annotated[str, typer.Option(help="Another address for LINE's webhooks.")] = "",
    config: Config = CONFIG,
    data: Data = DATA,
    city: City = "",
) -> None:
    """Connect a real account, step by step; every step is checked."""
    from madoguchi.connecting.walk import Person, connect

    person = Person(typer.echo, typer.confirm, _prompt)
    work = connect(config, data, city, webhook or None, person, only_look=check)
    if not said(lambda: asyncio.run(work)):
        raise typer.Exit(1)


@residents_app.command("import")
def residents_import(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Read LINE's list of friends now; the worker does it each night."""
    from madoguchi.follower_commands import import_friends

    whole(said(lambda: asyncio.run(import_friends(config, data, city, typer.echo))))


@audit_app.command("verify")
def audit_verify(config: Config = CONFIG, data: Data = DATA, city: City = "") -> None:
    """Check the chain of the audit log; exit code 1 if a line was changed or taken out."""
    from madoguchi.inspection import verify_audit

    broken = said(lambda: asyncio.run(verify_audit(config, data, city)))
    if broken is not None:
        typer.echo(f"line {broken} does not fit the chain", err=True)
        raise typer.Exit(1)
    typer.echo("ok")


def _prompt(text: str) -> str:
    typed: str = typer.prompt(text, default="", show_default=False)
    return typed


def _log(level: str) -> None:
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )


def main() -> None:
    """The console script."""
    from madoguchi.commands import add_commands

    add_commands(app)
    app()
