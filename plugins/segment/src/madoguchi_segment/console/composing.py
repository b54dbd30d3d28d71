# nosay: what is said here, staff read
"""What staff type, as messages of LINE, and back: texts, pictures, cards; language by language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from madoguchi.languages import NAMES
from madoguchi_messages import MAX_MESSAGES, find_problems
from madoguchi_segment.deliveries.states import Refused

KINDS = {"text": "文", "card": "カード（見出し・文・ボタン）", "image": "画像"}
BUTTONS = 3
LONGEST_TEXT = 5_000
LONGEST_LABEL = 20
LONGEST_ALT = 400
SAID = {
    "text": ("text",),
    "card": ("title", "body", *(f"label{n}" for n in range(BUTTONS))),
    "image": (),
    "kept": (),
}
"""What of a piece is said in each language."""
SHARED = {
    "text": (),
    "card": ("image", *(f"url{n}" for n in range(BUTTONS))),
    "image": ("image",),
    "kept": ("raw",),
}
"""What is the same in all of them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message as it is typed."""

    kind: str
    shared: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self, language: str, name: str) -> str:
        """What is typed in a field."""
        return self.said.get(language, {}).get(name, "")


@dataclass(frozen=True, slots=True)
class Typed:
    """All messages, and the languages that have a column."""

    pieces: tuple[Piece, ...] = (Piece("text"),)
    languages: tuple[str, ...] = ("ja",)


def read_typed(form: Any) -> Typed:
    """What a form holds."""
    given = [one for one in form.getlist("language") if one in NAMES and one != "ja"]
    languages = ("ja", *dict.fromkeys(given))
    pieces = []
    for n in range(MAX_MESSAGES):
        kind = form.get(f"m{n}.kind")
        if kind not in SAID:
            continue
        shared = {name: _text(form, f"m{n}.{name}") for name in SHARED[kind]}
        said = {
            language: {name: _text(form, f"m{n}.{name}.{language}") for name in SAID[kind]}
            for language in languages
        }
        pieces.append(Piece(kind, shared, said))
    return Typed(tuple(pieces), languages)


def _text(form: Any, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def compose(typed: Typed, images: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The content of a delivery. `images` has the address of each picture, `{name: url}`.

    `Refused` says which message is wrong, and what to do. What is empty everywhere is left out.
    """
    content: dict[str, list[dict[str, Any]]] = {}
    for language in typed.languages:
        if language != "ja" and not _says_anything(typed, language):
            continue
        messages = []
        for n, piece in enumerate(typed.pieces, 1):
            if language == "ja" and not _is_filled(piece, language):
                continue
            where = f"{n}つ目" if language == "ja" else f"{n}つ目（{NAMES[language]}）"
            messages.append(_message(piece, language, where, images))
        if messages:
            content[language] = messages
    if content.get("ja") is None and content:
        raise Refused("content", "日本語の文を書いてください。ほかのことばだけでは送れません。")
    if len({len(messages) for messages in content.values()}) > 1:
        raise Refused(
            "content", "日本語が空のところに、ほかのことばがあります。日本語を書いてください。"
        )
    return content


def _says_anything(typed: Typed, language: str) -> bool:
    return any(any(piece.said.get(language, {}).values()) for piece in typed.pieces)


def _is_filled(piece: Piece, language: str) -> bool:
    return any(piece.shared.values()) or any(piece.said.get(language, {}).values())


def _message(piece: Piece, language: str, where: str, images: Mapping[str, str]) -> dict[str, Any]:
    match piece.kind:
        case "text":
            message = _text_message(piece.text(language, "text"), where)
        case "image":
            url = _image(piece, images, where)
            message = {
                "type": "image",
                "originalContentUrl": url,
                "previewImageUrl": url,
            }
        case "card":
            message = _card(piece, language, where, images)
        case _:
            message = json.loads(piece.shared["raw"])
    problems = find_problems([message])
    if problems:
        raise Refused("content", f"{where}は、LINEで送れない内容です（{problems[0].property}）。")
    return message


def _text_message(text: str, where: str) -> dict[str, Any]:
    if not text:
        raise Refused("content", f"{where}が空です。書くか、そのことばを全部消してください。")
    length = len(text.encode("utf-16-le")) // 2
    if length > LONGEST_TEXT:
        raise Refused(
            "content",
            f"{where}が長すぎます。{LONGEST_TEXT:,}字までのところ、{length:,}字あります。"
            "短くするか、2つに分けてください。",
        )
    return {"type": "text", "text": text}


def _image(piece: Piece, images: Mapping[str, str], where: str) -> str:
    name = piece.shared.get("image", "")
    if name not in images:
        raise Refused("image", f"{where}の画像が、ありません。ファイルをえらび直してください。")
    return images[name]


