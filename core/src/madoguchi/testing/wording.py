"""Words that nobody outside understands: neither residents nor staff read them (design §3)."""

import re
from collections.abc import Iterator
from typing import Any

REFUSED = re.compile(
    "セグメント|プラグイン|LIFF|Webhook|オーディエンス|トークン|ドリル|属性",  # nosay
    re.IGNORECASE,
)
READ = {"text", "label", "displayText", "altText", "title", "fillInText"}
"""Members of a message that a person reads or hears."""


def find_refused(text: str) -> list[str]:
    """The words of a text that are not plain."""
    return REFUSED.findall(text)


def texts_of(message: Any) -> Iterator[str]:
    """Everything that a message shows, at any depth."""
    if isinstance(message, str):
        yield message
    elif isinstance(message, list):
        for one in message:
            if not isinstance(one, str):
                yield from texts_of(one)
    elif isinstance(message, dict):
        for name, value in message.items():
            if not isinstance(value, str):
                yield from texts_of(value)
            elif name in READ:
                yield value
