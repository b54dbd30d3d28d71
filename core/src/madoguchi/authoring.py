"""What the authors of plugins type: a new plugin, and its texts in other languages."""

from pathlib import Path
from typing import Annotated

import typer

from madoguchi.shell import fail, said

app = typer.Typer()


@app.command()
def new_plugin(
    name: str,
    folder: Annotated[Path, typer.Option(help="Where its folder is made.")] = Path(),
) -> None:
    """Write a new plugin, a folder whose tests pass."""
    from madoguchi.scaffold import write_plugin

    for file in said(lambda: write_plugin(name, folder)):
        typer.echo(file)


@app.command()
def collect_texts(
    folder: Annotated[Path, typer.Argument(help="The package: the folder of its __init__.py.")],
    check: Annotated[bool, typer.Option(help="Write nothing; exit code 1 if it would.")] = False,
) -> None:
    """Collect what residents read in a package into its `locale/*.po`, to be translated there."""
    from madoguchi.collecting import collect, update
    from madoguchi.languages import LANGUAGES

    try:
        collected = collect(folder)
        lines = update(folder, collected, LANGUAGES[1:], check=check)
    except (OSError, ValueError, SyntaxError) as error:
        fail([str(error)])
    for line in (*lines, *(f"{folder}/{remark}" for remark in collected.remarks)):
        typer.echo(line)
    if check and lines:
        raise typer.Exit(1)
