"""What every package's residents read: translated whole, and in ja-easy really easy."""

import re
from pathlib import Path

import pytest

from madoguchi.catalogs import read_entries
from madoguchi.collecting import collect, update
from madoguchi.config import read_gateway
from madoguchi.easy import find_problems, hard_words
from madoguchi.languages import LANGUAGES, Languages

ROOT = Path(__file__).resolve().parents[1]
CATALOGS = sorted(
    file
    for file in ROOT.glob("*/**/locale/ja-easy.po")
    if not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
)
PACKAGES = [file.parents[1] for file in CATALOGS]
packages = pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
code = pytest.mark.parametrize(
    "folder", [one for one in PACKAGES if (one / "__init__.py").exists()], ids=lambda one: one.name
)


def test_the_core_has_catalogs():
    assert ROOT / "core" / "src" / "madoguchi" in PACKAGES


@packages
def test_easy_japanese_is_easy(folder):
    entries = read_entries(folder / "locale" / "ja-easy.po")
    assert entries.problems == ()
    assert {text: found for text in entries.texts.values() if (found := find_problems(text))} == {}


@code
def test_every_text_is_in_the_catalogs(folder):
    changes = update(folder, collect(folder), LANGUAGES[1:], check=True)
    assert changes == [], f"run `./run madoguchi collect-texts {folder.relative_to(ROOT)}`"


@packages
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_translated(folder, language):
    entries = read_entries(folder / "locale" / f"{language}.po")
    assert entries.problems == ()
    assert [text for text, said in entries.texts.items() if not said] == []


def test_the_sample_city_says_what_stands_in_its_file():
    city = read_gateway(ROOT / "config" / "mihon.toml", unset="").settings
    said = {city.city.fallback, city.city.greeting, city.city.hours, city.city.label}
    said |= {table.answer for table in city.danger}
    for language in LANGUAGES[1:]:
        texts = read_entries(ROOT / "config" / "mihon" / "locale" / f"{language}.po").texts
        assert set(texts) >= said


def test_nothing_else_is_missing():
    languages = Languages(PACKAGES)
    assert [languages.missing(language) for language in LANGUAGES[1:]] == [[], []]


def test_the_list_of_hard_words():
    words = hard_words()
    assert len(words) >= 150
    assert words["世帯"] == "いっしょに住んでいる家族"
    assert words["申請"] == "もうしこみ"
    assert all(instead.strip() and word != instead for word, instead in words.items())
    for word, instead in words.items():
        others = [other for other in words if len(other) > 1 and other in instead]
        assert others == [] or word in others, f"{word} is explained by hard words: {others}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("申請《しんせい》してください。", "「申請」→「もうしこみ」"),
        ("世帯《せたい》", "世帯"),
        ("オンラインです。", "オンライン"),
        ("市役所へ", "市役所《…》"),
        ("市《し》役所へ", "役所《…》"),
        ("あ" * 41, "41 characters"),
        ("い。" + "あ" * 41 + "。う", "41 characters"),
    ],
)
def test_what_is_hard_is_found(text, found):
    assert len(find_problems(text)) == 1
    assert found in find_problems(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "市役所《しやくしょ》へ 来《き》てください。",
        "あ" * 40 + "。" + "い" * 40,
        "あ" * 40 + "{phone}",
        "漢字《" + "かんじ" * 20 + "》です。",
        "オンラインショップ",
    ],
)
def test_what_is_easy_passes(text):
    assert find_problems(text) == []


def test_the_longest_hard_word_is_named():
    assert [re.findall("「(.*?)」", one)[0] for one in find_problems("申請書《しんせいしょ》")] == [
        "申請書"
    ]
