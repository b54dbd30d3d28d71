"""Backup and restore of one gateway, online, on both databases, in one file.

A .zip with `manifest.json` and, on SQLite, both database files; on PostgreSQL, every table as COPY
gives it, out of one snapshot. The inbox is copied first: the copy never has an event that is marked
done and whose effects are missing. Readable for nobody else: it holds everything that residents
told. What the city's file and the environment say is not in it.
"""

import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from madoguchi import held, migrations, sqlite
from madoguchi.clock import Clock
from madoguchi.config import Gateway
from madoguchi.errors import MadoguchiError
from madoguchi.migrations import MigrationSet
from madoguchi.privacy import ERASURES
from madoguchi.store import open_store

MANIFEST = "manifest.json"
FORMAT = 1
FILES = ("inbox.sqlite", "main.sqlite")
"""In this order."""


# Backup.


async def back_up(gateway: Gateway, data: Path, to: Path, now: datetime) -> list[str]:
    """Write a gateway's data into the file `to`; what there is in it, in words."""
    if to.exists():
        raise MadoguchiError(f"{to} is there already: name another file with --to")
    folder = data / gateway.name
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f"{to.name}.part")
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "gateway": gateway.name,
        "at": now.isoformat(),
        "release": version("madoguchi"),
    }
    part.touch(0o600)
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            if url := gateway.settings.store.database_url:
                manifest |= await _copy_out(url, archive)
            else:
                manifest |= {"dialect": "sqlite", **_copy_files(folder, archive)}
            if (erasures := folder / ERASURES).exists():
                archive.write(erasures, ERASURES)
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)
    return [f"{to}: {gateway.name} as of {now:%Y-%m-%d %H:%M} UTC, {to.stat().st_size:,} bytes"]


def _copy_files(folder: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder if folder.is_dir() else None) as scratch:
        for name in FILES:
            source = folder / name
            if not source.exists():
                raise MadoguchiError(f"{source} does not exist: name the right --data")
            copy = Path(scratch) / name
            reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)
            writing = sqlite3.connect(copy)
            try:
                reading.backup(writing)  # all pages in one step: one snapshot, writers go on
            finally:
                reading.close()
                writing.close()
            archive.write(copy, name)
    return {}


async def _copy_out(url: str, archive: zipfile.ZipFile) -> dict[str, Any]:
    connection = await _connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = await _tables(connection)
            for name, columns in tables.items():
                with archive.open(f"tables/{name}", "w", force_zip64=True) as file:

                    async def put(data: bytes, into: Any = file) -> None:
                        into.write(data)

                    await connection.copy_from_table(name, columns=columns, output=put)
            return {
                "dialect": "postgresql",
                "tables": tables,
                "sequences": await _sequences(connection),
                "revisions": await _revisions(connection),
            }
    finally:
        await connection.close()


# Restore.


async def restore(
    gateway: Gateway, data: Path, file: Path, sets: Sequence[MigrationSet], now: datetime
) -> list[str]:
    """Put a gateway's data back, held (`held`); what is done and what is next, in words.

    SQLite: nothing may run; files that are there are kept beside, with `.before` at their end.
    PostgreSQL: into an empty database, by the release that made the copy.
    """
    with _opened(file) as (archive, manifest):
        if manifest["gateway"] != gateway.name:
            raise MadoguchiError(f"{file} is of {manifest['gateway']}, not of {gateway.name}")
        url = gateway.settings.store.database_url
        dialect = "postgresql" if url else "sqlite"
        if manifest["dialect"] != dialect:
            raise MadoguchiError(
                f"{file} is of {manifest['dialect']}, the city's file of {dialect}"
            )
        folder = data / gateway.name
        made = datetime.fromisoformat(manifest["at"])
        if url:
            await _copy_in(url, archive, manifest, sets, file)
        else:
            _put_files(folder, archive)
        _join_erasures(folder, archive)
    store = open_store(path=None if url else folder / "main.sqlite", url=url, clock=Clock())
    await store.start()
    try:
        await store.write(held.hold, made, now)
    finally:
        await store.close()
    return [
        f"{gateway.name} is as of {made:%Y-%m-%d %H:%M} UTC;"
        " nothing is sent and no event is handled yet",
        "start it, look at what waits, then go on from the console's first page,"
        " or by: madoguchi resume",
    ]


