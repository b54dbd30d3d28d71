"""Who may import whom (design §4), and how long the way of an event is."""

import ast
import io
import json
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import madoguchi
from madoguchi.testing.imports import find_foreign_imports

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core" / "src" / "madoguchi"
EVENT_PATH = [
    "door",
    "inbox",
    "inbox_sqlite",
    "inbox_postgres",
    "arrivals",
    "feed",
    "dispatch",
    "turn",
    "plugins",
    "outgoing",
    "journal",
    "line",
]
MOST_CODE_LINES = 2_252
"""Lines of code on the event path. It is read in one sitting; whoever raises this says why.

2,000 → 2,060: rule 2, the open form: who is asked first, what interrupts it, what follows.
2,060 → 2,150: an inbox module for each database; the door forgets what it is ordered to forget.
2,150 → 2,220: what was received, handled and answered is counted; the door says if it is well.
2,220 → 2,235: LINE's calls for rich menus: ids in the path stay out of the log; the upload host.
2,235 → 2,242: a plugin finds what all plugins declare about residents (`Plugin.criteria`).
2,242 → 2,252: permissions and commands of plugins are collected like their other declarations.
"""


@cache
def modules(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.rglob("*.py")))


@cache
def imports(module: Path) -> frozenset[str]:
    """Full names that a module imports, wherever in it; `from a.b import c` is `a.b` and `a.b.c`.

    Relative imports are written out; what stands under `if TYPE_CHECKING:` runs nowhere.
    """
    package = ".".join(module.parent.relative_to(source_of(module)).parts)
    found: set[str] = set()
    for node in running(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(
                [*(parents if node.level else []), *([node.module] * bool(node.module))]
            )
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def source_of(module: Path) -> Path:
    """The folder from which a module is imported."""
    return next((parent for parent in module.parents if parent.name == "src"), module.parent)


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that is ever executed."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from running(node)


def importers(folder: Path, *roots: str) -> set[str]:
    """Names of the modules in a folder that import one of these packages or modules."""
    return {
        str(module.relative_to(folder))
        for module in modules(folder)
        if any(
            name == root or name.startswith(f"{root}.")
            for name in imports(module)
            for root in roots
        )
    }


def roots(folder: Path) -> set[str]:
    return {name.split(".")[0] for module in modules(folder) for name in imports(module)}


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh Python has loaded after a statement."""
    code = f"import json, sys; {statement}; print(json.dumps(list(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    return set(json.loads(run.stdout.splitlines()[-1]))


def packages_of_plugins() -> set[str]:
    return {
        entry.value.split(".")[0].split(":")[0]
        for entry in metadata.entry_points(group="madoguchi.plugins")
    }


def test_the_reader_of_imports_sees_them_all(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        "import a.b\nfrom c import d\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import never\n"
        "def f():\n    if f:\n        from e.f import g\n"
    )
    assert imports(module) == {"a.b", "c", "c.d", "typing", "typing.TYPE_CHECKING", "e.f", "e.f.g"}


# The core.


def test_only_the_line_client_imports_linebot():
    assert importers(CORE, "linebot") <= {"line.py"}


def test_linebot_and_alembic_are_loaded_when_they_are_needed_only():
    loaded = loaded_by("import madoguchi.worker, madoguchi.cli")
    assert "madoguchi.line" in loaded
    assert {name.split(".")[0] for name in loaded} & {"linebot", "alembic"} == set()


def test_the_core_imports_no_plugin_and_no_simulator():
    forbidden = packages_of_plugins() | {"madoguchi_simulator"}
    assert "hello_plugin" in forbidden
    assert importers(CORE, *forbidden) <= {"testing/town.py"}, "the testing kit runs the simulator"


def test_the_door_loads_no_plugin_no_database_library_and_no_web_framework():
    """Nothing a plugin does can make LINE wait, and the process stays small."""
    loaded = {name.split(".")[0] for name in loaded_by("import madoguchi.door")}
    forbidden = {"sqlalchemy", "starlette", "pydantic", "jinja2", "aiohttp", "typer", "linebot"}
    assert loaded & (forbidden | packages_of_plugins()) == set()


def test_the_door_loads_nothing_more_while_it_serves(tmp_path):
    """The same after a webhook went through it: what is imported late counts too."""
    code = f"""
import asyncio, base64, hmac
from pathlib import Path
from madoguchi.door import Door, Entrance
async def main():
    entrance = Entrance("mihon", "secret", {str(tmp_path)!r}, "redis://127.0.0.1:9")
    door = Door([entrance], lambda: 1.0)
    await door.open()
    event = b'{{"type":"x","mode":"active","webhookEventId":"1","timestamp":1}}'
    body = b'{{"destination":"x","events":[' + event + b']}}'
    signature = base64.b64encode(hmac.digest(b"secret", body, "sha256"))
    assert await door.counters["mihon"].take(body, signature) == 200
    await asyncio.sleep(0.1)
    await door.close()
asyncio.run(main())
"""
    loaded = {name.split(".")[0] for name in loaded_by(f"exec({code!r})")}
    assert "redis" in loaded
    forbidden = {"sqlalchemy", "starlette", "pydantic", "jinja2", "aiohttp", "typer", "linebot"}
    assert loaded & (forbidden | packages_of_plugins()) == set()


def test_the_supervisor_imports_the_standard_library_and_its_neighbours():
    neighbours = {
        "beat",
        "culprit",
        "errors",
        "logs",
        "metrics",
        "process",
        "renewing",
        "seat",
        "valkey",
    }
    neighbours |= {"watch"}
    allowed = {f"madoguchi.{name}" for name in neighbours}
    for name in ("supervisor", *sorted(neighbours)):
        for imported in imports(CORE / f"{name}.py"):
            is_ours = imported.startswith("madoguchi.")
            known = ".".join(imported.split(".")[:2]) in allowed
            assert known if is_ours else imported.split(".")[0] in sys.stdlib_module_names, imported


@pytest.mark.parametrize("module", EVENT_PATH)
def test_the_way_of_an_event_knows_no_pages_commands_or_jobs(module):
    aside = [
        "web",
        "templating",
        "cli",
        "inspection",
        "demo",
        "deployment",
        "supervisor",
        "testing",
    ]
    aside += ["forms", "jobs", "settings", "scaffold"]
    ours = {f"madoguchi.{name}" for name in aside}
    theirs = {"starlette", "jinja2", "typer", "alembic"}
    imported = imports(CORE / f"{module}.py")
    found = {n for n in imported if ".".join(n.split(".")[:2]) in ours or n.split(".")[0] in theirs}
    assert found == set()


def code_lines(module: Path) -> int:
    """Lines with code on them: no blank lines, comments or docstrings."""
    text = module.read_text("utf-8")
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in quiet and token.type != tokenize.ENDMARKER:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def test_code_lines_are_counted_without_words(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        '"""Doc.\n\nMore.\n"""\n\n# why\nx = """a\nb"""  # also\n\n\ndef f():\n    """Doc."""\n'
    )
    assert code_lines(module) == 3


def test_the_way_of_an_event_is_read_in_one_sitting(record_property):
    sizes = {name: code_lines(CORE / f"{name}.py") for name in EVENT_PATH}
    record_property("event_path", sizes)
    print(", ".join(f"{name} {size}" for name, size in sizes.items()), "sum", sum(sizes.values()))
    assert sum(sizes.values()) <= MOST_CODE_LINES, sizes


# The others.


def test_messages_import_the_standard_library_only():
    allowed = sys.stdlib_module_names | {"madoguchi_messages"}
    assert roots(ROOT / "messages" / "src") <= allowed


def test_the_simulator_never_imports_the_gateway():
    """Any bot in any language can be developed against it."""
    assert importers(ROOT / "simulator" / "src", "madoguchi", "hello_plugin") == set()
    loaded = {name.split(".")[0] for name in loaded_by("import madoguchi_simulator")}
    assert "madoguchi" not in loaded


def test_nothing_imports_from_core_or_plugins_by_those_names():
    for member in ("core", "messages", "simulator", "examples"):
        assert roots(ROOT / member) & {"core", "plugins"} == set()


@pytest.mark.parametrize(
    "entry", metadata.entry_points(group="madoguchi.plugins"), ids=lambda entry: entry.name
)
def test_plugins_import_the_public_api_only(entry):
    assert find_foreign_imports(entry) == []


def test_the_public_api_is_small_to_import():
    """A plugin's module costs no web framework, no database library, no LINE client."""
    loaded = {name.split(".")[0] for name in loaded_by("import madoguchi")}
    assert (
        loaded & {"sqlalchemy", "starlette", "pydantic", "aiohttp", "uvicorn", "linebot"} == set()
    )


@pytest.mark.parametrize("name", madoguchi.__all__)
def test_every_public_name_is_explained(name):
    value = getattr(madoguchi, name)
    if isinstance(value, type) or callable(value):
        assert value.__doc__
        assert not value.__doc__.startswith(f"{name}("), "not only what dataclass writes"
