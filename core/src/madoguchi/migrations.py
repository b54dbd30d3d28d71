"""Bring the tables to the shape that the code expects: the core's, and each plugin's by itself.

Every owner has version files of its own and its own version table, `schema_version_<owner>`, so
that a plugin can fail, or be removed, without the others noticing. Alembic does the work; it takes
a third of a second to import, so it is, only when something is pending.
"""

import ast
import asyncio
import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from . import ledger_tables, sqlite, tables
from .errors import MadoguchiError
from .store import Store, StoreUnavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).parent / "schema"
VERSION_OF = "schema_version_"
ADVISORY_LOCK = 0x6D61646F  # "mado"; locks are per database, so one number serves every gateway


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """One owner's tables and the folder of Alembic version files that make them.

    `owner` is the plugin's name; its tables are called `<owner>` or `<owner>_…`. Where names begin
    alike the longest is meant: beside the plugin `hello_world`, `hello_world_x` is not `hello`'s.
    """

    owner: str
    metadata: MetaData
    folder: Path

    @property
    def version_table(self) -> str:
        """Where the revision that the database has is written down."""
        return f"{VERSION_OF}{self.owner}"

    def owns(self, table: str, others: Iterable[str] = ()) -> bool:
        """Whether a table of this name is this owner's to make and to change, and no other's."""
        if table == self.version_table:
            return True
        if self.owner == tables.CORE:
            return table in self.metadata.tables
        if table in tables.metadata.tables or table.startswith(VERSION_OF):
            return False
        return _nearest(table, [self.owner, *others]) == self.owner


def _nearest(table: str, owners: Iterable[str]) -> str | None:
    fitting = (one for one in owners if table == one or table.startswith(f"{one}_"))
    return max(fitting, key=len, default=None)


CORE = MigrationSet(tables.CORE, ledger_tables.metadata, SCRIPTS / "versions")


class MigrationFailed(MadoguchiError):
    """An owner's tables could not be brought up to date; what it had before is untouched.

    `others` holds what failed beside it in the same run, one for each owner.
    """

    def __init__(self, owner: str, revision: str, reason: str) -> None:
        super().__init__(f"{owner}: migration {revision} failed: {reason}")
        self.owner = owner
        self.revision = revision
        self.reason = reason
        self.others: tuple[MigrationFailed, ...] = ()


Target = Store | Path | str
"""A store (started or not), the path of a SQLite file, or a `postgresql://` address."""


async def pending(target: Target, sets: Sequence[MigrationSet] = (CORE,)) -> list[str]:
    """The owners whose tables are not what their version files say. Changes nothing."""
    if isinstance(place := _place(target), Path) and not place.exists():
        return [each.owner for each in sets]
    return await _connected(place, partial(_pending, sets=sets))


async def migrate(target: Target, sets: Sequence[MigrationSet] = (CORE,)) -> list[str]:
    """Bring each owner up to date, in the order given; answers the owners that changed.

    Several processes may do this at once. If owners fail, the rest is still brought up to date,
    then `MigrationFailed` is raised; if the core fails, nothing else is tried. `StoreLocked` if
    another process serves this SQLite file, `StoreUnavailable` if the database does not answer.
    """
    place = _place(target)
    if not await pending(place, sets):
        return []
    with _exclusive(target):
        return await _connected(place, partial(_migrate, sets=sets))


async def drift(target: Target, owned: MigrationSet) -> list[str]:
    """How the database differs from the owner's metadata, in words; empty if it does not.

    For tests: it shows that the version files make what the models say.
    """
    return await _connected(_place(target), partial(_drift, owned=owned))


# Where.


def _place(target: Target) -> Path | str:
    return target if isinstance(target, Path | str) else target.place


@contextmanager
def _exclusive(target: Target) -> Iterator[None]:
    """Keep other writers off a SQLite file; a store that is open has its lock already."""
    place = _place(target)
    if isinstance(place, str) or getattr(target, "holds_lock", False):
        yield
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = sqlite.lock_file(place)
    try:
        yield
    finally:
        os.close(lock)


async def _connected(place: Path | str, work: Callable[[Connection], T]) -> T:
    try:
        if isinstance(place, Path):
            return await asyncio.to_thread(_on_sqlite, place, work)
        from .store_postgres import open_async_engine

        engine = open_async_engine(place)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()
    except (DBAPIError, OSError) as error:
        raise StoreUnavailable(f"the database cannot be migrated: {error}") from error


def _on_sqlite(path: Path, work: Callable[[Connection], T]) -> T:
    def connect() -> Any:
        connection = sqlite.connect(path)
        # With foreign keys on, rebuilding a table would delete the rows that refer to it.
        connection.execute("PRAGMA foreign_keys=OFF")
        return connection

    engine = sqlite.open_engine("BEGIN IMMEDIATE", 1, connect)
    try:
        with engine.connect() as connection:
            return work(connection)
    finally:
        engine.dispose()


# What.


def _pending(connection: Connection, sets: Sequence[MigrationSet]) -> list[str]:
    names = set(inspect(connection).get_table_names())
    found = []
    for each in sets:
        try:
            behind = _stored(connection, each, names) != head(each)
        except MigrationFailed:
            behind = True  # `migrate` says why
        if behind:
            found.append(each.owner)
    connection.rollback()
    return found


def _stored(connection: Connection, owned: MigrationSet, names: set[str]) -> str | None:
    if owned.version_table not in names:
        return None
    statement = text(f'SELECT version_num FROM "{owned.version_table}"')
    return connection.execute(statement).scalar_one_or_none()


