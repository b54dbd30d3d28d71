"""Databases that live as long as a bench."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

_numbers = itertools.count(1)


@contextmanager
def database(server: str) -> Iterator[str]:
    """An empty database on the server of this `postgresql://` URL; dropped afterwards."""
    name = f"madoguchi_bench_{os.getpid()}_{next(_numbers)}"
    _execute(server, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def count_events(url: str) -> int:
    """Rows in the inbox of a database."""
    return _execute(url, "SELECT count(*) FROM inbox") or 0


def _execute(url: str, sql: str) -> int | None:
    async def execute() -> int | None:
        import asyncpg

        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(execute())