@contextmanager
def _opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            if manifest["format"] != FORMAT:
                raise MadoguchiError(f"{file} is of a newer release: install that one first")
            if broken := archive.testzip():
                raise MadoguchiError(f"{file} is damaged: {broken} cannot be read")
            yield archive, manifest
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise MadoguchiError(f"{file} is no copy that `madoguchi backup` made: {error}") from error


def _put_files(folder: Path, archive: zipfile.ZipFile) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lock = sqlite.lock_file(folder / "main.sqlite")  # StoreLocked: a worker runs
    try:
        for name in FILES:
            with archive.open(name) as source, (folder / f"{name}.new").open("wb") as copy:
                while block := source.read(1 << 20):
                    copy.write(block)
                copy.flush()
                os.fsync(copy.fileno())
        for name in FILES:
            for end in ("", "-wal", "-shm"):
                there = folder / f"{name}{end}"
                if there.exists():
                    there.rename(folder / f"{name}.before{end}")
            (folder / f"{name}.new").rename(folder / name)
    finally:
        os.close(lock)


def _join_erasures(folder: Path, archive: zipfile.ZipFile) -> None:
    """Who was erased by either: what is there is never replaced by an older list."""
    if ERASURES not in archive.namelist():
        return
    path = folder / ERASURES
    here = path.read_text("ascii").splitlines() if path.exists() else []
    more = [one for one in archive.read(ERASURES).decode("ascii").splitlines() if one not in here]
    if more:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="ascii") as file:
            file.writelines(f"{one}\n" for one in more)


async def _copy_in(
    url: str,
    archive: zipfile.ZipFile,
    manifest: dict[str, Any],
    sets: Sequence[MigrationSet],
    file: Path,
) -> None:
    connection = await _connect(url)
    try:
        if await _tables(connection):
            raise MadoguchiError("the database is not empty: make a new one, and name that")
        await migrations.migrate(url, sets)
        if await _revisions(connection) != manifest["revisions"]:
            release = manifest["release"]
            raise MadoguchiError(
                f"{file} has other tables than this release makes: restore it with madoguchi"
                f" {release} and the same plugins into another new database, then upgrade"
            )
        async with connection.transaction():
            names = await _in_order(connection, manifest["tables"])
            for name in names:
                await connection.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER USER')
            for name in reversed(names):
                await connection.execute(f'DELETE FROM "{name}"')
            for name in names:
                with archive.open(f"tables/{name}") as source:
                    columns = manifest["tables"][name]
                    await connection.copy_to_table(name, columns=columns, source=source)
            for name in names:
                await connection.execute(f'ALTER TABLE "{name}" ENABLE TRIGGER USER')
            for sequence, value in manifest["sequences"].items():
                await connection.execute("SELECT setval($1::text::regclass, $2)", sequence, value)
    finally:
        await connection.close()


# PostgreSQL's own words.


async def _connect(url: str) -> asyncpg.Connection:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return await asyncpg.connect(address, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise MadoguchiError(f"the database cannot be reached: {error}") from error


async def _tables(connection: asyncpg.Connection) -> dict[str, list[str]]:
    rows = await connection.fetch(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
        " AND c.is_generated = 'NEVER' ORDER BY c.table_name, c.ordinal_position"
    )
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


async def _revisions(connection: asyncpg.Connection) -> dict[str, list[str]]:
    found = {}
    for table in await _tables(connection):
        if table.startswith("schema_version_"):
            rows = await connection.fetch(f'SELECT version_num FROM "{table}" ORDER BY 1')
            found[table] = [row[0] for row in rows]
    return found


async def _sequences(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT quote_ident(sequencename), last_value FROM pg_sequences"
        " WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    return {row[0]: row[1] for row in rows}


async def _in_order(connection: asyncpg.Connection, wanted: dict[str, Any]) -> list[str]:
    """The tables, those that are referred to first."""
    rows = await connection.fetch(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid <> confrelid"
    )
    needs: dict[str, set[str]] = {name: set() for name in wanted}
    for table, other in rows:
        needs.setdefault(table.strip('"'), set()).add(other.strip('"'))
    ordered: list[str] = []
    while left := [name for name in needs if name not in ordered]:
        ready = [name for name in left if needs[name] <= set(ordered)]
        if not ready:
            raise MadoguchiError(f"the tables {', '.join(left)} refer to one another in a circle")
        ordered += ready
    return [name for name in ordered if name in wanted]
