"""Where the files are that these tests read; they are read by the package's own reader."""

from collections.abc import Callable
from pathlib import Path

import pytest

from madoguchi_garbage_bot.config import GarbageConfig
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.knowledge import load_days
from madoguchi_garbage_bot.reading import read_table

ROOT = Path(__file__).parents[4]
Rows = list[list[str]]


def read_rows(path: Path) -> Rows:
    return [list(row.cells) for row in read_table(path.read_bytes(), path.name)[0]]


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

    def read(folder: Path, **options: str) -> City:
        return load_days(GarbageConfig(calendar=".", dictionary="items.csv", **options), folder)

    return read


@pytest.fixture
def mihon(city_in) -> City:
    """The demo's city."""
    return city_in(ROOT / "config" / "mihon" / "garbage")
