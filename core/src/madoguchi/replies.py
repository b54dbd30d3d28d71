"""Plugins may return a reply in several forms; this makes message objects of all of them."""

import json
from collections.abc import Mapping
from typing import Any


def messages_of(reply: object) -> list[dict[str, Any]]:
    """The message objects, ready for JSON, of what a plugin returned.

    None is no message; a text is a text message; a mapping is a message object as LINE documents
    it; a message model of line-bot-sdk is what its `to_dict()` gives; a list or tuple holds those.
    TypeError says what was found instead. LINE's limits (R37-R43) are checked elsewhere.
    """
    if reply is None:
        return []
    if not isinstance(reply, list | tuple):
        return [_message(reply, "a reply")]
    return [_message(item, f"item {n} of a reply") for n, item in enumerate(reply, 1)]


def _message(value: object, where: str) -> dict[str, Any]:
    if isinstance(value, str):
        return {"type": "text", "text": value}
    plain = _plain(value, where)
    if not isinstance(plain, dict):
        raise _wrong(value, where)
    return plain


def _plain(value: Any, where: str) -> Any:
    """The same with nothing but JSON's types; models may stand at any depth (a Flex in a dict)."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}, {key!r}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{n}]") for n, item in enumerate(value)]
    if not isinstance(value, type):
        if callable(to_dict := getattr(value, "to_dict", None)):
            return _plain(to_dict(), where)
        if callable(to_json := getattr(value, "to_json", None)):
            return json.loads(to_json())
    raise _wrong(value, where)


def _wrong(value: object, where: str) -> TypeError:
    hint = " (was an await forgotten?)" if hasattr(value, "__await__") else ""
    return TypeError(
        f"{where} is {type(value).__name__}{hint}; allowed are None, a text, a message object as a "
        "dict, a message model of line-bot-sdk, or a list of those"
    )
