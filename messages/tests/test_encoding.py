"""Messages as stored bytes: the same bytes each time (R25), whatever the text."""

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_messages import to_bytes

sound = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


def test_compact_and_sorted_utf8():
    assert (
        to_bytes({"type": "text", "text": "窓口 🍎"}) == '{"text":"窓口 🍎","type":"text"}'.encode()
    )
    assert to_bytes({"a": 1, "b": [2]}) == to_bytes({"b": (2,), "a": 1})
    assert to_bytes(MappingProxyType({"a": MappingProxyType({})})) == b'{"a":{}}'


def test_lone_surrogates_become_replacement_characters():
    assert to_bytes("a\ud800b") == '"a\ufffdb"'.encode()
    assert to_bytes("\ud83c\udf4e") == '"🍎"'.encode()


@given(sound)
def test_r25_what_is_read_back_gives_the_same_bytes(value):
    assert to_bytes(json.loads(to_bytes(value))) == to_bytes(value)


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), (b"a", TypeError), ({"a": set()}, TypeError)]
)
def test_what_is_no_json_is_refused(value, error):
    with pytest.raises(error):
        to_bytes(value)
