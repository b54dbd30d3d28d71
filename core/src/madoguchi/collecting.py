"""Collect the texts that residents read out of a package, into its `locale/*.po`.

Nothing has to be marked: every Japanese literal of the Python files and every Japanese constant
inside `{{ }}` and `{% %}` of the templates is a text. Not collected are docstrings; what is only
compared (`text == "図書館"`, `text.startswith("要望")`, regular expressions); statements with
`# nosay` behind their first line, modules with it in their first line; and what staff read or
nobody does: `console*`, `demo*`, `sample*`, `migrations`, `schema`, `scaffold`, `tests`, `testing`.
"""

import ast
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from madoguchi.catalogs import read_source

JAPANESE = re.compile("[、ぁ-ヿ㐀-鿿豈-﫿々]")
_ASIDE = re.compile("console|demo|sample|migrations$|schema$|scaffold$|tests?$|testing$|conftest")
_INPUT = {
    "startswith", "endswith", "removeprefix", "removesuffix", "replace", "strip", "lstrip",
    "rstrip", "split", "partition", "rpartition", "find", "index", "count", "maketrans",
    "compile", "match", "fullmatch", "search", "findall", "finditer", "sub",
}  # fmt: skip
"""Methods whose literals are looked for, not said."""


@dataclass
class Collected:
    """Text → the files it stands in; and what cannot be translated as it is written."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, text: str, file: str) -> None:
        """Take in a text if it is Japanese."""
        if JAPANESE.search(text) and file not in self.texts.setdefault(text, []):
            self.texts[text].append(file)


def collect(folder: Path) -> Collected:
    """The texts of a package, in the order of its files."""
    found = Collected()
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if any(_ASIDE.match(part) for part in (*name.parts[:-1], name.stem)):
            continue
        if file.suffix == ".py":
            _collect_python(file, str(name), found)
        elif file.suffix in (".html", ".txt") and "templates" in name.parts:
            _collect_template(file, str(name), found)
    return found


def update(
    folder: Path, collected: Collected, languages: Iterable[str], *, check: bool = False
) -> list[str]:
    """Write what was collected into `folder/locale`; what was translated stays so.

    The translation of a text that is gone or changed is kept at the file's end as `#~`, and comes
    back with the text. Returns a line for each file, with `check` only for those that would
    change; nothing is written then. Raises `ValueError` for a file that cannot be read.
    """
    lines = []
    for language in languages:
        file = folder / "locale" / f"{language}.po"
        old = read_source(file) if file.exists() else ""
        new, empty = _merge(old, collected, language)
        if new != old and not check:
            file.parent.mkdir(exist_ok=True)
            file.write_text(new, "utf-8")
        if new != old or not check:
            lines.append(f"{file}: {len(collected.texts)} texts, {empty} to translate")
    return lines


def _merge(old: str, collected: Collected, language: str) -> tuple[str, int]:
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    catalog = read_po(old.splitlines(keepends=True))
    for text in catalog.obsolete.keys() & collected.texts.keys():
        catalog[text] = catalog.obsolete.pop(text)
    template = Catalog()
    for text, files in collected.texts.items():
        template.add(text, locations=[(file, 0) for file in files])
    # No fuzzy matching: Japanese sentences end alike, and it would guess wrong.
    catalog.update(template, no_fuzzy_matching=True)
    for text in [key for key, message in catalog.obsolete.items() if not message.string]:
        del catalog.obsolete[text]
    written = io.BytesIO()
    write_po(written, catalog, width=0, omit_header=True, include_lineno=False)
    empty = sum(1 for message in catalog if message.id and (message.fuzzy or not message.string))
    # Babel's header carries dates, which would change the file at every run.
    head = f'"Language: {language}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    comment = "".join(takewhile(lambda line: line.startswith("#"), old.splitlines(keepends=True)))
    body = written.getvalue().decode().strip()
    return f'{comment}msgid ""\nmsgstr ""\n{head}\n{body}\n', empty


def _collect_python(file: Path, name: str, found: Collected) -> None:
    source = file.read_text("utf-8")
    quiet = {number for number, line in enumerate(source.splitlines(), 1) if "# nosay" in line}
    if 1 in quiet:
        return
    for node in _said(ast.parse(source), quiet):
        if isinstance(node, ast.Constant):
            found.add(str(node.value), name)
        else:
            found.remarks.append(f"{name}:{node.lineno}: an f-string: write {{name}} and say() it")


def _said(node: ast.AST, quiet: set[int]) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Literals below this node that are said: strings, and f-strings with Japanese."""
    match node:
        case ast.stmt() if node.lineno in quiet:
            return
        case ast.Expr(value=ast.Constant()) | ast.Compare() | ast.MatchValue():
            return
        case ast.Call(func=ast.Attribute(attr=attr)) if attr in _INPUT:
            yield from _said(node.func, quiet)
            return
        case ast.JoinedStr(values=values):
            fixed = [part.value for part in values if isinstance(part, ast.Constant)]
            if JAPANESE.search("".join(map(str, fixed))):
                yield node
            return
        case ast.Constant(value=str()):
            yield node
    for child in ast.iter_child_nodes(node):
        yield from _said(child, quiet)


def _collect_template(file: Path, name: str, found: Collected) -> None:
    from jinja2 import Environment, nodes

    tree = Environment(autoescape=True).parse(file.read_text("utf-8"), name)
    compared = {
        id(one) for node in tree.find_all(nodes.Compare) for one in node.find_all(nodes.Const)
    }
    for node in tree.find_all((nodes.Const, nodes.TemplateData)):
        if isinstance(node, nodes.TemplateData):
            bare = re.sub(r"<!--.*?-->", "", node.data, flags=re.DOTALL)
            if JAPANESE.search(bare):
                text = JAPANESE.findall(bare)
                found.remarks.append(f"{name}:{node.lineno}: not in say(): {''.join(text)[:20]}")
        elif isinstance(node.value, str) and id(node) not in compared:
            found.add(node.value, name)
