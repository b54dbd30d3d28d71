# nosay: what is said here, staff read
"""`madoguchi garbage calendar FOLDER`: look at a calendar before it is used."""

from pathlib import Path
from typing import Annotated

import typer

from madoguchi_garbage_bot.config import GarbageConfig
from madoguchi_garbage_bot.knowledge import NotUsable, load_days

Folder = Annotated[Path, typer.Argument(help="The folder of area_days.csv and its like.")]


def calendar(folder: Folder) -> None:
    """Say what a calendar holds and what of it cannot be read; exits with 1 if anything cannot."""
    try:
        city = load_days(GarbageConfig(calendar="."), folder)
    except NotUsable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for problem in city.problems:
        typer.echo(f"エラー  {problem}")
    for note in city.notes:
        typer.echo(f"確認  {note}")
    every = (one.category for each in city.calendars.values() for one in each.schedules)
    kinds = dict.fromkeys(every)
    typer.echo(
        f"{len(city.calendars):,}地区、{city.cells:,}のます目のうち{city.cells_read:,}を読めました。"
        f"種類: {'、'.join(kinds)}"
    )
    if city.problems or not city.calendars:
        typer.echo("読めなかったところは、住民に「わかりません」と答えます。直してください。")
        raise typer.Exit(1)
