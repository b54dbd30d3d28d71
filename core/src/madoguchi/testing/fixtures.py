"""The fixtures: pytest finds them by the entry point `madoguchi` of the group `pytest11`.

Imports stand inside the functions, so that pytest starts as quickly in projects that have the
gateway installed and do not test with it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from madoguchi.clock import Clock
    from madoguchi.testing import LoopThread, TestResident, TestStaff, Town
    from madoguchi_simulator import Simulator


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the session: `MADOGUCHI_TEST_REDIS_URL`, or an embedded Valkey.

    Of several processes of pytest-xdist the first has that Redis, the others a Valkey each: towns
    of one name would hear each other's wake-ups.
    """
    is_first = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"
    if is_first and (url := os.environ.get("MADOGUCHI_TEST_REDIS_URL")):
        yield url
        return
    from madoguchi.valkey import start_valkey

    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def loop_thread() -> "Iterator[LoopThread]":
    """The event loop in which gateways run, in a thread beside the tests."""
    from madoguchi.testing import LoopThread

    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, loop_thread: "LoopThread") -> Path:
    """A migrated, empty SQLite database; each test gets a copy."""
    from madoguchi import migrations

    path = tmp_path_factory.mktemp("template") / "main.sqlite"
    loop_thread.run(migrations.migrate(path))
    return path


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    """Which plugins are on, in order, each with its table. Override it in your tests."""
    return {}


@pytest.fixture
def city() -> Mapping[str, Any]:
    """What the city's file says beyond the defaults: keys of `[city]`, or whole tables."""
    return {}


@pytest.fixture
def make_town(
    tmp_path: Path, loop_thread: "LoopThread", redis_url: str, migrated: Path
) -> "Iterator[Callable[..., Town]]":
    """Make towns: `make_town(plugins={"hello": {}}, name="kita")`; each ends with the test."""
    from contextlib import ExitStack

    from madoguchi.testing import Town

    with ExitStack() as stack:

        def make(
            plugins: Mapping[str, Any] | None = None,
            city: Mapping[str, Any] | None = None,
            **options: Any,
        ) -> Town:
            if "database_url" not in options:
                options["template"] = migrated
            town = Town(tmp_path, loop_thread, redis_url, plugins or {}, city or {}, **options)
            return stack.enter_context(town)

        yield make


@pytest.fixture
def gateway(
    make_town: "Callable[..., Town]", plugins: Mapping[str, Any], city: Mapping[str, Any]
) -> "Town":
    """A running gateway with the plugins that the fixture `plugins` names."""
    return make_town(plugins, city)


@pytest.fixture
def resident(gateway: "Town") -> "TestResident":
    """A friend of the account."""
    from madoguchi.testing import TestResident

    return TestResident(gateway)


@pytest.fixture
def make_staff(gateway: "Town") -> "Callable[..., TestStaff]":
    """Make accounts in the console: `make_staff("田中 翔", ["segment.approve"])`, logged in."""
    from functools import partial

    from madoguchi.testing import TestStaff

    return partial(TestStaff, gateway)


@pytest.fixture
def staff(gateway: "Town", make_staff: "Callable[..., TestStaff]") -> "TestStaff":
    """An administrator who may do everything in 広報課, logged in; `console` has to be on."""
    well = gateway.running.services.plugins.well()
    names = [permission.name for plugin in well for permission in plugin.permissions]
    return make_staff(permissions=names, admin=True)


@pytest.fixture
def line(gateway: "Town") -> "Simulator":
    """The simulated LINE; use it through `gateway.wait(…)` and `gateway.call(…)`."""
    return gateway.simulator


@pytest.fixture
def clock(gateway: "Town") -> "Clock":
    """The one clock of gateway and LINE: `clock.move(seconds)`."""
    return gateway.clock


@pytest.fixture
def install_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Install a plugin for this test: `install_plugin("toy", "from madoguchi import …")`."""
    from madoguchi.testing.installing import forget, install

    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    packages: list[str] = []

    def put(name: str, source: str | Mapping[str, str]) -> str:
        files = {"__init__.py": source} if isinstance(source, str) else source
        packages.append(install(folder, name, files))
        return name

    yield put
    for package in packages:
        forget(package)
