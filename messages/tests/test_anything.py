"""Whatever is given: a problem in LINE's words, never an exception."""

import json
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_messages import MessageError, Problem, check, find_problems

SAMPLES = json.loads(Path(__file__).with_name("samples.json").read_text("utf-8"))
TAP = {"type": "message", "label": "はい", "text": "はい"}


def text(words="こんにちは", **more):
    return {"type": "text", "text": words, **more}


def template(kind, **more):
    return {"type": "template", "altText": "選択", "template": {"type": kind, **more}}


def buttons(words="どれですか?", actions=(TAP,), **more):
    return template("buttons", text=words, actions=list(actions), **more)


def found(message):
    return [(p.property, p.message) for p in find_problems([message])]


def test_unknown_types_are_refused_in_lines_words():
    ((at, words),) = found({"type": "teleport"})
    assert at == "messages[0].type"
    assert words.startswith("Must be one of the following values: [text, textV2, sticker, ")
    assert found({}) == [("messages[0].type", "must be specified")]


def test_unknown_properties_are_tolerated():
    assert found(text(somethingNew={"a": [1]})) == []


@pytest.mark.parametrize(
    ("message", "at", "words"),
    [
        (None, "messages[0]", "must be an object"),
        ("hello", "messages[0]", "must be an object"),
        (text(5), "messages[0].text", "must be a string"),
        (text(quickReply=[]), "messages[0].quickReply", "must be an object"),
        (text(emojis={}), "messages[0].emojis", "must be an array"),
        ({**SAMPLES[6], "duration": 1.5}, "messages[0].duration", "must be an integer"),
        ({**SAMPLES[6], "duration": True}, "messages[0].duration", "must be an integer"),
        ({**SAMPLES[7], "latitude": "35"}, "messages[0].latitude", "must be a number"),
        ({**SAMPLES[7], "latitude": 90.5}, "messages[0].latitude",
         "must be less than or equal to 90"),
    ],
)  # fmt: skip
def test_wrong_types_are_problems(message, at, words):
    assert found(message) == [(at, words)]


def test_what_no_json_can_hold_is_a_problem():
    circle: dict = text()
    circle["self"] = circle
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    for message in (text(extra=float("nan")), text(extra=b"a"), {1: 2}, circle, text(extra=deep)):
        assert found(message) == [("messages", "must be JSON")]
    for messages in (None, 5, "text", {"type": "text"}):
        assert find_problems(messages) == (Problem("messages", "must be an array"),)


def test_the_error_says_where_and_what_to_do():
    with pytest.raises(MessageError) as caught:
        check([text(), buttons("あ" * 162), text("")])
    assert [p.property for p in caught.value.problems] == [
        "messages[1].template.text",
        "messages[2].text",
    ]
    assert "it has 162 grapheme clusters: shorten it by 2" in str(caught.value)
    assert "messages[2].text: May not be empty" in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_arbitrary_json_never_raises(value):
    assert find_problems(value)
    for problem in find_problems([value]):
        assert problem.property
        assert problem.message


def _places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(below, (*path, key))


@given(st.data())
def test_a_broken_message_never_raises(data):
    message = [deepcopy(data.draw(st.sampled_from(SAMPLES)))]
    *above, last = data.draw(st.sampled_from([p for p in _places(message) if p]))
    parent = message
    for step in above:
        parent = parent[step]
    parent[last] = data.draw(json_values)
    for problem in find_problems(message):
        assert problem.property.startswith("messages")
