"""Webhook events, as LINE builds them; what the sender adds later is in `webhooks`."""

from collections.abc import Mapping
from typing import Any

from .errors import Refusal
from .identifiers import new_long_token, new_ulid

# Message types that carry a quote token, and those that carry a mark-as-read token (R35, R36).
_WITH_QUOTE_TOKEN = frozenset({"text", "image", "video", "sticker"})
_REQUIRED: Mapping[str, Mapping[str, Any]] = {
    "text": {"text": None},
    "location": {"latitude": None, "longitude": None},
    "sticker": {"packageId": "446", "stickerId": "1988", "stickerResourceType": "STATIC"},
    "image": {"contentProvider": {"type": "line"}},
    "video": {"contentProvider": {"type": "line"}},
    "audio": {"contentProvider": {"type": "line"}},
    "file": {"fileName": None, "fileSize": None},
}


def complete_message(message: Any, message_id: str) -> dict[str, Any]:
    """A resident's message object with the id and tokens that the platform adds.

    A type that LINE has not invented yet passes as it is, so that bots can be tried on it (R6).

    Raises:
        Refusal: 400 that names the property that is missing.
    """
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Refusal(400, 'a message is an object with "type", for example {"type":"text",…}')
    kind = message["type"]
    complete = {"type": kind, "id": message_id}
    for name, default in _REQUIRED.get(kind, {}).items():
        if message.get(name, default) is None:
            raise Refusal(400, f"a message of the type {kind} needs {name!r}")
        complete[name] = message.get(name, default)
    if kind in _WITH_QUOTE_TOKEN:
        complete["quoteToken"] = new_long_token()
    return {**complete, **{key: value for key, value in message.items() if key != "id"}}


def event(kind: str, user_id: str, seconds: float, **members: Any) -> dict[str, Any]:
    """An event of a resident, with its own id and time (ms); ``members`` are the type's own."""
    return {
        "type": kind,
        **members,
        "webhookEventId": new_ulid(seconds),
        "deliveryContext": {"isRedelivery": False},
        "timestamp": int(seconds * 1000),
        "source": {"type": "user", "userId": user_id},
    }
