"""What a list changes, and that a written list is read again as it was."""

import csv
import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madoguchi_garbage_bot.dictionary import Dictionary, Entry, load_dictionary
from madoguchi_garbage_bot.difference import compare
from madoguchi_garbage_bot.writing import write_list

PLAIN = st.text(st.sampled_from("傘皿箱びん、(1)="), max_size=4).map(str.strip)
ENTRIES = st.builds(
    Entry,
    id=st.just("0"),
    name=PLAIN.filter(bool),
    category=st.sampled_from(["燃やすごみ", "資源"]),
    note=PLAIN,
    fee=PLAIN,
    texts=st.dictionaries(st.sampled_from(["name.en", "note.en"]), st.just("box"), max_size=1),
)
LISTS = st.lists(ENTRIES, max_size=7).map(lambda found: Dictionary(tuple(found)))


def shown(entry):
    return entry.name, entry.category, entry.note, entry.fee, tuple(sorted(entry.texts.items()))


@settings(max_examples=60, deadline=None)
@given(LISTS, LISTS)
def test_the_difference_leads_from_one_list_to_the_other(live, new):
    found = compare(live, new)
    result = Counter(map(shown, live.entries))
    result.subtract(map(shown, found.removed))
    result.subtract(shown(one.old) for one in found.changed)
    result.update(map(shown, found.added))
    result.update(shown(one.new) for one in found.changed)
    assert +result == Counter(map(shown, new.entries))
    assert min(result.values(), default=0) >= 0
    assert found.same + len(found.changed) + len(found.removed) == len(live.entries)
    assert all(one.parts for one in found.changed)
    names = {entry.name for entry in found.added} & {entry.name for entry in found.removed}
    assert not names  # what has one name is changed, not replaced


@settings(max_examples=20, deadline=None)
@given(LISTS)
def test_a_list_does_not_differ_from_itself_in_any_order(one):
    assert compare(one, Dictionary(tuple(reversed(one.entries)))).is_empty


@settings(max_examples=40, deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=7))
def test_what_is_written_can_be_read(found):
    entries = tuple(
        Entry(str(n), one.name, one.category, one.note, one.fee, texts=one.texts)
        for n, one in enumerate(found)
    )
    loaded = load_dictionary(write_list(Dictionary(entries)), "list.csv")
    assert loaded.errors == []
    assert compare(Dictionary(entries), loaded.dictionary).is_empty


@pytest.mark.slow
def test_every_shared_list_survives_the_way_out_and_in(shared):
    read = 0
    for file in sorted((shared / "garbage").rglob("*.csv")):
        loaded = load_dictionary(file.read_bytes(), file.name)
        if loaded.dictionary is not None:
            again = load_dictionary(write_list(loaded.dictionary), "list.csv")
            assert again.dictionary, (file.name, again.errors[:3])
            assert compare(loaded.dictionary, again.dictionary).is_empty, file.name
            read += 1
    assert read > 3


def test_no_cell_is_a_formula():
    written = write_list(Dictionary((Entry("1", "=SUM(A1)", "資源", "-1"),)))
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"))))
    assert rows[1][1:5] == ["'=SUM(A1)", "", "資源", "'-1"]
