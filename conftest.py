"""Databases for the tests: a SQLite file always, PostgreSQL where a server is given.

`MADOGUCHI_TEST_DATABASE_URL` is the address of a server; the tests make a database of their own on
it and drop it at the end.
"""

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from madoguchi.store import Store, open_store

# No test judges by the clock: a busy machine is no fault. In CI the examples are always the same.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

SERVER = "MADOGUCHI_TEST_DATABASE_URL"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--slow` runs the long variants too: full numbers, long outages. `--record` notes them."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow as well")
    parser.addoption(
        "--record", action="store_true", help="write what slow runs found into READMEs"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long variants out, unless they are asked for."""
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="takes longer than a minute; use --slow"))


def execute(url: str, *statements: str) -> None:
    """Run statements on a PostgreSQL server, each by itself."""
    import asyncpg

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database that is dropped at the end."""
    server = os.environ.get(SERVER)
    if not server:
        pytest.skip(f"{SERVER} is not set")
    server = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    name = f"madoguchi_test_{uuid.uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(postgres_database: str) -> str:
    """The same, emptied for each test."""
    execute(postgres_database, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database: the path of a SQLite file, then a PostgreSQL address."""
    if request.param == "sqlite":
        return tmp_path / "main.sqlite"
    return request.getfixturevalue("postgres")


@pytest.fixture
def opened(database: Path | str) -> Callable[..., Store]:
    """`open_store` for the test's database."""

    def open_database(**options: Any) -> Store:
        if isinstance(database, Path):
            return open_store(path=database, **options)
        return open_store(url=database, **options)

    return open_database
