"""Whether a plugin hands out and erases what it holds about a resident."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, func, select

from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.privacy import find_person
from madoguchi.testing.town import Town
from madoguchi.types import Erased, Record, Resident

HOOKS = ("export_personal_data", "erase_personal_data")


def check_personal_data(town: Town, plugin: Plugin, line_id: str) -> list[str]:
    """What is wrong: nothing is asked of a plugin whose tables refer to no resident."""
    tables = [table for table in _tables(plugin) if _keys(table)]
    missing = [hook for hook in HOOKS if hook not in plugin.hooks]
    if missing:
        names = ", ".join(table.name for table in tables)
        return [f"{names} refer to residents: implement {one}" for one in missing if tables]
    store = town.running.store
    person = town.wait(store.read(find_person, line_id))
    if person is None:
        return ["the resident of the test is not known"]

    def call(run: Callable[..., Any], hook: str) -> Any:
        try:
            return town.wait(run(lambda db: plugin.hooks[hook]({"db": db, "resident": who})))
        except PLUGIN_FAULTS as error:
            return error

    def count(db: Any) -> dict[str, int]:
        return {table.name: _count(db, table, who) for table in tables}

    who = person.resident
    before = town.wait(store.read(count))
    found = call(store.read, HOOKS[0])
    problems = []
    if not isinstance(found, list) or not all(isinstance(one, Record) for one in found):
        problems.append(f"{HOOKS[0]} gives {found!r}, not a list of Record")
    elif any(before.values()) and not found:
        problems.append(f"{HOOKS[0]} gives nothing, and there are rows: {before}")
    for time in ("", " when it is called again"):
        done = call(store.write, HOOKS[1])
        if not isinstance(done, Erased):
            problems.append(f"{HOOKS[1]} gives {done!r}{time}, not Erased")
    problems += [
        f"{HOOKS[1]} leaves {left} rows of {name} that refer to the resident"
        for name, left in town.wait(store.read(count)).items()
        if left
    ]
    return problems


def _tables(plugin: Plugin) -> list[Table]:
    return list(plugin.models.metadata.tables.values()) if plugin.models else []


def _keys(table: Table) -> list[Any]:
    """The columns that refer to a resident."""
    return [key.parent for key in table.foreign_keys if key.target_fullname == "resident.id"]


def _count(db: Any, table: Table, who: Resident) -> int:
    rows = select(func.count()).select_from(table)
    return sum(db.execute(rows.where(key == who.id)).scalar_one() for key in _keys(table))
