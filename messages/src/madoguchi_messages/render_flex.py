"""Flex bubbles and carousels as HTML, good enough to read: LINE's values become the nearest class.

Absolute positions, offsets, gradients' angles and border widths are left out.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from madoguchi_messages.flex import BUBBLE_SIZES
from madoguchi_messages.html import (
    address,
    child,
    element,
    escape,
    image,
    items,
    label_of,
    paragraphs,
    string,
    tap_area,
    tappable,
)

_SPACES = {"none": 0, "xs": 2, "sm": 4, "md": 8, "lg": 12, "xl": 16, "xxl": 20}
_LETTERS = {"xxs": 11, "xs": 13, "sm": 14, "md": 16, "lg": 19, "xl": 22, "xxl": 29}
_LETTERS |= {"3xl": 35, "4xl": 48, "5xl": 74}
_PICTURES = {"xxs": 40, "xs": 60, "sm": 80, "md": 100, "lg": 120, "xl": 140, "xxl": 160}
_PICTURES |= {"3xl": 180, "4xl": 200, "5xl": 220, "full": 300}
_LENGTHS = {str(n): n for n in (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)}
_SHARES = {f"{n}p": n for n in range(10, 101, 10)}
_RATIOS = {"1-2": 0.5, "9-16": 0.5625, "2-3": 0.667, "3-4": 0.75, "1-1": 1.0, "4-3": 1.333}
_RATIOS |= {"3-2": 1.5, "20-13": 1.538, "16-9": 1.778, "2-1": 2.0, "3-1": 3.0, "4-1": 4.0}

PALETTE = {
    "black": "111111", "ink": "333333", "gray": "666666", "silver": "8c8c8c", "light": "dddddd",
    "pale": "f4f4f4", "white": "ffffff", "red": "c62828", "orange": "e65100", "yellow": "fbc02d",
    "lime": "9ccc65", "green": "2e7d32", "teal": "00897b", "sky": "42a5f5", "blue": "1565c0",
    "navy": "1a237e", "purple": "7b1fa2", "pink": "d81b60", "brown": "6d4c41", "rose": "ffebee",
    "cream": "fff8e1", "mint": "e8f5e9", "ice": "e3f2fd", "lilac": "f3e5f5",
}  # fmt: skip


def container(contents: Mapping, name: str) -> str | None:
    """A bubble or a carousel of bubbles; None if it is neither."""
    match string(contents, "type"):
        case "bubble":
            return _bubble(contents)
        case "carousel":
            bubbles = [_bubble(bubble) for bubble in items(contents, "contents")]
            return element(
                "div", *bubbles, cls="lm-strip", tabindex=0, role="group", aria_label=name
            )
    return None


def _bubble(bubble: Mapping) -> str:
    size = string(bubble, "size")
    classes = [f"lm-flex lm-bubble-{size if size in BUBBLE_SIZES else 'mega'}"]
    if string(bubble, "direction") == "rtl":
        classes.append("lm-rtl")
    blocks = []
    for name in ("header", "hero", "body", "footer"):
        block = child(bubble, name)
        if not block:
            continue
        style = child(child(bubble, "styles"), name)
        line = "lm-ruled" if style.get("separator") is True and blocks else ""
        back = _color("back", style.get("backgroundColor"))
        blocks.append(element("div", _component(block), cls=f"lm-block lm-{name} {line} {back}"))
    action = child(bubble, "action")
    if action:
        classes.append("lm-action")
    return element("div", *blocks, cls=" ".join(classes), **tap_area(action))


def _component(part: Mapping) -> str:
    renderer = _COMPONENTS.get(string(part, "type"))
    return renderer(part) if renderer else ""


def _box(box: Mapping) -> str:
    layout = string(box, "layout")
    layout = layout if layout in {"horizontal", "vertical", "baseline"} else "vertical"
    action = child(box, "action")
    classes = [
        f"lm-box lm-{layout}",
        _placed(box),
        _nearest("gap", box.get("spacing"), _SPACES),
        _color("back", box.get("backgroundColor") or child(box, "background").get("startColor")),
        _color("edge", box.get("borderColor")),
        _nearest("round", box.get("cornerRadius"), _SPACES),
        _keyword("justify", box.get("justifyContent")),
        _keyword("items", box.get("alignItems")),
        "lm-action" if action else "",
    ]
    for side, short in (("All", ""), ("Top", "t"), ("Bottom", "b"), ("Start", "s"), ("End", "e")):
        classes.append(_nearest(f"pad{short}", box.get(f"padding{side}"), _SPACES))
    for side in ("width", "height"):
        classes.append(_length(side, box.get(side)))
    children = map(_component, items(box, "contents"))
    return element("div", *children, cls=" ".join(classes), **tap_area(action))


def _text(text: Mapping) -> str:
    action = child(text, "action")
    classes = [
        "lm-words",
        _placed(text),
        _letters(text),
        _keyword("align", text.get("align")),
        "lm-wrap" if text.get("wrap") is True else "lm-nowrap",
        "lm-action" if action else "",
    ]
    lines = text.get("maxLines")
    if text.get("wrap") is True and type(lines) is int and lines > 0:
        classes.append(f"lm-lines-{min(lines, 6)}")
    spans = [
        element("span", paragraphs(string(span, "text")), cls=_letters(span))
        for span in items(text, "contents")
    ]
    shown = "".join(spans) or paragraphs(string(text, "text"))
    return element("div", shown, cls=" ".join(classes), **tap_area(action))


def _button(button: Mapping) -> str:
    style = string(button, "style")
    style = style if style in {"primary", "secondary"} else "link"
    color = _color("ink" if style == "link" else "back", button.get("color"))
    small = "lm-small" if string(button, "height") == "sm" else ""
    cls = f"lm-button lm-{style} {color} {small} {_placed(button)}"
    action = child(button, "action")
    return tappable(action, escape(label_of(action)), cls=cls)


def _image(part: Mapping) -> str:
    ratio = re.fullmatch(r"([0-9.]{1,9}):([0-9.]{1,9})", string(part, "aspectRatio"))
    shape = "1-1"
    if ratio:
        try:
            shape = _closest(float(ratio[1]) / float(ratio[2]), _RATIOS)
        except (ValueError, ZeroDivisionError):
            shape = "1-1"
    fit = "lm-cover" if string(part, "aspectMode") == "cover" else "lm-contain"
    back = _color("back", part.get("backgroundColor"))
    size = _nearest("image", part.get("size"), _PICTURES) or "lm-image-md"
    cls = f"lm-image lm-ratio-{shape} {fit} {back}"
    action = child(part, "action")
    picture = image(part.get("url"), string(action, "label"), cls)
    if action:
        picture = tappable(action, picture, cls="lm-plain")
    align = _keyword("align", part.get("align")) or "lm-align-center"
    return element("div", picture, cls=f"lm-figure {size} {align} {_placed(part)}")


def _video(video: Mapping) -> str:
    source = address(video.get("url"))
    if not source:
        return _component(child(video, "altContent"))
    poster = address(video.get("previewUrl"))
    return element(
        "video", cls="lm-figure lm-image-full", src=source, poster=poster, controls=True,
        preload="none",
    )  # fmt: skip


def _icon(icon: Mapping) -> str:
    cls = f"lm-icon {_nearest('icon', icon.get('size'), _LETTERS)} {_placed(icon)}"
    return image(icon.get("url"), "", cls)


def _separator(separator: Mapping) -> str:
    cls = f"lm-separator {_placed(separator)} {_color('edge', separator.get('color'))}"
    return element("div", cls=cls, role="separator")


def _filler(filler: Mapping) -> str:
    return element("div", cls=f"lm-filler {_placed(filler)}")


_COMPONENTS = {
    "box": _box,
    "text": _text,
    "button": _button,
    "image": _image,
    "video": _video,
    "icon": _icon,
    "separator": _separator,
    "filler": _filler,
}


def _placed(part: Mapping) -> str:
    """The classes of a component's place in its box."""
    flex = part.get("flex")
    share = f"lm-flex-{min(flex, 6)}" if type(flex) is int and flex >= 0 else ""
    gravity = _keyword("gravity", part.get("gravity"))
    return f"{_nearest('margin', part.get('margin'), _SPACES)} {share} {gravity}"


