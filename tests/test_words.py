"""In front of staff and residents: plain Japanese, the same word everywhere (design §3)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFUSED = re.compile(
    "セグメント|プラグイン|LIFF|Webhook|オーディエンス|トークン|ドリル|属性", re.IGNORECASE
)
LINES_OWN = re.compile("『[^』]*』")
"""What LINE's own screens or a file call something, so that it is found there (`connecting`)."""
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
SOURCES = [
    path
    for folder in (
        *("core/src", "messages/src", "liff/src", "console/src", "plugins", "simulator/src"),
        *("examples", "config"),
    )
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".html", ".js", ".toml") and path.is_file()
]


def texts(path: Path) -> list[str]:
    """What a person could come to read: Japanese literals of code, Japanese lines of the rest."""
    source = path.read_text("utf-8")
    if path.suffix != ".py":
        source = re.sub(r"/\*.*?\*/|<!--.*?-->", "", source, flags=re.DOTALL)
        source = re.sub(r"\bliff[./][\w.]+", "", source)  # the templates' own names
        if path.suffix == ".js":
            literals = re.findall(r'"[^"\n]*"|`[^`]*`', source)
            return [text for text in literals if JAPANESE.search(text)]
        return [line for line in source.splitlines() if JAPANESE.search(line)]
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and JAPANESE.search(node.value)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_that_nobody_outside_understands_are_not_shown(path):
    found = [text for text in texts(path) if REFUSED.search(LINES_OWN.sub("", text))]
    assert not found


def test_the_search_finds_what_it_looks_for(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>セグメントを選ぶ</p>", "utf-8")
    assert REFUSED.search(texts(page)[0])
    code = tmp_path / "code.py"
    code.write_text('"""プラグイン"""\nTEXT = "プラグインの設定"\n', "utf-8")
    assert texts(code) == ["プラグインの設定"]
