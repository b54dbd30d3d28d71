"""Reply, push, multicast and broadcast: what is accepted, what it costs, who sees it."""

import json
import re
import sqlite3
from contextlib import suppress
from typing import Any

from madoguchi_messages import find_problems

from .book import Book
from .channel import Settings
from .chats import Chats
from .errors import Refusal, field_errors, invalid_property
from .identifiers import is_user_id, message_id, new_long_token
from .replies import ReplyTokens
from .residents import BLOCKED, Residents

_UNIT = re.compile(r"[A-Za-z0-9_]{1,30}")
_MOST_USERS = 500
# Only these can be quoted (R36).
_QUOTABLE = frozenset({"text", "textV2", "sticker", "image", "video", "template"})

_Problem = tuple[str, str]


class Sending:
    """The four ways for a bot to say something. Each call is one transaction.

    ``payload`` is the parsed body, ``body`` its bytes, ``key`` the retry key, if any.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        residents: Residents,
        chats: Chats,
        book: Book,
        replies: ReplyTokens,
    ) -> None:
        self._db = db
        self._residents = residents
        self._chats = chats
        self._book = book
        self._replies = replies

    def reply(self, payload: dict[str, Any], body: bytes, request_id: str) -> dict[str, Any]:
        """Answer an event; free of charge (R20, R21)."""
        token: Any = payload.get("replyToken")
        problems = [] if isinstance(token, str) and token else [("replyToken", "May not be empty")]
        messages = _messages(payload, problems)
        user_id = self._replies.redeem(token)
        resident = self._residents.find(user_id)
        shown = resident is None or resident.state != BLOCKED
        return self._send_to_one("reply", user_id, messages, body, request_id, None, 0, shown)

    def push(
        self,
        payload: dict[str, Any],
        body: bytes,
        request_id: str,
        key: str | None,
        quota: int | None,
    ) -> dict[str, Any]:
        """Send to one resident; one who blocked the account gives 200 and sees nothing (R30)."""
        problems: list[_Problem] = _unit_problems(payload)
        user_id = payload.get("to")
        if not user_id:
            problems.append(("to", "May not be empty"))
        messages = _messages(payload, problems)
        if not is_user_id(user_id):
            raise invalid_property("'to'")
        resident = self._residents.find(user_id)
        if resident is None:
            raise Refusal(400, "Failed to send messages")
        shown = user_id in self._residents.friends or (
            resident.state != BLOCKED and self._chats.wrote_lately(user_id)
        )
        self._check_quota(int(shown), quota)
        return self._send_to_one(
            "push", user_id, messages, body, request_id, key, int(shown), shown
        )

    def multicast(
        self,
        payload: dict[str, Any],
        body: bytes,
        request_id: str,
        key: str | None,
        settings: Settings,
    ) -> dict[str, Any]:
        """Send to up to 500 residents; an unknown id refuses all of it (R29)."""
        problems: list[_Problem] = _unit_problems(payload)
        to: Any = payload.get("to")
        if not isinstance(to, list):
            problems.append(("to", "May not be empty"))
        elif not 1 <= len(to) <= _MOST_USERS:
            problems.append(("to", f"Size must be between 1 and {_MOST_USERS}"))
        messages = _messages(payload, problems)
        reached = self._reach(to, lenient=settings.lenient_multicast)
        self._check_quota(reached, settings.quota)
        seq = self._chats.next_seq(len(messages))
        self._book.record(seq, request_id, "multicast", key, None, body, len(messages), reached)
        self._db.commit()
        self._chats.wake()
        return {}

    def broadcast(
        self,
        payload: dict[str, Any],
        body: bytes,
        request_id: str,
        key: str | None,
        quota: int | None,
    ) -> dict[str, Any]:
        """Send to everybody who is a friend now."""
        messages = _messages(payload, [])
        reached = len(self._residents.friends)
        self._check_quota(reached, quota)
        seq = self._chats.next_seq(len(messages))
        self._book.record(seq, request_id, "broadcast", key, None, body, len(messages), reached)
        self._db.commit()
        self._chats.wake()
        return {}

    def check(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What the ``validate`` endpoints do: message objects are looked at, nothing is sent."""
        _messages(payload, [])
        return {}

    def refuse_repeated(self, key: str) -> None:
        """Refusal 409 if a request with this retry key was accepted within 24 hours (R25).

        Also when its body differs: the key decides, which is why LINE warns of changing it.
        """
        accepted = self._book.accepted(key)
        if accepted is not None:
            request_id, sent = accepted
            raise Refusal(
                409,
                "The retry key is already accepted",
                headers={"x-line-accepted-request-id": request_id},
                extra={} if sent is None else {"sentMessages": sent},
            )

    def _reach(self, to: list[Any], *, lenient: bool) -> int:
        """How many friends are among the ids, or Refusal for the first that is nobody's (R29)."""
        with suppress(TypeError):  # an id may be an object, which has no place in a set
            reached = len(self._residents.friends.intersection(to))
            if reached == len(to):
                return reached
        for index, user_id in enumerate(to):
            if not is_user_id(user_id) or (user_id not in self._residents.known and not lenient):
                raise invalid_property(f"to[{index}]")
        return len(self._residents.friends.intersection(to))

    def _check_quota(self, reached: int, quota: int | None) -> None:
        if quota is not None and reached and self._book.usage() + reached > quota:
            raise Refusal(429, "You have reached your monthly limit.")

    def _send_to_one(
        self,
        endpoint: str,
        user_id: str,
        messages: list[dict[str, Any]],
        body: bytes,
        request_id: str,
        key: str | None,
        counted: int,
        shown: bool,
    ) -> dict[str, Any]:
        seq = self._chats.next_seq(len(messages))
        sent = [_sent(seq + index, message) for index, message in enumerate(messages)]
        if shown:
            self._chats.add(seq, user_id, "bot", endpoint, messages)
        self._book.record(
            seq,
            request_id,
            endpoint,
            key,
            user_id,
            body,
            len(messages),
            counted,
            json.dumps(sent) if key else None,
        )
        self._db.commit()
        return {"sentMessages": sent}


def _messages(payload: dict[str, Any], problems: list[_Problem]) -> list[dict[str, Any]]:
    """The message objects of a request, or Refusal 400 with all problems (R22, R37–R43)."""
    messages: Any = payload.get("messages")
    problems += [(one.property, one.message) for one in find_problems(messages)]
    if problems:
        raise field_errors(problems)
    return messages


def _unit_problems(payload: dict[str, Any]) -> list[_Problem]:
    """What is wrong with ``customAggregationUnits`` (R33)."""
    units = payload.get("customAggregationUnits")
    if units is None:
        return []
    if not isinstance(units, list) or len(units) > 1:
        return [("customAggregationUnits", "Size must be between 0 and 1")]
    if all(isinstance(unit, str) and _UNIT.fullmatch(unit) for unit in units):
        return []
    return [("customAggregationUnits[0]", "must match [a-zA-Z0-9_]{1,30}")]


def _sent(seq: int, message: dict[str, Any]) -> dict[str, str]:
    sent = {"id": message_id(seq)}
    if message["type"] in _QUOTABLE:
        sent["quoteToken"] = new_long_token()
    return sent
