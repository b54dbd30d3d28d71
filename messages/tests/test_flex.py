"""Flex messages at their limits (R40)."""

import pytest

from madoguchi_messages import find_problems, flex_bytes

URL = "https://city.example.jp/"


def bubble(*contents, **more):
    body = {"type": "box", "layout": "vertical", "contents": list(contents)}
    return {"type": "bubble", "body": body, **more}


def flex(contents):
    return {"type": "flex", "altText": "お知らせ", "contents": contents}


def letter(words="a"):
    return {"type": "text", "text": words}


def found(message):
    return [(p.property, p.message) for p in find_problems([message])]


def _filled(size, filler):
    """A bubble of exactly that many bytes of compact UTF-8."""
    missing = size - flex_bytes(bubble(letter()))
    filled = bubble(letter("a" + "a" * (missing % len(filler.encode()))))
    width = len(filler.encode())
    filled["body"]["contents"][0]["text"] += filler * (missing // width)
    assert flex_bytes(filled) == size
    return filled


@pytest.mark.parametrize("filler", ["a", "窓", "🍎"])
def test_r40_a_bubble_has_30_kb_of_utf8(filler):
    assert found(flex(_filled(30_000, filler))) == []
    refused = [("messages[0].contents", "must be 30 KB or less")]
    assert found(flex(_filled(30_001, filler))) == refused


def test_r40_a_carousel_has_50_kb_and_12_bubbles():
    def carousel(*bubbles):
        return {"type": "carousel", "contents": list(bubbles)}

    small = bubble(letter())
    assert found(flex(carousel(*[small] * 12))) == []
    size = [("messages[0].contents.contents", "Size must be between 1 and 12")]
    assert found(flex(carousel(*[small] * 13))) == size
    rest = 50_000 - flex_bytes(carousel(_filled(25_000, "a"))) - 1
    assert found(flex(carousel(_filled(25_000, "a"), _filled(rest, "a")))) == []
    too_much = flex(carousel(_filled(25_000, "a"), _filled(rest + 1, "a")))
    assert found(too_much) == [("messages[0].contents", "must be 50 KB or less")]


def test_r40_the_sdk_writes_kanji_in_twice_the_bytes():
    assert flex_bytes("窓口") == 2 + 6
    assert flex_bytes("窓口", escaped=True) == 2 + 12


def test_r40_the_bubbles_of_a_carousel_have_one_width():
    default, mega, kilo = bubble(letter()), bubble(letter(), size="mega"), bubble(letter())
    kilo["size"] = "kilo"
    assert found(flex({"type": "carousel", "contents": [default, mega]})) == []
    problems = found(flex({"type": "carousel", "contents": [default, kilo]}))
    assert [at for at, _ in problems] == ["messages[0].contents.contents[1].size"]


def test_r40_ten_animated_images():
    image = {"type": "image", "url": URL, "animated": True}
    assert found(flex(bubble(*[image] * 10))) == []
    assert [at for at, _ in found(flex(bubble(*[image] * 11)))] == ["messages[0].contents"]


@pytest.mark.parametrize(
    ("part", "at", "message"),
    [
        ({"type": "text"}, ".text", "May not be empty"),
        ({"type": "text", "text": ""}, ".text", "May not be empty"),
        ({"type": "span", "text": "a"}, ".type", "Must be one of the following values: [box, "),
        ({"type": "button"}, ".action", "must be specified"),
        ({"type": "image", "url": "http://a.jp/a"}, ".url", "invalid uri"),
        ({"type": "text", "text": "a", "color": "red"}, ".color", "invalid value"),
        ({"type": "text", "text": "a", "size": "huge"}, ".size", "invalid value"),
        ({"type": "box", "layout": "vertical"}, ".contents", "must be specified"),
        ({"type": "box", "layout": "diagonal", "contents": []}, ".layout", "Must be one of"),
        (
            {"type": "box", "layout": "baseline", "contents": [{"type": "separator"}]},
            ".contents[0].type",
            "Must be one of the following values: [icon, text, filler]",
        ),
    ],
)
def test_r40_components_are_checked_wherever_they_stand(part, at, message):
    box = {"type": "box", "layout": "vertical", "contents": [part]}
    ((place, words),) = found(flex(bubble(letter(), box)))
    assert place == f"messages[0].contents.body.contents[1].contents[0]{at}"
    assert words.startswith(message)


def test_r40_an_empty_bubble_is_refused():
    problem = ("messages[0].contents", "At least one block must be specified")
    assert found(flex({"type": "bubble"})) == [problem]
