"""The tables of this package and their migrations."""

from pathlib import Path

from madoguchi import Models
from madoguchi_garbage_bot import day_tables

MODELS = Models(day_tables.area.metadata, Path(__file__).parent / "migrations")