def chain(owned: MigrationSet) -> dict[str, tuple[str, ...]]:
    """Each revision of the owner's version files and those it follows. Runs none of them."""
    links: dict[str, tuple[str, ...]] = {}
    for file in sorted(owned.folder.glob("*.py")):
        try:
            names = _constants(file)
            if "revision" in names:
                down = names.get("down_revision") or ()
                links[names["revision"]] = (down,) if isinstance(down, str) else tuple(down)
        except (SyntaxError, ValueError) as error:
            raise MigrationFailed(owned.owner, file.name, str(error)) from error
    return links


def head(owned: MigrationSet) -> str | None:
    """The revision that no other follows; `MigrationFailed` if there are two."""
    links = chain(owned)
    heads = sorted(links.keys() - set(itertools.chain.from_iterable(links.values())))
    if len(heads) > 1:
        reason = f"two revisions follow the same one: {', '.join(heads)}; chain them"
        raise MigrationFailed(owned.owner, heads[-1], reason)
    return heads[0] if heads else None


def _constants(file: Path) -> dict[str, Any]:
    return _read_constants(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _read_constants(file: Path, _changed: int) -> dict[str, Any]:
    found = {}
    for node in ast.parse(file.read_bytes(), str(file)).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in ("revision", "down_revision"):
                found[name] = ast.literal_eval(value)
    return found


# How.


def _migrate(connection: Connection, sets: Sequence[MigrationSet]) -> list[str]:
    postgres = connection.dialect.name == "postgresql"
    if postgres:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()
    failures: list[MigrationFailed] = []
    changed = []
    try:
        behind = _pending(connection, sets)  # another process may have been here while we waited
        for each in sets:
            if each.owner not in behind:
                continue
            try:
                _upgrade(connection, each, {other.owner for other in sets})
                changed.append(each.owner)
            except MigrationFailed as failure:
                failures.append(failure)
                if each.owner == tables.CORE:
                    break
    finally:
        connection.rollback()
        if postgres:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()
    if failures:
        failures[0].others = tuple(failures[1:])
        raise failures[0]
    return changed


def _upgrade(connection: Connection, owned: MigrationSet, others: set[str]) -> None:
    from alembic import command

    before = set(inspect(connection).get_table_names())
    # A plugin that is not on any more left its tables.
    others = others.union(name.removeprefix(VERSION_OF) for name in before if VERSION_OF in name)
    owns = partial(owned.owns, others=others)
    stored = _stored(connection, owned, before)
    connection.rollback()
    links, newest = chain(owned), head(owned)
    if stored is not None and stored not in links:
        reason = "the database is newer than this version of the package: install the newer one"
        raise MigrationFailed(owned.owner, stored, reason)
    for name in owned.metadata.tables:
        if not owns(name):
            reason = f"table {name} must be called {owned.owner} or {owned.owner}_…"
            if (other := _nearest(name, others)) not in (None, owned.owner):
                reason = f"table {name} is the plugin {other}'s by its name: call it otherwise"
            raise MigrationFailed(owned.owner, newest or "none", reason)

    def inspect_step(ctx: Any, **_: object) -> None:
        """Look at a revision before it is committed."""
        strange = sorted(
            name
            for name in before.symmetric_difference(inspect(connection).get_table_names())
            if not owns(name)
        )
        if strange:
            raise ValueError(
                f"it makes or drops {', '.join(strange)}, but may touch only tables called"
                f" {owned.owner} or {owned.owner}_…, and none of another plugin"
            )
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken:
                raise ValueError(f"rows of {broken[0]} refer to rows of {broken[2]} that are gone")

    try:
        command.upgrade(_config(connection, owned, on_version_apply=inspect_step), "head")
    except BaseException as error:  # a version file is a plugin's code: it may do anything
        connection.rollback()
        if not isinstance(error, Exception | SystemExit):
            raise
        reached = _stored(connection, owned, set(inspect(connection).get_table_names()))
        parents = (reached,) if reached else ()
        following = next((new for new, old in links.items() if old == parents), "none")
        raise MigrationFailed(owned.owner, following, _reason(error)) from error
    log.info("%s: tables brought to revision %s", owned.owner, newest)


def _drift(connection: Connection, owned: MigrationSet) -> list[str]:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    options = _options(connection, owned) | {"target_metadata": owned.metadata}
    context = MigrationContext.configure(connection, opts=options)
    return [str(difference) for difference in compare_metadata(context, owned.metadata)]


def _config(connection: Connection, owned: MigrationSet, **options: object) -> Any:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.attributes["options"] = _options(connection, owned) | options
    for name, value in {
        "script_location": str(SCRIPTS),
        "version_locations": str(owned.folder),
        "path_separator": "os",
    }.items():
        config.set_main_option(name, value.replace("%", "%%"))
    return config


def _options(connection: Connection, owned: MigrationSet) -> dict[str, Any]:
    def include(item: Any, name: str, kind: str, reflected: bool, _other: object) -> bool:
        if kind != "table":
            return True
        dialect = item.info.get("dialect", connection.dialect.name)
        return owned.owns(name) and dialect == connection.dialect.name

    return {
        "target_metadata": owned.metadata,
        "version_table": owned.version_table,
        "include_object": include,
        "render_as_batch": True,
        "transaction_per_migration": True,
        "compare_type": True,
        "compare_server_default": connection.dialect.name == "postgresql",
    }


def _reason(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(origin).__name__}: {origin}".splitlines()[0]
