"""How a command ends: what it said, on which stream, and with which exit code."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

import typer

from madoguchi.errors import ConfigError, MadoguchiError


def tell(work: Coroutine[Any, Any, list[str]]) -> None:
    """Print the lines that `work` finds."""
    for line in said(lambda: asyncio.run(work)):
        typer.echo(line)


def whole(result: tuple[list[str], bool]) -> None:
    """Print the lines; exit code 1 if something is missing."""
    lines, whole = result
    for line in lines:
        typer.echo(line)
    if not whole:
        raise typer.Exit(1)


def said(work: Any) -> Any:
    """What `work()` returns; an error that is meant to be read ends the command with code 1."""
    try:
        return work()
    except ConfigError as error:
        fail(error.problems)
    except MadoguchiError as error:
        fail([str(error)])


def fail(lines: list[str]) -> NoReturn:
    """Print the lines as errors, and end with code 1."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)
