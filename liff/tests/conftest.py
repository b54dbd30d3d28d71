"""A city with a plugin that asks every kind of question, and residents who open its pages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from madoguchi.testing import TestResident, Town

EVERYTHING = (Path(__file__).parent / "everything.py").read_text("utf-8")


@pytest.fixture
def make_city(make_town: Callable[..., Town], install_plugin: Callable) -> Callable[..., Town]:
    """Make towns with pages: `make_city({"other": {}}, city={…})`."""
    install_plugin("everything", EVERYTHING)

    def make(more: dict | None = None, **options: object) -> Town:
        return make_town({"everything": {}, "liff": {}, **(more or {})}, **options)

    return make


@pytest.fixture
def gateway(make_city: Callable[..., Town]) -> Town:
    return make_city()


@pytest.fixture
def hanako(gateway: Town) -> TestResident:
    return TestResident(gateway)
