"""Numbers, sizes and forms in messages, templates and files (R22, R38, R39, R43)."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from madoguchi_messages import (
    MAX_BODY_BYTES,
    Problem,
    check,
    find_body_problems,
    find_media_problems,
    find_problems,
)

from .building import TAP, URL, bubble, buttons, flex, found, length, letter, quick, template, text

SAMPLES = json.loads(Path(__file__).with_name("samples.json").read_text("utf-8"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["type"])
def test_every_kind_of_message_is_accepted(sample):
    assert find_problems([sample]) == ()


def test_r22_one_to_five_messages():
    check([text()])
    check([text()] * 5)
    for count in (0, 6):
        size = Problem("messages", "Size must be between 1 and 5")
        assert find_problems([text()] * count) == (size,)


def test_r22_a_body_has_two_megabytes_at_most():
    assert find_body_problems(b"a" * MAX_BODY_BYTES) == ()
    assert len(find_body_problems(b"a" * (MAX_BODY_BYTES + 1))) == 1


def test_r38_an_empty_or_absent_text_is_refused_in_lines_words():
    for message in (text(""), {"type": "text"}, text(None)):
        assert found(message) == [("messages[0].text", "May not be empty")]


def test_r38_at_most_20_line_emojis_each_on_its_placeholder():
    def emojis(count):
        emoji = {"productId": "p", "emojiId": "e"}
        return text("$" * count, emojis=[{"index": i, **emoji} for i in range(count)])

    assert found(emojis(20)) == []
    assert found(emojis(21)) == [("messages[0].emojis", "Size must be between 0 and 20")]
    moved = text("🍎$", emojis=[{"index": 1, "productId": "p", "emojiId": "e"}])
    assert found(moved) == [("messages[0].emojis[0].index", "invalid value")]
    moved["emojis"][0]["index"] = 2  # 🍎 counts 2 (R37)
    assert found(moved) == []


def emoji_named(*names):
    return {name: {"type": "emoji", "productId": "p", "emojiId": "e"} for name in names}


def v2(words, *names):
    return {"type": "textV2", "text": words, "substitution": emoji_named(*names)}


def test_r38_text_v2_braces_are_paired_and_named():
    assert found(v2("{{だけ}} {a} }}{{", "a")) == []
    assert found(v2("{a}", "b")) == [("messages[0].substitution.a", "must be specified")]
    for words in ("{", "}", "{a", "a}", "{{a}", "{ {a}"):
        assert ("messages[0].text", "braces must be used in pairs") in found(v2(words, "a"))


def test_r38_text_v2_at_most_100_substitutions_with_keys_of_20():
    names = [f"n{number}" for number in range(100)]
    assert found(v2("a", *names)) == []
    assert found(v2("a", *names, "m")) == [
        ("messages[0].substitution", "Size must be between 0 and 100")
    ]
    assert found(v2("a", "k" * 20)) == []
    for key in ("k" * 21, "名", "a-b", ""):
        assert found(v2("a", key)) == [(f"messages[0].substitution.{key}", "invalid key")]


def test_r38_text_v2_at_most_20_emojis_and_20_mentions():
    mention = {"type": "mention", "mentionee": {"type": "all"}}
    for one, noun in ((emoji_named("x")["x"], "emojis"), (mention, "mentions")):
        message = {"type": "textV2", "text": "{x}" * 20, "substitution": {"x": one}}
        assert found(message) == []
        message["text"] += "{x}"
        assert found(message) == [("messages[0].text", f"the number of {noun} must be 20 or less")]


def test_r38_the_sender_is_not_called_line():
    for name in ("オンライン窓口", "online", "Airline"):
        assert found(text(sender={"name": name})) == []
    for name in ("LINE", "ＬＩＮＥ公式", "Line 案内", "窓口line"):
        assert found(text(sender={"name": name})) == [("messages[0].sender.name", "invalid name")]


def test_r38_r43_addresses_of_media_have_2000_characters_and_https():
    def image(url):
        return {"type": "image", "originalContentUrl": url, "previewImageUrl": URL}

    assert found(image(URL.ljust(2000, "a"))) == []
    assert found(image(URL.ljust(2001, "a"))) == length(2000, "originalContentUrl")
    for url in ("http://city.example.jp/a", "/a.jpg", "https:", "data:image/png;base64,AA"):
        assert found(image(url)) == [("messages[0].originalContentUrl", "invalid uri")]


def test_r39_at_most_13_quick_replies():
    assert found(quick(*[TAP] * 13)) == []
    for count in (0, 14):
        problem = ("messages[0].quickReply.items", "Size must be between 1 and 13")
        assert found(quick(*[TAP] * count)) == [problem]


@pytest.mark.parametrize(
    ("make", "least", "most", "where"),
    [
        (lambda n: buttons(actions=[TAP] * n), 1, 4, "template.actions"),
        (lambda n: template("confirm", text="a", actions=[TAP] * n), 2, 2, "template.actions"),
        (
            lambda n: template("carousel", columns=[{"text": "a", "actions": [TAP] * n}]),
            1,
            3,
            "template.columns[0].actions",
        ),
        (
            lambda n: template("carousel", columns=[{"text": "a", "actions": [TAP]}] * n),
            1,
            10,
            "template.columns",
        ),
        (
            lambda n: template("image_carousel", columns=[{"imageUrl": URL, "action": TAP}] * n),
            1,
            10,
            "template.columns",
        ),
        (lambda n: {**SAMPLES[9], "actions": SAMPLES[9]["actions"][:1] * n}, 1, 50, "actions"),
    ],
)
def test_r39_numbers_of_actions_and_columns(make, least, most, where):
    problem = (f"messages[0].{where}", f"Size must be between {least} and {most}")
    assert found(make(least)) == found(make(most)) == []
    assert found(make(least - 1)) == found(make(most + 1)) == [problem]


def test_r39_the_columns_of_a_carousel_are_alike():
    plain = {"text": "a", "actions": [TAP]}
    for other in ({**plain, "actions": [TAP, TAP]}, {**plain, "title": "題"}):
        assert found(template("carousel", columns=[other, other])) == []
        problems = found(template("carousel", columns=[plain, other]))
        assert [at for at, _ in problems] == ["messages[0].template.columns[1]"]


def test_r39_an_imagemap_is_1040_wide():
    for width, well in ((1039, False), (1040, True), (1041, False)):
        message = deepcopy(SAMPLES[9])
        message["baseSize"]["width"] = width
        assert (found(message) == []) is well


def test_r39_labels_are_required_but_on_pictures():
    bare = {"type": "message", "text": "a"}
    assert found(template("image_carousel", columns=[{"imageUrl": URL, "action": bare}])) == []
    assert found(flex(bubble(letter(), action=bare))) == []
    for message, at in (
        (buttons(actions=[bare]), "template.actions[0].label"),
        (quick(bare), "quickReply.items[0].action.label"),
        (
            flex(bubble({"type": "button", "action": bare})),
            "contents.body.contents[0].action.label",
        ),
    ):
        assert found(message) == [(f"messages[0].{at}", "May not be empty")]


def test_r43_a_tracking_id_has_100_half_width_characters():
    video = SAMPLES[5]
    assert found({**video, "trackingId": "a" * 100}) == []
    assert found({**video, "trackingId": "a" * 101}) == length(100, "trackingId")
    assert found({**video, "trackingId": "窓"}) == [("messages[0].trackingId", "invalid value")]


@pytest.mark.parametrize(
    ("use", "content_type", "most"),
    [
        ("image", "image/jpeg", 10_000_000),
        ("preview", "image/png", 1_000_000),
        ("video", "video/mp4", 200_000_000),
        ("audio", "audio/x-m4a", 200_000_000),
        ("animated", "image/png", 300_000),
        ("icon", "image/png; charset=binary", 1_000_000),
    ],
)
def test_r40_r43_formats_and_sizes_of_files(use, content_type, most):
    assert find_media_problems(use, content_type, most) == ()
    assert [p.property for p in find_media_problems(use, content_type, most + 1)] == ["size"]
    assert [p.property for p in find_media_problems(use, "image/gif", 1)] == ["contentType"]
