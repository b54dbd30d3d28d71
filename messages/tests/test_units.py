"""R37: which property is counted in which unit, at the boundary of each."""

import json
from pathlib import Path

import pytest

from .building import TAP, URL, bubble, buttons, flex, found, length, letter, quick, template, text

SAMPLES = json.loads(Path(__file__).with_name("samples.json").read_text("utf-8"))

APPLE = "🍎"  # 2 UTF-16 code units, 1 grapheme cluster
FAMILY = "👨‍👩‍👧‍👦"  # 11 code units, 7 code points, 1 cluster


@pytest.mark.parametrize(
    ("make", "most", "where"),
    [
        (lambda t: text(t), 5000, "text"),
        (lambda t: {"type": "textV2", "text": t}, 5000, "text"),
        (lambda t: {**flex(bubble(letter())), "altText": t}, 1500, "altText"),
        (lambda t: {**buttons(), "altText": t}, 1500, "altText"),
        (lambda t: {**SAMPLES[9], "altText": t}, 1500, "altText"),
        (lambda t: {**SAMPLES[7], "title": t}, 100, "title"),
        (lambda t: {**SAMPLES[7], "address": t}, 100, "address"),
        (lambda t: text(sender={"name": t}), 20, "sender.name"),
        (
            lambda t: quick({"type": "postback", "label": "a", "data": t}),
            300,
            "quickReply.items[0].action.data",
        ),
        (
            lambda t: quick({"type": "clipboard", "label": "a", "clipboardText": t}),
            1000,
            "quickReply.items[0].action.clipboardText",
        ),
    ],
)
def test_r37_r38_r41_texts_in_utf16_code_units(make, most, where):
    assert found(make("あ" * most)) == []
    assert found(make(APPLE * (most // 2))) == []
    assert found(make("あ" * (most + 1))) == length(most, where)
    assert found(make(APPLE * (most // 2) + "a")) == length(most, where)


def _postback(name):
    return lambda t: buttons(actions=[{"type": "postback", "label": "a", "data": "d", name: t}])


@pytest.mark.parametrize(
    ("make", "most", "where"),
    [
        (lambda t: buttons(t), 160, "template.text"),
        (lambda t: buttons(t, title="題"), 60, "template.text"),
        (lambda t: buttons(t, thumbnailImageUrl=URL), 60, "template.text"),
        (lambda t: buttons(title=t), 40, "template.title"),
        (lambda t: template("confirm", text=t, actions=[TAP, TAP]), 240, "template.text"),
        (
            lambda t: template("carousel", columns=[{"text": t, "actions": [TAP]}]),
            120,
            "template.columns[0].text",
        ),
        (
            lambda t: template("carousel", columns=[{"title": "題", "text": t, "actions": [TAP]}]),
            60,
            "template.columns[0].text",
        ),
        (
            lambda t: template("carousel", columns=[{"title": t, "text": "a", "actions": [TAP]}]),
            40,
            "template.columns[0].title",
        ),
        (
            lambda t: template(
                "image_carousel", columns=[{"imageUrl": URL, "action": {**TAP, "label": t}}]
            ),
            12,
            "template.columns[0].action.label",
        ),
        (lambda t: buttons(actions=[TAP, {**TAP, "label": t}]), 20, "template.actions[1].label"),
        (lambda t: buttons(actions=[{**TAP, "text": t}]), 300, "template.actions[0].text"),
        (_postback("displayText"), 300, "template.actions[0].displayText"),
        (_postback("fillInText"), 300, "template.actions[0].fillInText"),
        (_postback("text"), 300, "template.actions[0].text"),
        (lambda t: quick({**TAP, "label": t}), 20, "quickReply.items[0].action.label"),
        (
            lambda t: flex(bubble({"type": "button", "action": {**TAP, "label": t}})),
            40,
            "contents.body.contents[0].action.label",
        ),
        (
            lambda t: flex(bubble({**letter(), "action": {**TAP, "label": t}})),
            40,
            "contents.body.contents[0].action.label",
        ),
    ],
)
def test_r37_r39_r40_r41_texts_in_grapheme_clusters(make, most, where):
    assert found(make("あ" * most)) == []
    assert found(make(FAMILY * most)) == []
    assert found(make("か\u3099" * most)) == []
    assert found(make("あ" * (most + 1))) == length(most, where)
    assert found(make(FAMILY * (most + 1))) == length(most, where)
