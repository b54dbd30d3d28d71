"""Safe HTML: every text and attribute is escaped here, and addresses are let through by scheme."""

import html
import json
import re
from collections.abc import Mapping

from madoguchi_messages.encoding import join_surrogates
from madoguchi_messages.rules import is_array

_VOID = {"br", "img"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def escape(text: str) -> str:
    """The text for HTML or a quoted attribute; what no HTML can hold becomes U+FFFD."""
    return html.escape(_CONTROLS.sub("\ufffd", join_surrogates(text)))


def element(name: str, *children: str, cls: str = "", **attributes: str | int | bool) -> str:
    """An element around children that are HTML already.

    Names of attributes are written with `_` for `-`; `True` stands for one without a value,
    `False` and `""` leave it out (but `alt`, which says something when empty).
    """
    written = [f' class="{escape(" ".join(cls.split()))}"'] if cls else []
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(f" {key}")
        elif value is not False and (value != "" or key == "alt"):
            written.append(f' {key}="{escape(str(value))}"')
    start = f"<{name}{''.join(written)}>"
    return start if name in _VOID else f"{start}{''.join(children)}</{name}>"


def paragraphs(text: str) -> str:
    """The text with its line breaks."""
    return re.sub(r"\r\n|\r|\n", "<br>", escape(text))


_LINK = re.compile(r"https?://[^\s<>\"'`{}|\\^、。，．「」『』（）【】]+|tel:[0-9+][0-9-]{2,}[0-9]")
_AFTER_LINK = ".,;:!?)]…"


def linked(text: str) -> str:
    """The text with line breaks and with its http, https and tel addresses as links."""
    parts, end = [], 0
    for match in _LINK.finditer(text):
        address = match[0].rstrip(_AFTER_LINK)
        parts += [paragraphs(text[end : match.start()]), link(address, escape(address))]
        end = match.start() + len(address)
    return "".join(parts) + paragraphs(text[end:])


def link(address: str, *children: str, cls: str = "", **attributes: str | int | bool) -> str:
    """A link that opens outside and tells the other side nothing about us."""
    return element(
        "a",
        *children,
        cls=cls,
        href=address,
        rel="noreferrer noopener",
        target="_blank",
        **attributes,
    )


def address(value: object, *schemes: str) -> str:
    """The value if it is an address with one of these schemes (http and https if none), else ''."""
    if not isinstance(value, str):
        return ""
    scheme = value.partition(":")[0].lower()
    return value if scheme in (schemes or ("http", "https")) else ""


def string(parent: Mapping, name: str) -> str:
    """The property as a string, '' if it is none."""
    value = parent.get(name)
    return value if isinstance(value, str) else ""


def items(parent: Mapping, name: str) -> list[Mapping]:
    """The objects in the property, leaving out what is no object; [] if it is no array."""
    value = parent.get(name)
    return [item for item in value if isinstance(item, Mapping)] if is_array(value) else []


def child(parent: Mapping, name: str) -> Mapping:
    """The property as an object, an empty one if it is none."""
    value = parent.get(name)
    return value if isinstance(value, Mapping) else {}


def image(url: object, alt: str, cls: str) -> str:
    """An image that loads when it comes into view; a grey field if the address is not usable."""
    if source := address(url):
        return element("img", cls=cls, src=source, alt=alt, loading="lazy")
    return element("span", escape(alt), cls=f"{cls} lm-absent")


_NAMES = {"camera": "カメラ", "cameraRoll": "写真を選ぶ", "location": "位置情報を送る"}


def label_of(action: Mapping) -> str:
    """What a button with this action says."""
    return (
        string(action, "label")
        or string(action, "text")
        or _NAMES.get(string(action, "type"), "")
        or string(action, "uri")
        or string(action, "linkUri")
        or "選択"
    )


def as_json(action: Mapping) -> str:
    """The action for `data-action`, as it was given."""
    return json.dumps(action, ensure_ascii=False, separators=(",", ":"), default=dict)


def tappable(action: Mapping, *children: str, cls: str) -> str:
    """A button, or a link for uri actions, that carries its action for the page's script."""
    cls = f"lm-action {cls}"
    data = as_json(action)
    target = action.get("uri") or action.get("linkUri")
    if string(action, "type") == "uri" and (url := address(target, "http", "https", "tel", "line")):
        return link(url, *children, cls=cls, data_action=data)
    return element("button", *children, cls=cls, type="button", data_action=data)


def tap_area(action: Mapping) -> dict[str, str | int]:
    """The attributes that make any element tappable: an area may hold buttons, a button may not."""
    if not action:
        return {}
    return {"role": "button", "tabindex": 0, "data_action": as_json(action)}
