"""Write the generated parts of the docs: hooks, types and the keys of a city's file.

    .venv/bin/python docs/build.py [--check]

What stands between `<!-- hook: NAME -->` (or `type`, `table`) and `<!-- end -->` is made from the
source of the gateway: signatures, annotations, docstrings. The rest of a page is written by hand.
`--check` writes nothing and exits 1 if a page is not what it would write.
"""

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "core" / "src" / "madoguchi"
PAGES = (ROOT / "docs" / "hooks.md", ROOT / "config" / "README.md")
REGION = re.compile(r"(<!-- (hook|type|table): (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MODULES = ("types", "criteria", "schedules", "context", "jobs", "content", "pages", "errors")
"""Where the classes of the public API are."""
TABLES = {
    "city": ("CityTable", "[city]"),
    "line": ("LineTable", "[line]"),
    "drill": ("DrillTable", "[line.drill]"),
    "store": ("StoreTable", "[store]"),
    "danger": ("DangerTable", "[[danger]]"),
    "retention": ("RetentionTable", "[retention]"),
    "menu": ("MenuTable", "[menu]"),
    "mail": ("MailTable", "[mail]"),
    "office_day": ("OfficeDayTable", "[[office_day]]"),
    "file": ("CityFile", "outside of tables"),
}
"""Name of a region → the model in city_file.py, and how the table is written."""
TOML_TYPES = {
    "Text": "text",
    "bool": "`true` or `false`",
    "date": "a day, such as `2026-05-15`",
    "Literal['starttls', 'tls', 'none']": "`starttls`, `tls` or `none`",
    "Path": "path of a file",
    "str": "text",
    "Site": "address",
    "BaseSite": "address",
    "list[LiffId]": "list of ids",
    "Secret": '`{ env = "NAME" }`',
    "digits": "digits, in quotation marks",
    "list[Text]": "list of texts",
    "dict[str, dict[str, Any]]": "tables",
}


@cache
def definitions(module: str) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """Functions and classes of a module of the gateway, by name."""
    tree = ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))
    return {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}


def find_class(name: str) -> ast.ClassDef:
    """A class of the public API. KeyError if there is none of this name."""
    for module in MODULES:
        if isinstance(node := definitions(module).get(name), ast.ClassDef):
            return node
    raise KeyError(name)


def hook(name: str) -> str:
    """A hook: kind, exact signature, docstring."""
    node = definitions("hookspecs")[name]
    assert isinstance(node, ast.FunctionDef)
    kind = ast.literal_eval(node.decorator_list[0].args[0])  # type: ignore[attr-defined]
    words = ast.get_docstring(node)
    return f"*{kind}*\n\n```python signature\n{signature(node)}\n```\n\n{words}\n"


def type_(name: str) -> str:
    """A class that a plugin meets: docstring, fields, methods."""
    node = find_class(name)
    parts = [ast.get_docstring(node) or ""]
    fields = [f"* `{field}{kind}`{says}" for field, kind, says in attributes(node)]
    if fields:
        parts.append("\n".join(fields))
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and is_public(method):
            parts.append(f"`{signature(method)}`\n\n{ast.get_docstring(method)}")
    return "\n\n".join(parts) + "\n"


def is_public(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a plugin may call the method."""
    return not method.name.startswith("_") and not is_marked(method, "classmethod")


def is_marked(node: ast.FunctionDef | ast.AsyncFunctionDef, mark: str) -> bool:
    """Whether a decorator of this name stands above it."""
    return any(ast.unparse(decorator) == mark for decorator in node.decorator_list)


def attributes(node: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Public fields: name, `: type = default` (for a member of an enum its value), what it is."""
    for one, following in zip(node.body, [*node.body[1:], None], strict=True):
        match one:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=value):
                default = f" = {ast.unparse(value)}" if value else ""
                shown = f": {unquoted(kind)}{default}"
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                shown = f" = {ast.unparse(value)}"
            case _:
                continue
        if name.startswith("_") or name == "model_config":
            continue
        says = documentation(following)
        yield name, shown.replace("= field(default_factory=dict)", "= {}"), f": {says}" * bool(says)


def documentation(node: ast.stmt | None) -> str:
    """The text of a docstring that follows a field, in one line; empty if there is none."""
    match node:
        case ast.Expr(value=ast.Constant(value=str() as words)):
            return " ".join(words.split())
    return ""


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """`def name(arguments) -> result`, as it stands in the source."""
    for arguments in (node.args.args, node.args.posonlyargs):
        arguments[:] = [argument for argument in arguments if argument.arg != "self"]
    if is_marked(node, "property"):
        return f"{node.name}: {unquoted(node.returns)}" if node.returns else node.name
    colour = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    result = f" -> {unquoted(node.returns)}" if node.returns else ""
    shown = re.sub(r"(?<=\S)=(?=\S)", " = ", unquoted(node.args))
    return f"{colour} {node.name}({shown}){result}"


def unquoted(node: ast.AST) -> str:
    """Annotations as people read them, without the quotes of forward references."""
    return ast.unparse(node).replace("'", "")


def table(name: str) -> str:
    """A table of a city's file: its keys, what to write, what for."""
    model, written = TABLES[name]
    node = definitions("city_file")[model]
    assert isinstance(node, ast.ClassDef)
    rows = [f"| `{written}` | write | |", "| --- | --- | --- |"]
    tables = {model for model, _ in TABLES.values()}
    for one, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(one, ast.AnnAssign):
            continue
        key = ast.unparse(one.target).rstrip("_")
        kind = ast.unparse(one.annotation)
        if any(model in kind for model in tables):
            continue  # it has a region of its own
        rows.append(f"| `{key}` | {toml_type(kind, one.value)} | {documentation(following)} |")
    return "\n".join(rows) + "\n"


def toml_type(annotation: str, value: ast.expr | None) -> str:
    """How a value is written, and whether it must be. KeyError if `TOML_TYPES` has no words."""
    kind = annotation.removesuffix(" | None")
    if annotated := re.fullmatch(r"Annotated\[(\w+)(?: \| None)?, (.+)\]", kind):
        kind = "digits" if "digits" in annotated[2] else annotated[1]
    match value:
        case ast.Call(args=[default], keywords=[least, most]) if kind == "int":
            limits = f"{ast.unparse(least.value)} to {ast.unparse(most.value)}"
            return f"{limits}, optional: {ast.unparse(default).replace('None', 'never')}"
    shown = TOML_TYPES[kind]
    return shown if value is None or "min_length=1" in ast.unparse(value) else f"{shown}, optional"


GENERATORS: dict[str, Callable[[str], str]] = {"hook": hook, "type": type_, "table": table}


def build(text: str) -> str:
    """A page with its generated parts made anew."""

    def make(found: re.Match[str]) -> str:
        opening, kind, name, closing = found.groups()
        definitions.cache_clear()
        return f"{opening}\n{GENERATORS[kind](name)}\n{closing}"

    return REGION.sub(make, text)


def main() -> None:
    """`docs/build.py [--check]`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if outdated")
    only_check = parser.parse_args().check
    outdated = []
    for page in PAGES:
        text = page.read_text("utf-8")
        if (made := build(text)) != text:
            outdated.append(str(page.relative_to(ROOT)))
            if not only_check:
                page.write_text(made, "utf-8")
    if outdated and only_check:
        sys.exit(f"outdated, run docs/build.py: {', '.join(outdated)}")


if __name__ == "__main__":
    main()
