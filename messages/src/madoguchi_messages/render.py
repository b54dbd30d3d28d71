"""Messages as HTML for previews and for the simulator's chat.

Nothing in it needs an inline style or script: `style-src 'self'` with the one stylesheet is
enough. Sizes, margins and colours become classes. Anything, however broken, has a rendering.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files

from madoguchi_messages.html import (
    address,
    child,
    element,
    escape,
    image,
    items,
    label_of,
    link,
    linked,
    paragraphs,
    string,
    tap_area,
    tappable,
)
from madoguchi_messages.icons import icon
from madoguchi_messages.limits import BRACES
from madoguchi_messages.render_flex import container
from madoguchi_messages.rules import is_array, unsound


def stylesheet() -> str:
    """The CSS for all that `render` and `render_quick_replies` write (classes begin with lm-)."""
    return files("madoguchi_messages").joinpath("static/messages.css").read_text("utf-8")


def render_all(messages: Iterable[object]) -> str:
    """Messages below each other, as in a chat."""
    return element("div", *map(render, messages), cls="lm-chat")


def render(message: object) -> str:
    """One message as HTML, as sent or as received in a webhook; never raises.

    What cannot be shown (unknown types, what is no message) becomes a neutral bubble. Inside an
    element of class `lm-mine` it looks like a message of one's own.
    """
    kind, shown = "unknown", None
    if isinstance(message, Mapping) and not unsound(message):
        kind = string(message, "type")
        renderer = _RENDERERS.get(kind)
        shown = renderer(message) if renderer else None
    if not shown:
        name = kind[:40] or "unknown"
        text = escape(f"(表示できないメッセージ: {name})")
        shown, kind = element("div", text, cls="lm-bubble lm-neutral"), "unknown"
    name = string(child(message, "sender"), "name") if isinstance(message, Mapping) else ""
    head = element("div", escape(name), cls="lm-sender") if name else ""
    return element("div", head, shown, cls=f"lm-message lm-message-{kind.lower()}")


_ICONS = {"camera": "camera", "cameraRoll": "picture", "location": "pin"}


def render_quick_replies(message: object) -> str:
    """The quick replies that belong below the chat; '' if the message has none."""
    if not isinstance(message, Mapping) or unsound(message):
        return ""
    buttons = []
    for item in items(child(message, "quickReply"), "items"):
        action = child(item, "action")
        kind, picture = string(action, "type"), ""
        if address(item.get("imageUrl")):
            picture = image(item["imageUrl"], "", "lm-quick-icon")
        elif kind in _ICONS:
            picture = icon(_ICONS[kind], "lm-quick-icon")
        buttons.append(tappable(action, picture, escape(label_of(action)), cls="lm-quick-reply"))
    if not buttons:
        return ""
    return element("div", *buttons, cls="lm-quick-replies", role="group", aria_label="返信の候補")


def _bubble(*children: str, cls: str = "") -> str:
    return element("div", *children, cls=f"lm-bubble {cls}")


_EMOJI = icon("smile", "lm-emoji", role="img", aria_label="絵文字")


def _text(message: Mapping) -> str | None:
    text = message.get("text")
    if not isinstance(text, str):
        return None
    units = text.encode("utf-16-le", "surrogatepass")
    parts, end = [], 0
    indexes = [emoji.get("index") for emoji in items(message, "emojis")]
    for index in sorted({index for index in indexes if type(index) is int and index >= 0}):
        if units[2 * index : 2 * index + 2] == b"$\0":
            parts += [linked(units[2 * end : 2 * index].decode("utf-16-le", "replace")), _EMOJI]
            end = index + 1
    parts.append(linked(units[2 * end :].decode("utf-16-le", "replace")))
    return _bubble(*parts, cls="lm-text")


def _text_v2(message: Mapping) -> str | None:
    text = message.get("text")
    if not isinstance(text, str):
        return None
    substitution = child(message, "substitution")
    parts, end = [], 0
    for match in BRACES.finditer(text):
        written = {"{{": "{", "}}": "}"}.get(match[0], escape(match[0]))
        if match[1] is not None:
            chosen = child(substitution, match[1])
            if string(chosen, "type") == "emoji":
                written = _EMOJI
            elif string(chosen, "type") == "mention":
                everybody = string(child(chosen, "mentionee"), "type") == "all"
                name = "@全員" if everybody else f"@{match[1]}"
                written = element("span", escape(name), cls="lm-mention")
        parts += [linked(text[end : match.start()]), written]
        end = match.end()
    return _bubble(*parts, linked(text[end:]), cls="lm-text")


def _placeholder(symbol: str, name: str, detail: str = "") -> str:
    return _bubble(
        icon(symbol, "lm-large"),
        element("span", escape(name), cls="lm-name"),
        element("span", escape(detail), cls="lm-detail") if detail else "",
        cls="lm-placeholder",
    )


def _sticker(message: Mapping) -> str:
    keywords = message.get("keywords")
    words = [word for word in keywords if isinstance(word, str)] if is_array(keywords) else []
    detail = (
        "・".join(words[:3]) or f"{string(message, 'packageId')}/{string(message, 'stickerId')}"
    )
    return _placeholder("smile", "スタンプ", detail.strip("/"))


def _image(message: Mapping) -> str:
    full = address(message.get("originalContentUrl"))
    small = address(message.get("previewImageUrl")) or full
    if not small:
        return _placeholder("picture", "画像")
    return link(full or small, image(small, "画像", "lm-picture"), cls="lm-media")


def _video(message: Mapping) -> str:
    source = address(message.get("originalContentUrl"))
    if not source:
        return _placeholder("film", "動画")
    poster = address(message.get("previewImageUrl"))
    return element(
        "video", cls="lm-media lm-picture", src=source, poster=poster, controls=True, preload="none"
    )


def _audio(message: Mapping) -> str:
    source = address(message.get("originalContentUrl"))
    if not source:
        return _placeholder("sound", "音声")
    return _bubble(element("audio", src=source, controls=True, preload="none"), cls="lm-audio")


def _file(message: Mapping) -> str:
    return _placeholder("page", string(message, "fileName") or "ファイル")


def _location(message: Mapping) -> str:
    numbers = [message.get("latitude"), message.get("longitude")]
    place = ", ".join(f"{number:.5f}" for number in numbers if isinstance(number, float))
    return _placeholder(
        "pin", string(message, "title") or "位置情報", string(message, "address") or place
    )


def _coupon(message: Mapping) -> str:
    return _placeholder("ticket", "クーポン", string(message, "couponId"))


def _imagemap(message: Mapping) -> str | None:
    base, size = address(message.get("baseUrl")), child(message, "baseSize")
    width, height = _pixels(size, "width"), _pixels(size, "height")
    if not (base and width and height):
        return None
    # SVG's own geometry places the areas exactly without a style attribute.
    areas = [element("image", href=f"{base}/1040", x=0, y=0, width=width, height=height)]
    for action in items(message, "actions"):
        area = {
            name: _pixels(child(action, "area"), name) for name in ("x", "y", "width", "height")
        }
        attributes = {**area, **tap_area(action), "aria_label": label_of(action)}
        areas.append(element("rect", cls="lm-action lm-area", **attributes))
    return element(
        "svg",
        *areas,
        cls="lm-media lm-imagemap",
        viewBox=f"0 0 {width} {height}",
        role="group",
        aria_label=string(message, "altText"),
    )


def _pixels(size: Mapping, name: str) -> int:
    """The property as pixels, 0 if it is none."""
    value = size.get(name)
    return value if type(value) is int and 0 < value < 100_000 else 0


def _template(message: Mapping) -> str | None:
    template = child(message, "template")
    match string(template, "type"):
        case "buttons":
            return _card(template, template)
        case "confirm":
            text = element("div", paragraphs(string(template, "text")), cls="lm-card-text")
            buttons = element("div", *_buttons(template), cls="lm-card-actions lm-side-by-side")
            return element("div", text, buttons, cls="lm-card")
        case "carousel":
            cards = [_card(column, template) for column in items(template, "columns")]
            return _strip(cards, string(message, "altText"))
        case "image_carousel":
            cards = [_picture_card(column) for column in items(template, "columns")]
            return _strip(cards, string(message, "altText"))
    return None


def _strip(cards: list[str], name: str) -> str:
    # Focusable, so that it can be scrolled by keyboard.
    return element("div", *cards, cls="lm-strip", tabindex=0, role="group", aria_label=name)


def _card(column: Mapping, template: Mapping) -> str:
    parts = []
    if "thumbnailImageUrl" in column:
        square = " lm-square" if string(template, "imageAspectRatio") == "square" else ""
        contain = " lm-contain" if string(template, "imageSize") == "contain" else ""
        cls = f"lm-card-image{square}{contain}"
        parts.append(image(column["thumbnailImageUrl"], "", cls))
    if title := string(column, "title"):
        parts.append(element("div", escape(title), cls="lm-card-title"))
    parts.append(element("div", paragraphs(string(column, "text")), cls="lm-card-text"))
    default = child(column, "defaultAction")
    cls = "lm-card-head lm-action" if default else "lm-card-head"
    head = element("div", *parts, cls=cls, **tap_area(default))
    return element(
        "div", head, element("div", *_buttons(column), cls="lm-card-actions"), cls="lm-card"
    )


def _buttons(parent: Mapping) -> list[str]:
    return [
        tappable(action, escape(label_of(action)), cls="lm-card-action")
        for action in items(parent, "actions")
    ]


def _picture_card(column: Mapping) -> str:
    action = child(column, "action")
    name = string(action, "label")
    shown = element("span", escape(name), cls="lm-picture-label") if name else ""
    picture = image(column.get("imageUrl"), "" if name else label_of(action), "lm-picture")
    return tappable(action, picture, shown, cls="lm-picture-card")


def _flex(message: Mapping) -> str | None:
    return container(child(message, "contents"), string(message, "altText"))


_RENDERERS: dict[str, Callable[[Mapping], str | None]] = {
    "text": _text,
    "textV2": _text_v2,
    "sticker": _sticker,
    "image": _image,
    "video": _video,
    "audio": _audio,
    "file": _file,
    "location": _location,
    "coupon": _coupon,
    "imagemap": _imagemap,
    "template": _template,
    "flex": _flex,
}
