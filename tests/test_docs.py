"""The docs are true: every block of code in them is run, loaded or compared.

How a block is marked:

* `python file="…"`, `toml file="…"`: stands like this in that file of the repository;
* `… title="…"`: a file of the reader's own; the pages' files are written into a workspace of their
  own, built, installed and tested there;
* `python signature`: made by docs/build.py;
* `toml` alone: part of a city's file; `python` alone: runs as it is;
* `sh`: commands that exist, with options that they have; `console`: commands and what they print.
"""

import inspect
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import madoguchi
from madoguchi import hookspecs
from madoguchi.city_file import CityFile
from madoguchi.cli import app
from madoguchi.commands import add_commands
from madoguchi.config import check_gateway
from madoguchi.connecting.walk import DRILL, STEPS
from madoguchi.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "docs" / "build.py"
CONNECT = ("connect-line.md", "ja/connect-line.md")
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TESTED_ELSEWHERE = {ROOT / "messages" / "README.md", ROOT / "simulator" / "README.md"}
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(page for page in ROOT.glob("*/README.md") if not page.parent.name.startswith(".")),
        *ROOT.glob("[a-z]*/*/README.md"),
    }
)


@dataclass(frozen=True)
class Block:
    """A block of code and where it stands."""

    page: Path
    language: str
    marks: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        first = self.text.strip().split("\n")[0][:40]
        return f"{self.page.relative_to(ROOT)}: {first}"


def blocks_of(page: Path) -> Iterator[Block]:
    for language, info, text in FENCE.findall(page.read_text("utf-8")):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', info))
        if info.strip() and not marks:
            marks = {info.strip(): ""}
        yield Block(page, language, marks, text)


BLOCKS = [block for page in PAGES if page not in TESTED_ELSEWHERE for block in blocks_of(page)]


def those(language: str, mark: str | None = None) -> list[Block]:
    """Blocks of a language that have a mark; without one, those that have none."""
    return [
        block
        for block in BLOCKS
        if block.language == language and (mark in block.marks if mark else not block.marks)
    ]


CONSOLE = [block for block in BLOCKS if block.language == "console"]


def ids(blocks: list[Block]) -> dict[str, Any]:
    return {"argvalues": blocks, "ids": [str(block) for block in blocks]}


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    known = {("python", mark) for mark in ("file", "title", "signature", "")}
    known |= {("toml", mark) for mark in ("file", "title", "")}
    known |= {("sh", ""), ("console", ""), ("console", "broken"), ("markdown", "title")}
    known |= {("html", "title"), ("nginx", "file"), ("text", "")}
    found = {(block.language, next(iter(block.marks), "")) for block in BLOCKS}
    assert found - known == set()


@pytest.mark.parametrize("block", **ids([b for b in BLOCKS if "file" in b.marks]))
def test_what_is_said_to_stand_in_a_file_stands_there(block: Block) -> None:
    assert f"\n{block.text}" in "\n" + (ROOT / block.marks["file"]).read_text("utf-8")


def test_the_readme_shows_the_smallest_plugin_whole() -> None:
    source = (ROOT / "examples/hello_plugin/src/hello_plugin/__init__.py").read_text("utf-8")
    assert source in [block.text for block in blocks_of(ROOT / "README.md")]


@pytest.mark.parametrize("block", **ids(those("python")))
def test_python_runs(block: Block) -> None:
    exec(compile(block.text, str(block.page), "exec"), {})


# Pictures


def shown_in(page: Path) -> list[Path]:
    """The pictures that a page shows."""
    text = page.read_text("utf-8")
    names = re.findall(r'<img src="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)', text)
    return [(page.parent / (tag or mark)).resolve() for tag, mark in names]


def test_pictures_are_there_small_and_each_is_made_by_a_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = {picture for page in PAGES for picture in shown_in(page)}
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    scripts = ("screenshot.py", "connect_pictures.py", "delivery_pictures.py")
    made = {
        name
        for script in scripts
        for name in runpy.run_path(str(ROOT / "tools" / script))["PICTURES"]
    }
    assert shown == {ROOT / "docs" / "images" / f"{name}.png" for name in made}
    assert shown == set((ROOT / "docs" / "images").iterdir())
    assert max(picture.stat().st_size for picture in shown) <= 150_000


def test_every_picture_says_what_it_shows() -> None:
    for page in PAGES:
        tags = re.findall(r"<img [^>]*>", page.read_text("utf-8"))
        assert [tag for tag in tags if not re.search(r'alt="[^"]{10,}"', tag)] == []


# Commands


add_commands(app)  # as the console script does


