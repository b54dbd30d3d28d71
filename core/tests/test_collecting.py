"""Texts come out of a package without marks, and translations are never lost."""

import pytest
from typer.testing import CliRunner

from madoguchi.catalogs import read_entries
from madoguchi.cli import app
from madoguchi.collecting import collect, update
from madoguchi.languages import Languages

CODE = '''"""説明はテキストではありません。"""

import re

KINDS = [("road", "道路"), ("park", "公園")]
DATA = {"春": "さくら"}  # nosay


def answer(ctx, text):
    """これも説明です。"""
    if text == "図書館" or text.startswith("要望") or re.match("[あ-ん]", text):
        return "何でしょうか。" + ctx.say("{name}さん", name="english")
    match text:
        case "公園です":
            return f"番号は{text}です"
        case _:
            return f"{text}"


def secret():  # nosay
    return "言わない"
'''
PAGE = """{# 注 #}{% extends "x.html" %}{% if kind == "くらべる" %}
<h1>{{ say("道路を直す") }}</h1><!-- 覚え書き -->
<p title="{{ say('お名前') }}">はだか</p>{% endif %}
"""


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "roads"
    (package / "templates" / "roads").mkdir(parents=True)
    (package / "__init__.py").write_text(CODE, "utf-8")
    (package / "console.py").write_text('TITLE = "職員だけ"\n', "utf-8")
    (package / "tests").mkdir()
    (package / "tests" / "test_it.py").write_text('A = "試験"\n', "utf-8")
    (package / "quiet.py").write_text('"""Words."""  # nosay\nA = "語"\n', "utf-8")
    (package / "templates" / "roads" / "page.html").write_text(PAGE, "utf-8")
    return package


def test_what_is_said_is_collected_and_nothing_else(folder):
    found = collect(folder)
    assert list(found.texts) == [
        "道路", "公園", "何でしょうか。", "{name}さん", "道路を直す", "お名前",
    ]  # fmt: skip
    assert found.texts["道路を直す"] == ["templates/roads/page.html"]


def test_what_cannot_be_translated_is_pointed_at(folder):
    remarks = collect(folder).remarks
    assert [remark.split(": ")[0] for remark in remarks] == [
        "__init__.py:15", "templates/roads/page.html:3",
    ]  # fmt: skip
    assert "f-string" in remarks[0]
    assert "はだか" in remarks[1]


def translate(folder, text, translation):
    file = folder / "locale" / "en.po"
    old = f'msgid "{text}"\nmsgstr ""\n'
    source = file.read_text("utf-8")
    assert old in source
    file.write_text(source.replace(old, f'msgid "{text}"\nmsgstr "{translation}"\n'), "utf-8")


def test_translations_survive_and_come_back(folder):
    update(folder, collect(folder), ["en"])
    file = folder / "locale" / "en.po"
    translate(folder, "道路", "Road")
    file.write_text("# Translated by Mori\n" + file.read_text("utf-8"), "utf-8")
    code = folder / "__init__.py"
    code.write_text(CODE.replace("道路", "橋"), "utf-8")
    update(folder, collect(folder), ["en"])
    assert '#~ msgid "道路"\n#~ msgstr "Road"' in file.read_text("utf-8")
    assert "道路" not in read_entries(file).texts
    code.write_text(CODE, "utf-8")
    update(folder, collect(folder), ["en"])
    assert Languages([folder]).say("道路", "en") == "Road"
    assert "#~" not in file.read_text("utf-8")
    assert file.read_text("utf-8").startswith("# Translated by Mori\nmsgid")
    assert set(Languages([folder]).missing("en")) == {*collect(folder).texts} - {"道路"}


def test_a_second_run_changes_nothing(folder):
    collected = collect(folder)
    assert len(update(folder, collected, ["en", "ja-easy"])) == 2
    before = (folder / "locale" / "en.po").read_bytes()
    assert update(folder, collected, ["en", "ja-easy"], check=True) == []
    update(folder, collected, ["en", "ja-easy"])
    assert (folder / "locale" / "en.po").read_bytes() == before


def test_odd_texts_survive_the_file(folder):
    odd = ['"引用"\\と\t', "二\n行\n", "{name}です%s", "#~ 印", "ruby《るび》", "え" * 300]
    (folder / "__init__.py").write_text(f"ODD = {odd!r}\n", "utf-8")
    (folder / "templates" / "roads" / "page.html").unlink()
    update(folder, collect(folder), ["en"])
    assert set(read_entries(folder / "locale" / "en.po").texts) == set(odd)


def test_a_broken_catalog_is_left_alone(folder):
    update(folder, collect(folder), ["en"])
    file = folder / "locale" / "en.po"
    file.write_text(file.read_text("utf-8") + 'msgid "道\n', "utf-8")
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"en\.po:\d+: must be msgid"):
        update(folder, collect(folder), ["en"])
    assert file.read_bytes() == before


def test_the_command(folder):
    run = CliRunner().invoke
    assert run(app, ["collect-texts", "--check", str(folder)]).exit_code == 1
    assert not (folder / "locale").exists()
    written = run(app, ["collect-texts", str(folder)])
    assert written.exit_code == 0
    assert "en.po: 6 texts, 6 to translate" in written.output
    assert "f-string" in written.output
    (folder / "locale" / "en.po").write_text("こわれた", "utf-8")
    broken = run(app, ["collect-texts", str(folder)])
    assert broken.exit_code == 1
    assert "en.po:1" in broken.output
