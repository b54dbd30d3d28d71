"""What residents read: languages with a visible fallback, `{names}`, the choices below a message.

Content is `{language: [messages]}`; Japanese is always there. Who reads a language that is missing
gets the Japanese one, with a line before it that says so.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from madoguchi_messages import MAX_MESSAGES
from madoguchi_segment.deliveries.states import Refused

FALLBACK = "fallback"
"""The group of those whose language is missing."""
NOT_TRANSLATED = (  # nosay
    "Only in Japanese / 仅日语 / 僅日文 / 일본어만 / Chỉ có tiếng Nhật / Somente em japonês"
)
TEST = "【テスト】"  # nosay
_NAME = re.compile(r"\{([^{}\s]{1,40})\}")
MOST_REPLIES = 13
"""Quick replies of one message (R42)."""

Messages = list[dict[str, Any]]


def groups(content: Mapping[str, Sequence[Any]]) -> list[str]:
    """The groups of residents who get different bytes: one for each language, and the rest."""
    written = [language for language, messages in content.items() if messages]
    return [*written, FALLBACK] if "ja" in written else written


def group_of(content: Mapping[str, Sequence[Any]], language: str | None) -> str:
    """In which group somebody who reads a language is; without one, Japanese is read."""
    wanted = language or "ja"
    return wanted if content.get(wanted) else FALLBACK if wanted != "ja" else "ja"


def messages_for(content: Mapping[str, Messages], group: str) -> Messages:
    """The messages of a group. What is missing says so, visibly."""
    if group != FALLBACK:
        return list(content[group])
    japanese = list(content["ja"])
    if len(japanese) >= MAX_MESSAGES:
        return japanese
    return [{"type": "text", "text": NOT_TRANSLATED}, *japanese]


def mark_as_test(messages: Messages) -> Messages:
    """The same, marked: nobody can take it for real."""
    marked = [_prefix(message) for message in messages]
    if any(message["type"] == "text" for message in messages) or len(marked) >= MAX_MESSAGES:
        return marked
    return [{"type": "text", "text": TEST}, *marked]


def _prefix(message: dict[str, Any]) -> dict[str, Any]:
    if message["type"] == "text":
        return {**message, "text": TEST + message["text"]}
    if message.get("altText"):
        return {**message, "altText": TEST + message["altText"]}
    return message


def offer_choices(
    messages: Messages, delivery_id: int, say: Callable[[str], str], *, has_topic: bool
) -> Messages:
    """The same with 「このお知らせを減らす / 止める / なぜ届いた?」 below the last message."""
    choices = [("減らす", "less"), ("止める", "stop"), ("なぜ届いた?", "why")]
    if not has_topic:
        del choices[1]
    items = [
        {
            "type": "action",
            "action": {
                "type": "postback",
                "label": say(label),
                "displayText": say(label),
                "data": f"segment:{action}?delivery={delivery_id}",
            },
        }
        for label, action in choices
    ]
    *first, last = messages
    there = list((last.get("quickReply") or {}).get("items", ()))
    room = MOST_REPLIES - len(items)
    return [*first, {**last, "quickReply": {"items": [*there[:room], *items]}}]


# Names in braces.


def names_in(content: Any) -> set[str]:
    """The names in braces, anywhere in the texts."""
    return {name for text in texts_of(content) for name in _NAME.findall(text)}


def fill(content: Any, values: Mapping[str, str]) -> Any:
    """The same with every `{name}` replaced. `Refused` names those that have no value."""
    missing = sorted(name for name in names_in(content) if not str(values.get(name, "")).strip())
    if missing:
        raise Refused(  # nosay
            "variable",
            f"「{'」「'.join(missing)}」が入っていません。入力してから、進んでください。",
        )
    return _replaced(content, lambda text: _NAME.sub(lambda m: str(values[m[1]]), text))


def texts_of(content: Any) -> Iterator[str]:
    """Every text that somebody reads in messages: not addresses, not the data of a postback."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if isinstance(value, Mapping | list | tuple) or key in SHOWN:
                yield from texts_of(value)
    elif isinstance(content, Sequence):
        for item in content:
            if isinstance(item, Mapping | list | tuple):
                yield from texts_of(item)


SHOWN = {"text", "altText", "label", "title", "displayText"}


def _replaced(content: Any, change: Callable[[str], str]) -> Any:
    if isinstance(content, Mapping):
        return {
            key: change(value)
            if isinstance(value, str) and key in SHOWN
            else _replaced(value, change)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_replaced(item, change) for item in content]
    return content