def parse(line: str) -> None:
    """Parse a command of ours as it would be parsed, without running it."""
    program, *arguments = shlex.split(line, comments=True)
    if program.endswith("/run"):
        name, *rest = arguments
        commands = re.findall(r"^\./run (\w+)", runpy.run_path(str(ROOT / "run"))["HELP"], re.M)
        assert name in commands
        if name == "bench":
            import_module("bench.__main__").parser().parse_args(rest)
            return
        if name == "madoguchi":
            arguments = rest
        elif name not in ("demo", "serve"):
            assert not [one for one in rest if one.startswith("-")], "options of another program"
            return
    command, context = get_command(app), None
    while True:
        context = command.make_context(None, list(arguments), parent=context)
        if not hasattr(command, "resolve_command"):
            return
        _, command, arguments = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )


@pytest.mark.parametrize("block", **ids(those("sh")))
def test_commands_exist(block: Block) -> None:
    for line in block.text.splitlines():
        if not line.startswith(("git clone ", ". data/demo/environment")):
            assert line.startswith("./run ")
            parse(line)


@pytest.mark.parametrize("wrong", ["./run dmo", "./run serve --prot", "./run madoguchi inbox lst"])
def test_commands_that_do_not_exist_are_found(wrong: str) -> None:
    with pytest.raises(Exception, match=wrong.split()[-1]):
        parse(wrong)


def test_the_operators_page_names_every_number_and_no_other() -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert set(re.findall(r"madoguchi_[a-z_]+", page)) == set(METRICS)


# What docs/build.py makes