def _card(piece: Piece, language: str, where: str, images: Mapping[str, str]) -> dict[str, Any]:
    title, body = piece.text(language, "title"), piece.text(language, "body")
    if not title:
        raise Refused("content", f"{where}のカードに、見出しを書いてください。")
    if len(title) > LONGEST_ALT:
        raise Refused("content", f"{where}の見出しは、{LONGEST_ALT}字までにしてください。")
    texts = [{"type": "text", "text": title, "weight": "bold", "size": "lg", "wrap": True}]
    if body:
        texts.append({"type": "text", "text": body, "wrap": True, "margin": "md"})
    bubble: dict[str, Any] = {"type": "bubble"}
    if piece.shared.get("image"):
        url = _image(piece, images, where)
        bubble["hero"] = {"type": "image", "url": url, "size": "full", "aspectMode": "cover"}
    bubble["body"] = {"type": "box", "layout": "vertical", "contents": texts}
    buttons = [
        _button(piece, language, n, where)
        for n in range(BUTTONS)
        if piece.shared.get(f"url{n}") or piece.text(language, f"label{n}")
    ]
    if buttons:
        bubble["footer"] = {
            "type": "box",
            "layout": "vertical",
            "spacing": "sm",
            "contents": buttons,
        }
    return {"type": "flex", "altText": title, "contents": bubble}


def _button(piece: Piece, language: str, n: int, where: str) -> dict[str, Any]:
    label, url = piece.text(language, f"label{n}"), piece.shared.get(f"url{n}", "")
    if not label or not url:
        raise Refused(
            "content", f"{where}のボタン{n + 1}には、ボタンの文字とリンク先の両方を書いてください。"
        )
    if len(label) > LONGEST_LABEL:
        raise Refused(
            "content", f"{where}のボタン「{label}」は、{LONGEST_LABEL}字までにしてください。"
        )
    if not url.startswith(("https://", "http://", "tel:")):
        raise Refused(
            "content",
            f"{where}のリンク先「{url}」は、https:// か tel: で始まるように書いてください。",
        )
    style = "primary" if n == 0 else "secondary"
    action = {"type": "uri", "label": label, "uri": url}
    return {"type": "button", "style": style, "action": action}


# Back again.


def decompose(
    content: Mapping[str, Sequence[Mapping[str, Any]]], images: Mapping[str, str]
) -> Typed:
    """What a form shows for a content. `images` are `{url: name}`. What no form of ours made is
    kept as it is.
    """
    japanese = content.get("ja") or []
    languages = ("ja", *(one for one in content if one != "ja"))
    pieces = []
    for n, message in enumerate(japanese):
        kind, shared = _shape(message, images)
        said = {}
        for language in languages:
            there = content[language]
            if n < len(there) and _shape(there[n], images)[0] == kind:
                said[language] = _said(kind, there[n])
        pieces.append(Piece(kind, shared, said))
    return Typed(tuple(pieces) or (Piece("text"),), languages)


def _shape(message: Mapping[str, Any], images: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    match message.get("type"):
        case "text" if set(message) == {"type", "text"}:
            return "text", {}
        case "image" if message.get("originalContentUrl") in images:
            return "image", {"image": images[message["originalContentUrl"]]}
        case "flex" if (found := _card_of(message, images)) is not None:
            return "card", found
    return "kept", {"raw": json.dumps(message, ensure_ascii=False)}


def _card_of(message: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, str] | None:
    bubble = message.get("contents", {})
    if bubble.get("type") != "bubble" or set(bubble) - {"type", "hero", "body", "footer"}:
        return None
    texts = bubble.get("body", {}).get("contents", [])
    if not 1 <= len(texts) <= 2 or any(one.get("type") != "text" for one in texts):
        return None
    buttons = bubble.get("footer", {}).get("contents", [])
    if len(buttons) > BUTTONS or any(
        one.get("type") != "button" or one.get("action", {}).get("type") != "uri" for one in buttons
    ):
        return None
    shared = {f"url{n}": one["action"]["uri"] for n, one in enumerate(buttons)}
    if "hero" in bubble:
        if (name := images.get(bubble["hero"].get("url", ""))) is None:
            return None
        shared["image"] = name
    return shared


def _said(kind: str, message: Mapping[str, Any]) -> dict[str, str]:
    if kind == "text":
        return {"text": message["text"]}
    if kind != "card":
        return {}
    bubble = message["contents"]
    texts = bubble["body"]["contents"]
    said = {"title": texts[0]["text"], "body": texts[1]["text"] if len(texts) > 1 else ""}
    buttons = bubble.get("footer", {}).get("contents", [])
    return said | {f"label{n}": one["action"]["label"] for n, one in enumerate(buttons)}
