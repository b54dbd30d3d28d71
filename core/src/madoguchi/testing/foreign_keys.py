"""Foreign keys of a plugin's tables, looked at in the database."""

from typing import Any

from sqlalchemy import inspect

from madoguchi import migrations


def find_foreign_keys(db: Any, owned: migrations.MigrationSet) -> list[str]:
    """Foreign keys of the plugin's tables that would break others, or outlive a resident."""
    problems = []
    looker = inspect(db.connection())
    for table in filter(owned.owns, looker.get_table_names()):
        for key in looker.get_foreign_keys(table):
            to, action = key["referred_table"], key["options"].get("ondelete")
            if to == "resident" and action not in ("CASCADE", "SET NULL"):
                problems.append(f"{table}: resident.id needs ondelete=CASCADE or SET NULL")
            elif to != "resident" and not owned.owns(to):
                problems.append(f"{table} refers to {to}, which is not this plugin's")
    return problems
