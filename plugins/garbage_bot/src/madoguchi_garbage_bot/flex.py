"""The few parts that our messages are made of, within LINE's limits (R37 to R42)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

Part = dict[str, Any]
LONGEST_LABEL, LONGEST_ALT, LONGEST_DATA = 40, 1000, 300


def text(words: str, **looks: Any) -> Part:
    """A text that may take several lines."""
    return {"type": "text", "text": words, "wrap": True, **looks}


def box(*parts: Part | None, **looks: Any) -> Part:
    """Parts below each other; those that are None are left out."""
    return {"type": "box", "layout": "vertical", "contents": [one for one in parts if one], **looks}


def button(action: Part, style: str = "link") -> Part:
    """A button at the foot of a bubble."""
    return {"type": "button", "style": style, "height": "sm", "action": action}


def choice(words: str, action: Part) -> Part:
    """A button whose words may take several lines."""
    inner = text(words, align="center", color="#0017c1", weight="bold")
    looks = {"borderWidth": "normal", "borderColor": "#0017c1", "cornerRadius": "md"}
    return box(inner, action=action, paddingAll="md", **looks)


def bubble(parts: Sequence[Part | None], foot: Iterable[Part] = ()) -> Part:
    """A card with its buttons."""
    card: Part = {"type": "bubble", "body": box(*parts, spacing="md")}
    if buttons := list(foot):
        card["footer"] = box(*buttons, spacing="sm")
    return card


def flex(alt: str, cards: Sequence[Part]) -> Part:
    """A message of one card or several, and what it says where cards are not shown."""
    alone = len(cards) == 1
    contents = cards[0] if alone else {"type": "carousel", "contents": list(cards)}
    return {"type": "flex", "altText": cut(alt, LONGEST_ALT), "contents": contents}


def tap(label: str, action: str, *, q: str = "", **args: str) -> Part:
    """A postback to one of ours. The question `q` is shortened to what LINE takes."""
    while len(data := _data(action, {**args, "q": q} if q else args)) > LONGEST_DATA and q:
        q = q[:-1]
    while len(data) > LONGEST_DATA:
        args.popitem()
        data = _data(action, args)
    shown = cut(label, LONGEST_LABEL)
    return {"type": "postback", "label": shown, "data": data, "displayText": shown}


def _data(action: str, args: Mapping[str, str]) -> str:
    return f"garbage_bot:{action}?{urlencode(args)}"


def say_for(label: str, words: str) -> Part:
    """A tap that says something for the resident."""
    return {"type": "message", "label": cut(label, LONGEST_LABEL), "text": words}


def open_page(label: str, url: str | None) -> Part | None:
    """A tap that opens a page, or a telephone's keys; None without an address."""
    return {"type": "uri", "label": cut(label, LONGEST_LABEL), "uri": url} if url else None


def cut(words: str, longest: int) -> str:
    """Words that fit."""
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
