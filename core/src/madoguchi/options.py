"""What many commands are told: which city, and where its file and its data lie."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option(help="A city's file, or the folder of all of them.")]
Data = Annotated[Path, typer.Option(help="Where the embedded databases lie.")]
City = Annotated[str, typer.Option(help="The gateway's name, if there are several.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
CONFIG, DATA = Path("config"), Path("data")
