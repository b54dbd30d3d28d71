"""Messages as HTML: safe under a strict CSP, complete in its stylesheet, never an exception."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_messages import render, render_all, render_quick_replies, stylesheet

SAMPLES = json.loads(Path(__file__).with_name("samples.json").read_text("utf-8"))
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
KINDS = sorted({sample["type"] for sample in SAMPLES})


class Page(HTMLParser):
    """The elements of a page as (name, attributes), its text, and whether all of them close."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)

    def actions(self):
        return [json.loads(a["data-action"]) for _, a in self.elements if "data-action" in a]


def assert_safe(html):
    """No script, no style, no handler, no address but the few schemes."""
    for name, attributes in Page(html).elements:
        assert name not in {"script", "style", "iframe", "object", "embed", "form", "link"}
        for key, value in attributes.items():
            assert key != "style"
            assert not key.startswith("on")
            if key in {"src", "poster"}:
                assert value.startswith(("https://", "http://"))
            if key == "href":
                assert value.partition(":")[0].lower() in {"https", "http", "tel", "line"}
                assert name == "image" or attributes["rel"] == "noreferrer noopener"


def test_all_samples_are_safe_and_complete_in_the_stylesheet():
    html = render_all(SAMPLES) + "".join(map(render_quick_replies, SAMPLES))
    assert_safe(html)
    assert "表示できない" not in html
    classes = {c for _, a in Page(html).elements for c in a.get("class", "").split()}
    assert all(name.startswith("lm-") for name in classes)
    markers = {f"lm-message-{kind.lower()}" for kind in KINDS}
    structural = {"lm-emoji", "lm-hero", "lm-bubble-micro", "lm-ratio-20-13"}
    known = set(re.findall(r"\.(lm-[a-z0-9-]+)", stylesheet()))
    assert classes - known <= markers | structural


def test_text_keeps_its_lines_and_links_to_few_schemes_only():
    html = render(
        {
            "type": "text",
            "text": "<b>一行目\nhttps://city.example.jp/a?b=1&c=2。 tel:03-1234-5678 javascript:a",
        }
    )
    assert "&lt;b&gt;一行目<br>" in html
    links = [a for name, a in Page(html).elements if name == "a"]
    assert [a["href"] for a in links] == ["https://city.example.jp/a?b=1&c=2", "tel:03-1234-5678"]
    assert all(a["target"] == "_blank" for a in links)


def test_emojis_and_substitutions_are_put_in_their_places():
    html = render(SAMPLES[1])
    assert Page(html).text == "こんにちは 窓口です"
    assert "lm-emoji" in html
    assert Page(render(SAMPLES[2])).text == "@youさん、{お知らせ}です "


def test_pictures_load_late_and_have_a_text():
    for name, attributes in Page(render_all(SAMPLES)).elements:
        if name == "img":
            assert attributes["loading"] == "lazy"
            assert "alt" in attributes


def test_a_tap_carries_its_action():
    template = Page(render(SAMPLES[10]))
    wanted = SAMPLES[10]["template"]
    assert template.actions() == [wanted["defaultAction"], *wanted["actions"]]
    names = [name for name, a in template.elements if "data-action" in a]
    assert names == ["div", "button", "button", "a"]
    flex = Page(render(SAMPLES[14]))
    assert [action["type"] for action in flex.actions()] == ["uri", "uri", "clipboard", "postback"]
    assert "取り下げる" in flex.text
    areas = Page(render(SAMPLES[9]))
    assert areas.actions() == SAMPLES[9]["actions"]


def test_quick_replies_stand_outside_the_bubble():
    last = SAMPLES[-1]
    assert "北地区" not in render(last)
    replies = Page(render_quick_replies(last))
    assert replies.actions() == [item["action"] for item in last["quickReply"]["items"]]
    assert render_quick_replies(SAMPLES[0]) == ""


def test_a_dangerous_address_is_not_followed():
    uri = {"type": "uri", "label": "開く", "uri": "javascript:alert(1)"}
    actions = {"type": "buttons", "text": "a", "actions": [uri], "thumbnailImageUrl": "data:a"}
    html = render({"type": "template", "template": actions})
    assert_safe(html)
    assert (Page(html).elements[-1][0], Page(html).words[-1]) == ("button", "開く")


@pytest.mark.parametrize(
    "message",
    [None, 5, "text", [], {}, {"type": "teleport"}, {"type": ["a"]}, {"type": "text", "text": 5},
     {"type": "flex"}, {"type": "template", "template": {"type": "x"}}, {"type": EVIL}],
)  # fmt: skip
def test_what_cannot_be_shown_becomes_a_neutral_bubble(message):
    html = render(message)
    assert_safe(html)
    assert "(表示できないメッセージ: " in Page(html).text


def test_a_circle_becomes_a_neutral_bubble():
    circle: dict = {"type": "flex", "altText": "a"}
    circle["contents"] = circle
    assert "表示できない" in render(circle)
    assert render_quick_replies(circle) == ""


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        ({"type": "image", "id": "1", "contentProvider": {"type": "line"}}, "画像"),
        ({"type": "video", "id": "1"}, "動画"),
        ({"type": "audio", "id": "1", "duration": 5}, "音声"),
        ({"type": "file", "id": "1", "fileName": "申請書.pdf"}, "申請書.pdf"),
        ({"type": "sticker", "keywords": ["笑顔", "やった"]}, "スタンプ笑顔・やった"),
        ({"type": "location", "latitude": 35.1, "longitude": 139.0}, "位置情報35.10000, 139.00000"),
    ],
)
def test_received_messages_have_a_rendering_too(received, shown):
    assert Page(render(received)).text == shown


@given(st.data())
def test_broken_messages_are_rendered_safely(data):
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(EVIL),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )

    def broken(value):
        if data.draw(st.integers(0, 12)) == 0:
            return data.draw(anything)
        if isinstance(value, dict):
            return {key: broken(below) for key, below in value.items()}
        return [broken(below) for below in value] if isinstance(value, list) else value

    message = broken(data.draw(st.sampled_from(SAMPLES)))
    assert_safe(render(message) + render_quick_replies(message))
    (render(message) + render_quick_replies(message)).encode()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["type"])
def test_every_text_of_a_message_is_escaped(sample):
    def evil(value, key=""):
        if isinstance(value, dict):
            return {name: evil(below, name) for name, below in value.items()}
        if isinstance(value, list):
            return [evil(below) for below in value]
        structure = key in {"type", "layout", "size"} or not isinstance(value, str)
        return value if structure else EVIL

    message = evil(sample)
    assert_safe(render(message) + render_quick_replies(message))
