"""Flex messages: bubbles, carousels and their components (R40, label and link rules R37 to R42)."""

import json
import re
from collections.abc import Iterator, Mapping

from madoguchi_messages import actions
from madoguchi_messages.rules import (
    EMPTY,
    HTTPS,
    Condition,
    Flag,
    List,
    Object,
    OneOf,
    Problem,
    Rule,
    Text,
    Variant,
    integer,
    is_array,
)

BUBBLE_BYTES = 30_000
CAROUSEL_BYTES = 50_000
BUBBLE_SIZES = ("nano", "micro", "deca", "hecto", "kilo", "mega", "giga")
ANIMATED_IMAGES = 10


def flex_bytes(container: object, *, escaped: bool = False) -> int:
    r"""The size of a bubble or carousel in bytes of compact JSON (R40).

    LINE does not say how it counts its 30 KB and 50 KB. The limits here are on UTF-8 with the
    smaller reading of KB (1,000 bytes). `escaped=True` counts as LINE's SDK sends: `\u7a93`, six
    bytes instead of three for each kanji; who sends through the SDK keeps that below the limit.
    """
    text = json.dumps(container, ensure_ascii=escaped, separators=(",", ":"), default=dict)
    return len(text.encode("utf-8", "surrogatepass"))


def _fits(most: int) -> Condition:
    def condition(container: Mapping, at: str) -> Iterator[Problem]:
        """The size of the container's JSON (R40)."""
        size = flex_bytes(container)
        if size > most:
            message = f"must be {most // 1000} KB or less"
            yield Problem(at, message, f"it has {size} bytes: take out {size - most} or split it")

    return condition


def _one_width(carousel: Mapping, at: str) -> Iterator[Problem]:
    """All bubbles of a carousel have one width (R40); without a size it is mega."""
    first, *others = (bubble.get("size", "mega") for bubble in carousel["contents"])
    for index, size in enumerate(others, 1):
        if size != first:
            message = "the size must be the same in all bubbles"
            yield Problem(f"{at}.contents[{index}].size", message, f"write {first!r} everywhere")


def _says_something(text: Mapping, at: str) -> Iterator[Problem]:
    if "text" not in text and not text.get("contents"):
        yield Problem(f"{at}.text", EMPTY, "give a text, or spans in 'contents'")


def _has_a_block(bubble: Mapping, at: str) -> Iterator[Problem]:
    if not any(block in bubble for block in ("header", "hero", "body", "footer")):
        message = "At least one block must be specified"
        yield Problem(at, message, "add a header, hero, body or footer")


def _few_animations(container: Mapping, at: str) -> Iterator[Problem]:
    """Ten animated images in one message at most (R40)."""
    count = 0
    waiting: list[object] = [container]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (dict, Mapping)):
            count += part.get("type") == "image" and part.get("animated") is True
            waiting.extend(part.values())
        elif is_array(part):
            waiting.extend(part)
    if count > ANIMATED_IMAGES:
        message = f"the number of animated images must be {ANIMATED_IMAGES} or less"
        yield Problem(at, message, f"it has {count}: let the others stand still")


_DIMENSION = Text(
    form=re.compile(
        r"none|xxs|xs|sm|md|lg|xl|xxl|[345]xl|full|light|normal|medium|semi-bold|bold"
        r"|-?\d+(\.\d+)?(px|%)"
    ),
    advice="write a size of LINE (none, xs … xxl), pixels (12px) or a percentage (50%)",
)
_COLOR = Text(
    form=re.compile(r"#([0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})"), advice="write #RRGGBB or #RRGGBBAA"
)
_RATIO = Text(form=re.compile(r"\d+(\.\d+)?:\d+(\.\d+)?"), advice="write width:height, like 20:13")

_PLACE: dict[str, Rule] = {
    "flex": integer(0),
    "margin": _DIMENSION,
    "position": OneOf(("relative", "absolute")),
    **{f"offset{side}": _DIMENSION for side in ("Top", "Bottom", "Start", "End")},
}
_ALIGN = OneOf(("start", "end", "center"))
_GRAVITY = OneOf(("top", "bottom", "center"))
_ADJUST = OneOf(("shrink-to-fit",))
_LETTERS: dict[str, Rule] = {
    "size": _DIMENSION,
    "color": _COLOR,
    "weight": OneOf(("regular", "bold")),
    "style": OneOf(("normal", "italic")),
    "decoration": OneOf(("none", "underline", "line-through")),
}

_SPAN = Variant({"span": Object({}, {"text": Text(least=0), **_LETTERS})})