def test_generated_parts_are_up_to_date() -> None:
    found = subprocess.run(
        [sys.executable, BUILD, "--check"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_a_changed_signature_would_be_mended() -> None:
    page = (ROOT / "docs" / "hooks.md").read_text("utf-8")
    changed = page.replace("message: Any, text: str)", "text: str)")
    assert changed != page
    assert runpy.run_path(str(BUILD))["build"](changed) == page


@pytest.mark.parametrize("name", hookspecs.KINDS)
def test_every_hook_is_documented_with_its_exact_signature(name: str) -> None:
    page = (ROOT / "docs" / "hooks.md").read_text("utf-8")
    function = getattr(hookspecs, name)
    section = page.partition(f"\n### `{name}`\n")[2].partition("\n### ")[0]
    signature = re.sub(r"'|madoguchi\.(types|criteria)\.", "", str(inspect.signature(function)))
    signature = re.sub(r"[\w.]+\.(Any|Callable|AbstractAsyncContextManager)", r"\1", signature)
    assert f"def {name}{signature}\n" in section
    assert inspect.getdoc(function) in section
    assert f"*{hookspecs.KINDS[name]}*\n" in section


@pytest.mark.parametrize("name", sorted({*madoguchi.__all__} - {"hookimpl"}))
def test_every_public_name_is_documented(name: str) -> None:
    assert f"\n### `{name}`\n" in (ROOT / "docs" / "hooks.md").read_text("utf-8")


def test_every_key_of_a_citys_file_is_documented() -> None:
    page = (ROOT / "config" / "README.md").read_text("utf-8")
    for name, field in CityFile.model_fields.items():
        model = field.annotation
        if type(None) in getattr(model, "__args__", ()):
            model = model.__args__[0]
        if getattr(model, "__origin__", None) is list:
            model = model.__args__[0]
        keys = dict(getattr(model, "model_fields", {name: field}))
        for key, inner in list(keys.items()):
            for nested in getattr(inner.annotation, "__args__", ()):
                if hasattr(nested, "model_fields"):  # a table in a table
                    keys |= nested.model_fields
                    del keys[key]
        for key, inner in keys.items():
            row = re.search(rf"^\| `{inner.alias or key}` \| (.+?) \| (.+?) \|$", page, re.M)
            assert row, key
            assert ("optional" in row[1]) is not inner.is_required(), key


# The reader's own files


def merge(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Tables put together, those of `other` first."""
    merged = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


@pytest.mark.parametrize(
    "block", **ids([b for b in those("toml") if b.page.parent.name != "hello_plugin"])
)
def test_toml_is_part_of_a_good_citys_file(block: Block) -> None:
    sample = ROOT / "config" / "mihon.toml"
    tables = merge(tomllib.loads(sample.read_text("utf-8")), tomllib.loads(block.text))
    check_gateway(tables, sample, unset="")


@dataclass(frozen=True)
class Workspace:
    """A workspace with the files that the pages show, built and installed."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        paths = [self.folder / "site", *self.folder.glob("examples/*/src")]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MIHON_")}
        return {**kept, "PYTHONPATH": os.pathsep.join(map(str, paths)), "COLUMNS": "200"}

    def run(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=stdin,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Write what the pages show; make plugins of it with their own build backend."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "config").mkdir()
    shutil.copy(ROOT / "config" / "mihon.toml", folder / "config")
    shutil.copytree(ROOT / "config" / "mihon", folder / "config" / "mihon")
    for block in BLOCKS:
        if name := block.marks.get("title"):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as opened:
                opened.write(("\n\n" if file.stat().st_size else "") + block.text)
    recipe = (folder / "examples/phonebook/pyproject.toml").read_text("utf-8")
    for plugin in (folder / "examples").iterdir():
        own = plugin / "pyproject.toml"
        if not own.exists():  # "the tutorial's with another name"
            own.write_text(recipe.replace("phonebook", plugin.name), "utf-8")
            (plugin / "README.md").write_text(f"# {plugin.name}\n", "utf-8")
        made = Workspace(plugin).run(
            sys.executable,
            "-c",
            "import sys, flit_core.buildapi as backend; backend.build_editable(sys.argv[1])",
            folder,
        )
        assert made.returncode == 0, made.stdout
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder / "site")
    return Workspace(folder)


def test_the_plugins_of_the_docs_pass_the_tests_of_the_docs(workspace: Workspace) -> None:
    tests = [block for block in BLOCKS if "/tests/" in block.marks.get("title", "")]
    count = sum(len(re.findall(r"^def test_", block.text, re.MULTILINE)) for block in tests)
    options = ("-q", "-W", "error", "--import-mode=importlib", "-p", "no:cacheprovider")
    found = workspace.run(sys.executable, "-m", "pytest", *options, "examples")
    assert found.returncode == 0, found.stdout
    passed = re.search(r"(\d+) passed", found.stdout)
    assert passed
    assert int(passed[1]) >= count + 10  # and the contract's


SHOW = """
import json, sys
from typer.testing import CliRunner
from madoguchi.cli import app
print(json.dumps([CliRunner().invoke(app, command).output for command in json.load(sys.stdin)]))
"""


def commands_of(block: Block) -> dict[str, str]:
    """Each command of a console block and what it prints."""
    parts = re.split(r"^\$ ./run madoguchi ", block.text, flags=re.MULTILINE)
    assert parts[0] == ""
    return {line: output for line, _, output in (part.partition("\n") for part in parts[1:])}


@pytest.mark.parametrize("misspelt", sorted({b.marks.get("broken", "") for b in CONSOLE}))
def test_commands_print_what_the_page_says(
    workspace: Workspace, misspelt: str, tmp_path: Path
) -> None:
    if misspelt:
        workspace = Workspace(Path(shutil.copytree(workspace.folder, tmp_path / "workspace")))
        source = workspace.folder / "examples/phonebook/src/phonebook/__init__.py"
        text = source.read_text("utf-8")
        assert "offer_for_message" in text
        source.write_text(text.replace("offer_for_message", misspelt), "utf-8")
    shown: dict[str, str] = {}
    for block in CONSOLE:
        if block.marks.get("broken", "") == misspelt:
            shown |= commands_of(block)
    commands = json.dumps([shlex.split(line) for line in shown])
    found = workspace.run(sys.executable, "-c", SHOW, stdin=commands)
    assert found.returncode == 0, found.stdout
    assert dict(zip(shown, json.loads(found.stdout), strict=True)) == shown


# Connecting, in two languages


def test_both_pages_about_connecting_have_the_same_steps() -> None:
    english, japanese = (ROOT / "docs" / name for name in CONNECT)

    def shape(page: Path) -> list[str]:
        """Headings by number, code, pictures, and rows of the table, in their order."""
        text = page.read_text("utf-8")
        parts = r"^## \d+\.|^```.*?^```|images/[\w-]+\.png|^\|(?=[^\n]*\|$)"
        return re.findall(parts, text, re.MULTILINE | re.DOTALL)

    assert shape(english) == shape(japanese)
    assert [one for one in shape(english) if one.startswith("## ")] == [
        f"## {number}." for number in range(1, 11)
    ]


@pytest.mark.parametrize("name", CONNECT)
def test_every_step_of_connect_has_its_row(name: str) -> None:
    rows = re.findall(r"^\| ", (ROOT / "docs" / name).read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(STEPS) + len(DRILL) + 4  # and both tables' heads


# Links, modules, picture


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    words = (re.sub(r"[^\w -]", "", heading) for heading in headings)
    return {heading.strip().lower().replace(" ", "-") for heading in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        target, _, anchor = "".join(link).partition("#")
        if "://" in target:
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), "".join(link)


def test_every_module_of_the_core_has_its_line() -> None:
    page = (ROOT / "core" / "README.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+\.py)`", page))
    assert named == {path.name for path in (ROOT / "core/src/madoguchi").glob("*.py")}


def test_every_page_can_be_found_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        name = str(page.relative_to(ROOT / "docs"))
        assert name == "index.md" or f"({name})" in index, name


def test_the_picture_is_a_phones_screen() -> None:
    head = (ROOT / "docs/images/phone.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(head[n : n + 4]) for n in (16, 20))
    assert (width, height) == (390 * 2, 844 * 2)
