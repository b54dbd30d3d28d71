"""The words before a change of settings: nothing is missing in them, and nothing is invented."""

import copy
import re

from hypothesis import given
from hypothesis import strategies as st

from madoguchi.differences import ABSENT, compare

PLAIN = st.none() | st.booleans() | st.integers(-3, 3) | st.text("あいab", max_size=3)
KEYED = st.lists(
    st.fixed_dictionaries({"name": st.text("abc", min_size=1, max_size=2)}, optional={"x": PLAIN}),
    max_size=4,
    unique_by=lambda one: one["name"],
)
VALUES = st.recursive(
    PLAIN | KEYED,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "label"]), inner, max_size=3)
    ),
    max_leaves=8,
)
TABLES = st.dictionaries(st.sampled_from(["greeting", "topics", "danger"]), VALUES, max_size=3)


def entries_of(value, last):
    """Where a part of a place leads: a list and an index, or a table and a key."""
    if found := re.fullmatch(r"(.*) no\. ([0-9]+)", last):
        return value[found[1]], int(found[2]) - 1
    found = re.fullmatch(r'(.*) "([^"]*)"', last)
    entries = value[found[1]]
    return entries, next(
        (n for n, one in enumerate(entries) if one["name"] == found[2]), len(entries)
    )


@given(TABLES)
def test_the_same_settings_do_not_differ(state):
    assert compare(state, copy.deepcopy(state), "city") == []


@given(TABLES, TABLES)
def test_different_settings_do(before, after):
    assert bool(compare(before, after, "city")) == (canon(before) != canon(after))


def canon(value):
    """Equality as JSON has it: True is not 1; the order of a table's keys means nothing."""
    if isinstance(value, dict):
        return ("table", frozenset((key, canon(one)) for key, one in value.items()))
    if isinstance(value, list):
        return ("list", *map(canon, value))
    return type(value).__name__, value


FLAT = st.dictionaries(st.sampled_from(["greeting", "topics", "phone"]), PLAIN | KEYED, max_size=3)


@given(FLAT, FLAT)
def test_who_does_what_the_words_say_gets_the_new_settings(before, after):
    state = copy.deepcopy(before)
    for one in compare(before, after, "city"):
        table, last = state, one.place[-1]
        for part in one.place[1:-1]:
            table, at = (table, part) if part in table else entries_of(table, part)
            table = table[at]
        if one.is_order:
            entries = {entry["name"]: entry for entry in table[last]}
            table[last] = [entries[name.strip('"')] for name in one.after]
            continue
        at = last
        if last not in table and " " in last:
            table, at = entries_of(table, last)
        assert one.before is ABSENT or canon(table[at]) == canon(one.before)
        if one.after is ABSENT:
            del table[at]
        elif isinstance(table, list) and at == len(table):
            table.append(one.after)
        else:
            table[at] = one.after
    assert canon(state) == canon(after)


@given(FLAT, FLAT)
def test_the_words_show_both_values_whole(before, after):
    for one in compare(before, after, "city"):
        for value in (one.before, one.after):
            if isinstance(value, str):
                assert f'"{value}"' in str(one)


def said(before, after):
    return [str(one) for one in compare(before, after, "city")]


def test_words():
    assert said({"phone": "1"}, {"phone": "2"}) == ['[city] phone: "1" → "2"']
    assert said({}, {"site": "https://x"}) == ['[city] site: added "https://x"']
    assert said({"site": None}, {"site": "https://x"}) == ['[city] site: nothing → "https://x"']
    assert said({"open": True}, {"open": 1}) == ["[city] open: true → 1"]
    danger = [{"words": ["火事"], "answer": "119"}]
    assert said({"danger": danger}, {"danger": [{"words": ["火事", "救急"], "answer": "119"}]}) == [
        '[city.danger no. 1] words no. 2: added "救急"'
    ]
    assert said({"danger": danger}, {"danger": []}) == [
        '[city] danger no. 1: removed {words = ["火事"], answer = "119"}'
    ]


def test_words_name_an_entry_by_its_name():
    one, two = {"name": "kosodate", "label": "子育て"}, {"name": "bosai", "label": "防災"}
    assert said({"topics": [one, two]}, {"topics": [two, one | {"label": "こども"}]}) == [
        '[city.topics "kosodate"] label: "子育て" → "こども"',
        '[city] topics: the order is now "bosai", "kosodate"',
    ]
    assert said({"topics": [one]}, {"topics": [two]}) == [
        '[city] topics "kosodate": removed {name = "kosodate", label = "子育て"}',
        '[city] topics "bosai": added {name = "bosai", label = "防災"}',
    ]
