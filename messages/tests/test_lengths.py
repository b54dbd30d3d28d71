"""R37: texts are counted in UTF-16 code units, some in grapheme clusters; never in code points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_messages import grapheme_length, utf16_length

TRICKY = [
    ("", 0, 0),
    ("ごみ", 2, 2),
    ("🍎", 2, 1),
    ("𠮷野家", 4, 3),
    ("か\u3099", 2, 1),  # が, decomposed
    ("👨‍👩‍👧‍👦", 11, 1),
    ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 22, 2),
    ("🇯🇵🇯🇵", 8, 2),
    ("🇯🇵🇯", 6, 2),
    ("👍🏽", 4, 1),
    ("🤦🏽‍♂️", 7, 1),
    ("1️⃣2️⃣", 6, 2),
    ("❤️", 2, 1),
    ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 14, 1),  # England
    ("a\u200db", 3, 2),  # a joiner joins pictographs only
    ("👩a\u200d👩", 6, 3),
    ("\u1112\u1161\u11ab", 3, 1),  # 한 as three jamo
    ("각\u11a8", 2, 1),
    ("가각", 2, 2),
    ("नि", 2, 1),
    ("क्षि", 4, 2),  # a conjunct: two clusters before Unicode 15.1
    ("\r\n", 2, 1),
    ("a\r\nb\n\r", 6, 5),
    ("\u0600١", 2, 1),  # a prepended mark
    ("ｶﾞ", 2, 1),  # the half-width voiced mark extends
    ("คำ", 2, 1),
    ("\u200b\u0300", 2, 2),  # nothing extends a control
    ("\ud800", 1, 1),
]


@pytest.mark.parametrize(("text", "units", "clusters"), TRICKY)
def test_r37_both_units(text, units, clusters):
    assert (utf16_length(text), grapheme_length(text)) == (units, clusters)


@given(st.text())
def test_r37_clusters_are_at_most_code_points_and_those_at_most_code_units(text):
    assert grapheme_length(text) <= len(text) <= utf16_length(text)


@given(st.text(), st.text())
def test_r37_a_line_feed_separates_clusters(one, other):
    apart = grapheme_length(one) + 1 + grapheme_length(other)
    together = grapheme_length(f"{one}\n{other}")
    assert together == apart - one.endswith("\r")