_TEXT = Object(
    {},
    {
        "text": Text(),
        "contents": List(_SPAN),
        **_LETTERS,
        **_PLACE,
        "align": _ALIGN,
        "gravity": _GRAVITY,
        "wrap": Flag(),
        "lineSpacing": _DIMENSION,
        "maxLines": integer(0),
        "adjustMode": _ADJUST,
        "scaling": Flag(),
        "action": actions.FLEX_AREA,
    },
    (_says_something,),
)

_BUTTON = Object(
    {"action": actions.FLEX_BUTTON},
    {
        **_PLACE,
        "style": OneOf(("primary", "secondary", "link")),
        "color": _COLOR,
        "height": OneOf(("sm", "md")),
        "gravity": _GRAVITY,
        "adjustMode": _ADJUST,
        "scaling": Flag(),
    },
)

_IMAGE = Object(
    {"url": HTTPS},
    {
        **_PLACE,
        "align": _ALIGN,
        "gravity": _GRAVITY,
        "size": _DIMENSION,
        "aspectRatio": _RATIO,
        "aspectMode": OneOf(("fit", "cover")),
        "backgroundColor": _COLOR,
        "animated": Flag(),
        "action": actions.FLEX_AREA,
    },
)

_ICON = Object(
    {"url": HTTPS}, {**_PLACE, "size": _DIMENSION, "aspectRatio": _RATIO, "scaling": Flag()}
)
_SEPARATOR = Object({}, {"margin": _DIMENSION, "color": _COLOR})
_FILLER = Object({}, {"flex": integer(0)})

_GRADIENT = Variant(
    {
        "linearGradient": Object(
            {"angle": Text(), "startColor": _COLOR, "endColor": _COLOR},
            {"centerColor": _COLOR, "centerPosition": _DIMENSION},
        )
    }
)

# Boxes hold boxes: the tables of what may stand in them are filled below.
_STACKED: dict[str, Rule] = {}
_INLINE: dict[str, Rule] = {}


def _box(children: Mapping[str, Rule]) -> Object:
    paddings = {f"padding{side}": _DIMENSION for side in ("All", "Top", "Bottom", "Start", "End")}
    sizes = dict.fromkeys(("width", "maxWidth", "height", "maxHeight", "spacing"), _DIMENSION)
    spread = ("center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly")
    return Object(
        {"contents": List(Variant(children))},
        {
            **_PLACE,
            **paddings,
            **sizes,
            "backgroundColor": _COLOR,
            "background": _GRADIENT,
            "borderColor": _COLOR,
            "borderWidth": _DIMENSION,
            "cornerRadius": _DIMENSION,
            "justifyContent": OneOf(spread),
            "alignItems": OneOf(("center", "flex-start", "flex-end")),
            "action": actions.FLEX_AREA,
        },
    )


_BOX = Variant(
    {"horizontal": _box(_STACKED), "vertical": _box(_STACKED), "baseline": _box(_INLINE)},
    by="layout",
)
_STACKED |= {
    "box": _BOX,
    "button": _BUTTON,
    "image": _IMAGE,
    "text": _TEXT,
    "separator": _SEPARATOR,
    "filler": _FILLER,
}
_INLINE |= {"icon": _ICON, "text": _TEXT, "filler": _FILLER}

_VIDEO = Object(
    {"url": HTTPS, "previewUrl": HTTPS, "altContent": Variant({"box": _BOX, "image": _IMAGE})},
    {"aspectRatio": _RATIO, "action": actions.FLEX_AREA},
)

_BLOCK = Variant({"box": _BOX})
_BLOCK_STYLE = Object(
    {}, {"backgroundColor": _COLOR, "separator": Flag(), "separatorColor": _COLOR}
)

_BUBBLE = Object(
    {},
    {
        "size": OneOf(BUBBLE_SIZES),
        "direction": OneOf(("ltr", "rtl")),
        "header": _BLOCK,
        "hero": Variant({"box": _BOX, "image": _IMAGE, "video": _VIDEO}),
        "body": _BLOCK,
        "footer": _BLOCK,
        "styles": Object({}, dict.fromkeys(("header", "hero", "body", "footer"), _BLOCK_STYLE)),
        "action": actions.FLEX_AREA,
    },
    (_has_a_block, _fits(BUBBLE_BYTES)),
)

CONTAINERS = Variant(
    {
        "bubble": Object(_BUBBLE.required, _BUBBLE.optional, (*_BUBBLE.also, _few_animations)),
        "carousel": Object(
            {"contents": List(Variant({"bubble": _BUBBLE}), 1, 12)},
            {},
            (_one_width, _fits(CAROUSEL_BYTES), _few_animations),
        ),
    }
)
