"""Where the files are that these tests read, and their rows.

The rows are read by csv alone: encodings and Excel are the business of the package's own reader.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from madoguchi_garbage_bot.days.city import City, read_city

ROOT = Path(__file__).parents[4]
Rows = list[list[str]]


def read_rows(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def rows() -> Callable[[Path], Rows]:
    return read_rows


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """A file of the data sets beside the checkout; where there are none, the test is skipped."""

    def find(name: str) -> Path:
        path = ROOT.parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"the shared data set {name} is not beside this checkout")
        return path

    return find


@pytest.fixture
def city_in() -> Callable[..., City]:
    """The city whose files lie in a folder."""

    def read(folder: Path, **options: object) -> City:
        tables = {path.name: read_rows(path) for path in folder.glob("*.csv")}
        towns = folder / "towns.json"
        text = towns.read_text("utf-8") if towns.exists() else ""
        return read_city(tables, towns=text, **options)

    return read


@pytest.fixture
def mihon(city_in) -> City:
    """The demo's city."""
    return city_in(ROOT / "config" / "mihon" / "garbage")
