"""Its first migration fails half-way."""

from pathlib import Path

import sqlalchemy as sa

from madoguchi import Models, hookimpl
from madoguchi.store import plugin_metadata

metadata = plugin_metadata("migration_fails")
visit = sa.Table("migration_fails_visit", metadata, sa.Column("id", sa.Integer, primary_key=True))


@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")
