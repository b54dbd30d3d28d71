"""In front of staff and residents: plain Japanese, the same word everywhere (design §3).

What the sources hold is read here. What is rendered is read wherever it is: the testing kit reads
every page that a test opens and everything that the account says, `look_over` every page in
Chromium, in each language, with a mistake and without (`tests/browser`).
"""

import ast
import re
from pathlib import Path

import pytest

from madoguchi import testing
from madoguchi.testing.wording import REFUSED, find_refused, texts_of

ROOT = Path(__file__).parent.parent
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
    if path.suffix in (".py", ".html", ".js", ".toml", ".po")
    and path.is_file()
    and path != Path(testing.__file__).with_name("wording.py")
]


def texts(path: Path) -> list[str]:
    """What a person could come to read: Japanese literals of code, Japanese lines of the rest."""
    source = path.read_text("utf-8")
    if path.suffix == ".po":
        return re.findall(r'^(?:msgid |msgstr )?"(.*)"$', source, re.MULTILINE)
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


TALKER = """
from madoguchi import Fit, Offer, OpenPage, hookimpl
from starlette.responses import HTMLResponse

SAYS = {
    "text": "プラグインです",
    "label": {"type": "text", "text": "どうぞ", "quickReply": {"items": [{"type": "action",
        "action": {"type": "message", "label": "属性", "text": "属性"}}]}},
}

@hookimpl
def offer_for_message(text):
    return Offer(answer, Fit.EXACT, text) if text in SAYS else None

def answer(ctx):
    return SAYS[ctx.event.text]

@hookimpl
def register_pages():
    return [OpenPage("/page", show)]

def show(request):
    kept = "<textarea aria-label='x'>属性</textarea>"
    said = f"<title>x</title><h1>x</h1>{kept}<img alt='ドリル'><p>LIFFを開く</p>"
    return HTMLResponse(f"<!doctype html><html lang='ja'>{said}</html>")
"""


def test_what_is_rendered_is_read_too(make_town, install_plugin):
    """Pages that a test opens, and what a resident is answered, buttons as well."""
    town = make_town({install_plugin("talker", TALKER): {}})
    for words in ("text", "label"):
        with pytest.raises(AssertionError, match="residents do not understand"):
            testing.TestResident(town).says(words)
    with pytest.raises(AssertionError, match=r"it says 'ドリル'.*it says 'LIFF'") as found:
        testing.TestResident(town).opens("/talker/page")
    assert "属性" not in str(found.value), "what somebody typed is their own"


def test_what_a_message_shows_is_found_at_any_depth():
    flex = {"type": "flex", "altText": "a", "contents": {"body": [{"text": "属性", "url": "liff"}]}}
    assert find_refused(" ".join(texts_of([flex]))) == ["属性"]
    assert find_refused("ふつうの言葉") == []
