"""The inbox: every webhook event as a row before LINE is told 200, and found again by its state.

The door writes it; the worker only reads it. Whether an event is done is decided by the worker's
table `handled`; the door copies that into the inbox (`settle`), so that pending rows stay few.
Embedded, the inbox is a file of its own whose only writer is the door; on PostgreSQL it is a table.
"""

import asyncio
import hashlib
import json
import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeGuard

import msgspec

log = logging.getLogger("madoguchi.inbox")

LANES = 64
"""Residents are spread over so many lanes; a worker owns whole lanes."""

COMMIT_PAUSE = 0.005
"""Seconds between two commits: under load those who arrive meanwhile share one."""

LOOKED_AT = 1_000
"""Pending rows that one look at the worker's table `handled` goes through."""

MOST_COUNTED = 10_000
"""Counting goes no further: a backlog must not cost more the longer it is."""

_decode_body = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode = msgspec.json.Decoder().decode


class Unreadable(ValueError):
    """A signed body that is no webhook: answered 400, with the reason in the log."""


class Row(NamedTuple):
    """One event as it is stored: `raw` are the event's own bytes, `lane` its resident's lane."""

    event_id: str
    lane: int
    message_id: str | None
    """The message that the event brings or, for `unsend`, takes back."""
    unsend: bool
    at: float
    """When the door received it, seconds."""
    raw: bytes


def split(body: bytes, at: float) -> list[Row]:
    """Split a webhook's body into rows (R5). Raises `Unreadable` for anything that is none."""
    try:
        events = _decode_list(_decode_body(body)["events"])
        return [_row(bytes(event), at) for event in events]
    except (msgspec.DecodeError, UnicodeError, KeyError, RecursionError):
        return [_row(event, at) for event in _split_slowly(body)]


def _split_slowly(body: bytes) -> list[bytes]:
    """What the fast parser refuses: lone surrogates, stray bytes, NaN."""
    try:
        tables = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    events = tables.get("events") if isinstance(tables, dict) else None
    if not isinstance(events, list):
        raise Unreadable("no list of `events` in it")
    return [json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") for event in events]


def _row(raw: bytes, at: float) -> Row:
    event = read(raw)
    event_id = event.get("webhookEventId")
    if not _is_id(event_id):
        event_id = hashlib.sha256(raw).hexdigest()
    source = event.get("source")
    source = source if isinstance(source, dict) else {}
    who = source.get("userId") or source.get("groupId") or source.get("roomId") or event_id
    unsend = event.get("type") == "unsend"
    message = event.get("unsend" if unsend else "message")
    message_id = None
    if isinstance(message, dict):
        message_id = message.get("messageId" if unsend else "id")
    return Row(
        event_id,
        lane_of(str(who)),
        message_id if _is_id(message_id) else None,
        unsend,
        at,
        raw,
    )


def _is_id(value: object) -> TypeGuard[str]:
    """Whether LINE would make such an id; it goes into addresses, postbacks and log lines."""
    return isinstance(value, str) and len(value) <= 100 and value.isascii() and value.isalnum()


def read(raw: bytes) -> dict[str, Any]:
    """An event's bytes as a table; empty for anything that is no JSON object."""
    try:
        event = _decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            event = _without_surrogates(json.loads(raw.decode("utf-8", "replace")))
        except (ValueError, RecursionError):
            event = {}
    return event if isinstance(event, dict) else {}


def _without_surrogates(value: Any) -> Any:
    """Lone surrogates can be escaped in JSON, but neither stored nor sent."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-8", "replace"))


def lane_of(who: str) -> int:
    """The lane of a resident (or group): the same for all of their events."""
    return zlib.crc32(who.encode("utf-8", "replace")) % LANES


@dataclass(frozen=True, slots=True)
class Settled:
    """What one look at `handled` came to."""

    rows: int
    """Rows that were marked done."""
    is_round: bool
    """It reached the end of what is pending: the next look begins at the oldest row again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is stored and not handled, without what was set aside for a person."""

    rows: int
    """`MOST_COUNTED` stands for as many or more."""
    since: float | None
    """When the oldest of them arrived."""


class Inbox(Protocol):
    """What the door needs of an inbox."""

    async def open(self) -> None:
        """Connect; creates what is missing."""
        ...

    async def store(self, rows: Sequence[Row]) -> None:
        """Return when the rows are durable; raises if they cannot be."""
        ...

    async def settle(self) -> Settled:
        """Mark what `handled` says is done of the next `LOOKED_AT` pending rows."""
        ...

    async def waiting(self) -> Waiting:
        """Count what is not handled; raises if the inbox cannot be reached."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


def tell(done: asyncio.Future[None], error: Exception | None) -> None:
    """Tell a request whose rows were waiting how their commit ended."""
    if done.done():  # LINE hung up meanwhile
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
