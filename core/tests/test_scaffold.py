"""`madoguchi new-plugin NAME` writes a plugin that is sound from the first minute."""

import os
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import flit_core.buildapi
import pytest
from typer.testing import CliRunner

from madoguchi.cli import app

NAME = "opening_hours"


def new_plugin(name: str, folder: Path) -> tuple[int, list[str]]:
    """Exit code and lines of the command."""
    done = CliRunner().invoke(app, ["new-plugin", name, "--folder", str(folder)])
    return done.exit_code, done.output.splitlines()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """The folder of a plugin just written."""
    folder = tmp_path_factory.mktemp("vendor")
    code, lines = new_plugin(NAME, folder)
    assert code == 0, lines
    return folder / NAME


def test_exactly_these_files_are_written_and_told(tmp_path):
    _, lines = new_plugin(NAME, tmp_path)
    assert lines == [str(tmp_path / NAME / path) for path in [
        "pyproject.toml",
        "README.md",
        f"src/{NAME}/__init__.py",
        f"src/{NAME}/config.py",
        f"tests/test_{NAME}.py",
    ]]  # fmt: skip
    assert sorted(map(str, (p for p in tmp_path.rglob("*") if p.is_file()))) == sorted(lines)


def test_nothing_is_left_to_fill_in(written):
    for path in written.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert "$" not in text, path
            assert text.endswith("\n"), path


def test_it_asks_for_the_gateway_that_wrote_it(written):
    project = tomllib.loads((written / "pyproject.toml").read_text())["project"]
    major, minor, *_ = metadata.version("madoguchi").split(".")
    assert f"madoguchi>={major}.{minor},<{major}.{int(minor) + 1}" in project["dependencies"]
    assert project["name"] == "opening-hours"


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff_finds_nothing(written, command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
    done = subprocess.run(ruff, cwd=written, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_its_tests_pass(written, tmp_path, monkeypatch):
    """Built into a wheel and installed from it, as in a city; no network."""
    site = tmp_path / "site-packages"
    monkeypatch.chdir(written)
    with zipfile.ZipFile(tmp_path / flit_core.buildapi.build_wheel(str(tmp_path))) as wheel:
        wheel.extractall(site)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "16 passed" in done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Opening", "take a-z, 0-9 and _, a letter first"),
        ("opening-hours", "take a-z, 0-9 and _, a letter first"),
        ("9to5", "take a-z, 0-9 and _, a letter first"),
        ("ひまわり", "take a-z, 0-9 and _, a letter first"),
        ("../up", "take a-z, 0-9 and _, a letter first"),
        ("a" * 32, "at most 31 of them"),
        ("hello", "a plugin of this name is installed (hello_plugin)"),
        ("madoguchi", "it is the gateway's own"),
        ("core", "it is the gateway's own"),
        ("resident", "it is the gateway's own"),
        ("calendar", "Python has a module or keyword of this name"),
        ("pydantic", "Python has a module or keyword of this name"),
        ("async", "Python has a module or keyword of this name"),
    ],
)
def test_bad_and_taken_names_are_refused_in_one_sentence(tmp_path, name, reason):
    code, lines = new_plugin(name, tmp_path)
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"{name!r} cannot be used: ")
    assert reason in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(tmp_path):
    (tmp_path / NAME).mkdir()
    code, lines = new_plugin(NAME, tmp_path)
    assert code == 1
    assert lines == [f"{NAME!r} cannot be used: {tmp_path / NAME} is there already"]
    assert list((tmp_path / NAME).iterdir()) == []
