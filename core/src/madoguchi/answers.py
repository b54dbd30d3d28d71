"""What LINE's answers mean: one pure function, so that every sender decides in the same way.

`madoguchi.line` offers these names too.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What the sender has to do next."""

    ACCEPTED = "accepted"
    """LINE took it, now or at an earlier try with the same key (409). Not: delivered (R30)."""
    RETRY = "retry"
    """Nobody knows whether LINE took it: the same bytes with the same key, later (R25)."""
    SLOW_DOWN = "slow down"
    """Not taken, the endpoint's rate limit was hit: wait, then the same again (R26)."""
    SLOW_DOWN_USER = "slow down for this user"
    """Not taken, this one user got too much: only what goes to them waits (R26, R32)."""
    QUOTA = "quota"
    """Not taken, the month's messages are used up: stop and tell staff (R26)."""
    INVALID_TOKEN = "invalid reply token"
    """The reply token is used, too old or unknown: this reply can never be sent (R20)."""
    BAD_RECIPIENTS = "bad recipients"
    """Nobody got it: without `bad_recipients` and with a new key it can go out (R29)."""
    UNAUTHORIZED = "unauthorized"
    """The channel access token is refused: nothing can be sent until that is repaired."""
    REFUSED = "refused"
    """Never right however often it is repeated; `message` says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """LINE's answer to one call."""

    outcome: Outcome
    status: int | None
    """The HTTP status, None if no answer came."""
    request_id: str | None = None
    """`x-line-request-id`, the name of this call in a question to LINE (R17)."""
    message: str = ""
    """LINE's words, details included; without an answer, what broke."""
    bad_recipients: tuple[int, ...] = ()
    """Places in the request's `to`, counted from 0, ascending."""
    accepted_request_id: str | None = None
    """With 409: the request id of the try that was accepted."""
    sent_messages: tuple[Mapping[str, Any], ...] = ()
    """`sentMessages` of a reply or push: `id`, and `quoteToken` where a message can be quoted."""


_RECIPIENT = re.compile(r"'?to\[(\d{1,3})\]'?")
_BAD_RECIPIENT = re.compile(r"The property, '?to\[(\d{1,3})\]'?,? in the request body is invalid")


def classify(status: int | None, headers: Mapping[str, str], body: bytes) -> Answer:
    """Say what an answer means. Never raises, whatever LINE or a proxy on the way answered.

    `status` None stands for no answer (time-out, dropped connection); `body` then says what broke.
    """
    document = _document(body)
    details = _details(document)
    message = document.get("message")
    message = message if isinstance(message, str) else ""
    outcome, bad = _outcome(status, message, [prop for prop, _ in details])
    if outcome is not Outcome.ACCEPTED:
        message = message or body[:200].decode("utf-8", "replace")
        message = "; ".join([message, *(f"{prop}: {text}" for prop, text in details)])
    sent = document.get("sentMessages")
    return Answer(
        outcome=outcome,
        status=status,
        request_id=_header(headers, "x-line-request-id"),
        message=message,
        bad_recipients=bad,
        accepted_request_id=_header(headers, "x-line-accepted-request-id"),
        sent_messages=tuple(m for m in sent if isinstance(m, dict))
        if isinstance(sent, list)
        else (),
    )


def _outcome(
    status: int | None, message: str, properties: list[str]
) -> tuple[Outcome, tuple[int, ...]]:
    words = message.casefold()
    match status:
        case None:
            return Outcome.RETRY, ()
        case 400 if words.startswith("invalid reply token"):
            return Outcome.INVALID_TOKEN, ()
        case 400:
            bad = _bad_recipients(message, properties)
            return (Outcome.BAD_RECIPIENTS if bad else Outcome.REFUSED), bad
        case 401:
            return Outcome.UNAUTHORIZED, ()
        case 409:
            return Outcome.ACCEPTED, ()
        case 429 if "monthly limit" in words:
            return Outcome.QUOTA, ()
        case 429 if "same user" in words:
            return Outcome.SLOW_DOWN_USER, ()
        case 429:
            # Unknown words mean waiting: that loses nothing, giving up would.
            return Outcome.SLOW_DOWN, ()
    if 200 <= status < 300:
        return Outcome.ACCEPTED, ()
    return (Outcome.RETRY if status >= 500 else Outcome.REFUSED), ()


def _bad_recipients(message: str, properties: list[str]) -> tuple[int, ...]:
    """The places in `to` that LINE names; none if something else is wrong as well."""
    named = [_RECIPIENT.fullmatch(name) for name in properties]
    if not all(named):
        return ()
    places = {int(match[1]) for match in named if match}
    return tuple(sorted(places | {int(place) for place in _BAD_RECIPIENT.findall(message)}))


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _details(document: dict[str, Any]) -> list[tuple[str, str]]:
    details = document.get("details")
    if not isinstance(details, list):
        return []
    return [
        (str(detail.get("property", "")), str(detail.get("message", "")))
        for detail in details
        if isinstance(detail, dict)
    ]


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