def _letters(text: Mapping) -> str:
    """The classes of a text's or span's letters."""
    names = [("weight", "bold"), ("style", "italic"), ("decoration", "underline")]
    names.append(("decoration", "line-through"))
    chosen = [f"lm-{value}" for name, value in names if text.get(name) == value]
    size = _nearest("size", text.get("size"), _LETTERS)
    return " ".join([size, _color("ink", text.get("color")), *chosen])


_KEYWORDS = {
    "align": {"start", "center", "end"},
    "gravity": {"top", "center", "bottom"},
    "items": {"center", "flex-start", "flex-end"},
    "justify": {
        "center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly",
    },
}  # fmt: skip


def _keyword(what: str, value: object) -> str:
    known = isinstance(value, str) and value in _KEYWORDS[what]
    return f"lm-{what}-{value}" if known else ""


def _length(side: str, value: object) -> str:
    if isinstance(value, str) and value.endswith("%"):
        return _nearest(side, value, _SHARES)
    return _nearest(side, value, _LENGTHS)


def _nearest(what: str, value: object, steps: Mapping[str, float]) -> str:
    """The class of a keyword as it is, of pixels or per cent by the nearest step."""
    if not isinstance(value, str):
        return ""
    if value not in steps:
        number = re.match(r"\d{1,5}(\.\d{1,5})?(?=px|%)", value)
        if not number:
            return ""
        value = _closest(float(number[0]), steps)
    return f"lm-{what}-{value}"


def _closest(value: float, steps: Mapping[str, float]) -> str:
    return min(steps, key=lambda name: abs(steps[name] - value))


def _color(what: str, value: object) -> str:
    """The class of the colour of the palette that is nearest to #RRGGBB; none if transparent."""
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?", value):
        return ""
    if value[7:] and int(value[7:], 16) < 32:
        return ""
    return f"lm-{what}-{_nearest_color(value[1:7])}"


@lru_cache(maxsize=512)
def _nearest_color(wanted: str) -> str:
    red, green, blue = bytes.fromhex(wanted)

    def distance(name: str) -> float:
        r, g, b = bytes.fromhex(PALETTE[name])
        return 2 * (r - red) ** 2 + 4 * (g - green) ** 2 + 3 * (b - blue) ** 2

    return min(PALETTE, key=distance)
