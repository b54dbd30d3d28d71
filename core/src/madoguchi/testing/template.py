"""Databases that are migrated once and copied for each town: migrating takes most of its start."""

import shutil
from collections.abc import Callable, Coroutine, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from madoguchi.migrations import CORE, MigrationSet, migrate
from madoguchi.plugins import GROUP


def with_tables(
    migrated: Path, plugins: Iterable[str], run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> Path:
    """A copy of a migrated database with the tables of these plugins, made once for each set.

    Plugins that a test has installed in its own folder are left out: each has tables of its own.
    `run` awaits what it is given.
    """
    sets = list(_installed(plugins, migrated.parent.parent))
    name = "-".join(sorted(each.owner for each in sets))
    if not name:
        return migrated
    path = migrated.with_name(f"{name}.sqlite")
    if not path.exists():
        unfinished = path.with_suffix(".new")
        shutil.copy(migrated, unfinished)
        run(migrate(unfinished, [CORE, *sets]))
        unfinished.rename(path)
    return path


def _installed(plugins: Iterable[str], temporary: Path) -> Iterator[MigrationSet]:
    for entry in metadata.entry_points(group=GROUP):
        if entry.name in plugins and entry.dist is not None:
            if Path(str(entry.dist.locate_file(""))).is_relative_to(temporary):
                continue
            register = getattr(entry.load(), "register_models", None)
            if register is not None:
                models = register()
                yield MigrationSet(entry.name, models.metadata, models.migrations)
