# nosay: staff read it
"""`madoguchi garbage`: look at a list before it is used, and measure how well it answers."""

import json
from pathlib import Path
from typing import Annotated

import typer

from madoguchi_garbage_bot.config import read_named
from madoguchi_garbage_bot.dictionary import Loaded, load_dictionary
from madoguchi_garbage_bot.evaluating import Miss, evaluate, read_queries, sum_up
from madoguchi_garbage_bot.readings import load_reader, no_readings
from madoguchi_garbage_bot.search import Search

app = typer.Typer(no_args_is_help=True, help="The list of what goes where.")
SHOWN = ("n", "top1", "top3", "guessed", "false", "marked", "ambiguous", "p50_ms", "p95_ms")
File = Annotated[Path, typer.Argument(help="A CSV or Excel file.")]
Column = Annotated[
    list[str], typer.Option(help="How the file calls a column: name=しなもの; once for each.")
]


@app.callback()
def about() -> None:
    """Keep `check` a word of its own."""


@app.command()
def check(file: File, column: Column = []) -> None:  # noqa: B006
    """Say what a list holds and what is wrong with it; exits with 1 if it cannot be used."""
    loaded = _load(file, column)
    for problem in loaded.problems:
        typer.echo(f"{'エラー' if problem.error else '確認'}  {problem}")
    if loaded.dictionary is None:
        typer.echo(f"エラーが{len(loaded.errors)}件あります。このファイルは使えません。")
        raise typer.Exit(1)
    categories = "、".join(loaded.dictionary.categories)
    typer.echo(f"{len(loaded.dictionary.entries):,}品目を読めました。分別区分: {categories}")


@app.command("evaluate")
def evaluate_(
    dictionary: Annotated[Path, typer.Option(help="The list.")],
    queries: Annotated[Path, typer.Option(help="Questions with their answers, tab-separated.")],
    column: Column = [],  # noqa: B006
    misses: Annotated[bool, typer.Option(help="Also list what was not answered.")] = False,
    readings: Annotated[bool, typer.Option(help="Use the analyser where it is installed.")] = True,
) -> None:
    """Ask every question and show the shares per kind; the last line is the whole as JSON."""
    loaded = _load(dictionary, column)
    if loaded.dictionary is None:
        for problem in loaded.errors:
            typer.echo(f"エラー  {problem}", err=True)
        raise typer.Exit(1)
    try:
        asked = read_queries(queries.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        typer.echo(f"{queries}: {error}", err=True)
        raise typer.Exit(1) from error
    search = Search(loaded.dictionary, read=load_reader() if readings else no_readings)
    tallies, missed = evaluate(search, asked)
    whole = sum_up(tallies)
    for miss in missed if misses else ():
        typer.echo(_tell(miss))
    typer.echo("\t".join(("kind", *SHOWN)))
    for kind, figures in whole["kinds"].items():
        typer.echo("\t".join((kind, *(_show(figures[one]) for one in SHOWN))))
    typer.echo(json.dumps(whole, ensure_ascii=False))


def _load(file: Path, column: list[str]) -> Loaded:
    try:
        named = read_named(dict(one.partition("=")[::2] for one in column))
        return load_dictionary(file.read_bytes(), file.name, named)
    except (OSError, ValueError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error


def _tell(miss: Miss) -> str:
    said = "、".join(entry.name for entry in miss.result.entries[:3]) or "-"
    wanted = "、".join(sorted(miss.query.names)) or "-"
    return f"{miss.query.kind}\t{miss.query.text}\t{miss.result.kind}: {said}\t← {wanted}"


def _show(figure: float | None) -> str:
    return "-" if figure is None else str(figure)
