"""見本市's own list: whole in three languages, readable, and its questions fit it."""

import re
from collections import Counter
from pathlib import Path

import pytest

from madoguchi.easy import find_problems
from madoguchi.languages import without_readings
from madoguchi_garbage_bot.days.categories import CONTRAST, contrast, read_categories
from madoguchi_garbage_bot.dictionary import load_dictionary
from madoguchi_garbage_bot.reading import read_table

FOLDER = Path(__file__).parents[3] / "config" / "mihon" / "garbage"
LANGUAGES = ("en", "ja-easy")
FEES = {"600円", "1,200円", "1,800円"}
# What must never be told as burnable: it burns or explodes in the truck, or pricks who carries it.
DANGEROUS = re.compile(
    "電池|バッテリー|ライター|ボンベ|スプレー缶|加熱式|電子たばこ|注射針|灯油|火薬"
)


@pytest.fixture(scope="module")
def loaded():
    return load_dictionary((FOLDER / "items.csv").read_bytes(), "items.csv")


@pytest.fixture(scope="module")
def entries(loaded):
    return loaded.dictionary.entries


@pytest.fixture(scope="module")
def categories():
    rows, problems = read_table((FOLDER / "description.csv").read_bytes(), "description.csv")
    described, unread = read_categories("description.csv", [list(row.cells) for row in rows])
    assert (problems, unread) == ([], ())
    return {category.name: category for category in described}


def test_the_list_is_read_without_a_remark_and_names_are_said_once(loaded):
    assert loaded.problems == ()
    entries = loaded.dictionary.entries
    assert len(entries) >= 450
    assert [name for name, n in Counter(one.name for one in entries).items() if n > 1] == []


def test_every_entry_says_how_it_is_read_prepared_and_called_elsewhere(entries):
    lacking = [
        entry.name
        for entry in entries
        if not re.fullmatch("[ぁ-ゖー（）・]{2,}", entry.reading)
        or not entry.note.endswith(("。", "へ"))
        or any(
            not entry.texts.get(f"{what}.{one}") for what in ("name", "note") for one in LANGUAGES
        )
    ]
    assert lacking == []
    assert max(Counter(entry.note for entry in entries).values()) == 1  # of the thing, not of all


def test_easy_japanese_is_easy_and_names_the_same_things(entries):
    texts = [
        (one.name, one.texts[f"{what}.ja-easy"]) for one in entries for what in ("name", "note")
    ]
    assert {name: found for name, text in texts if (found := find_problems(text))} == {}
    easy = [without_readings(one.texts["name.ja-easy"]) == one.name for one in entries]
    assert sum(easy) > 0.98 * len(entries)  # a few have an easier name


def test_categories_are_those_described_and_told_in_their_words(entries, categories):
    assert {entry.category for entry in entries} == set(categories)
    for entry in entries:
        label = categories[entry.category].label
        assert {one: entry.texts[f"category.{one}"] for one in LANGUAGES} == {
            one: label[one] for one in LANGUAGES
        }, entry.name


def test_categories_can_be_told_apart_on_white(categories):
    assert len({one.colour for one in categories.values()}) == len(categories) == 9
    assert len({one.picture for one in categories.values()} - {""}) == 9
    for category in categories.values():
        assert contrast(category.colour, "#ffffff") >= CONTRAST, category.name
        assert set(category.label) == set(category.prepare) == {"ja", *LANGUAGES}
        assert find_problems(category.prepare["ja-easy"]) == []


def test_large_items_and_no_others_have_a_fee(entries):
    assert {entry.fee for entry in entries if entry.category.startswith("粗大ごみ")} == FEES
    assert {entry.fee for entry in entries if not entry.category.startswith("粗大ごみ")} == {""}


def test_what_is_dangerous_is_never_burnable(entries):
    dangerous = [entry for entry in entries if DANGEROUS.search(entry.name)]
    assert len(dangerous) > 15
    safe = {"有害ごみ・電池", "市では集めません"}
    others = {entry.name for entry in dangerous if entry.category not in safe}
    assert others == {"おもちゃ（電池で動く物）"}  # without its batteries


def test_its_questions_fit_the_list(entries):
    lines = (FOLDER / "queries.tsv").read_text("utf-8").splitlines()
    header = lines[1].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=True)) for line in lines[2:]]
    assert len(rows) >= 120
    assert max(Counter(row["query"] for row in rows).values()) == 1
    known = {entry.id: entry for entry in entries}
    for row in rows:
        assert (row["expect"] in ("item", "all")) == bool(row["item_ids"]), row["query"]
        ids, names = (
            row[one].replace(" && ", "|").split("|") for one in ("item_ids", "item_names")
        )
        found = [known[one] for one in ids if one]
        assert [one.name for one in found] == [one for one in names if one], row["query"]
        several = len({one.category for one in found}) > 1 and row["expect"] == "item"
        assert row["ambiguous"] == str(int(several)), row["query"]
