"""The book: every send that the platform accepted, exactly as it came."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from .clock import Clock, iso
from .residents import Residents

JST = timezone(timedelta(hours=9))
_RETRY_KEY_LIFE = 24 * 3600
_MOST_UNITS = 1000


class Book:
    """Accepted sends. The request body is kept as bytes; ids and messages are read from it."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, residents: Residents) -> None:
        self._db = db
        self._clock = clock
        self._residents = residents
        self._month = (0.0, 0.0)
        self._usage = 0

    def record(
        self,
        seq: int,
        request_id: str,
        endpoint: str,
        retry_key: str | None,
        user_id: str | None,
        body: bytes,
        messages: int,
        counted: int,
        sent: str | None = None,
    ) -> None:
        """Write a send down; the caller commits.

        ``user_id`` is the one recipient of a reply or push, None for many. ``counted`` is what
        it costs of the quota: recipients who are reached, not messages (R21).
        """
        now = self._clock.time()
        if counted:
            self._usage = self.usage() + counted
        self._db.execute(
            "INSERT INTO send VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, request_id, endpoint, retry_key, user_id, body, messages, counted, sent, now),
        )

    def accepted(self, retry_key: str) -> tuple[str, list[dict[str, str]] | None] | None:
        """Request id and ``sentMessages`` of what this key was accepted for, in 24 hours (R25)."""
        row = self._db.execute(
            "SELECT request_id, sent FROM send WHERE retry_key = ? AND at > ?",
            (retry_key, self._clock.time() - _RETRY_KEY_LIFE),
        ).fetchone()
        return (row[0], json.loads(row[1]) if row[1] else None) if row else None

    def usage(self) -> int:
        """Messages counted in this month, which begins at midnight in Japan."""
        now = self._clock.time()
        if not self._month[0] <= now < self._month[1]:
            self._month = _month_around(now)
            self._usage = self._db.execute(
                "SELECT coalesce(sum(counted), 0) FROM send WHERE at >= ? AND at < ?", self._month
            ).fetchone()[0]
        return self._usage

    def units(self) -> list[str]:
        """The names of the units that this month's messages belong to, 1,000 at most (R33)."""
        start, end = _month_around(self._clock.time())
        names: dict[str, None] = {}
        for (body,) in self._db.execute(
            "SELECT body FROM send WHERE at >= ? AND at < ?"
            " AND instr(body, ?) AND endpoint IN ('push', 'multicast') ORDER BY seq",
            (start, end, b"customAggregationUnits"),
        ):
            names |= dict.fromkeys(json.loads(body).get("customAggregationUnits") or ())
        return list(names)[:_MOST_UNITS]

    def forget_usage(self) -> None:
        """Count again at the next question (after a reset)."""
        self._month = (0.0, 0.0)

    def sent_on(self, endpoint: str, day: datetime) -> int:
        """How many messages went out on one day in Japan through an endpoint."""
        start = day.replace(tzinfo=JST).timestamp()
        column = "count(*)" if endpoint == "reply" else "coalesce(sum(counted), 0)"
        return self._db.execute(
            f"SELECT {column} FROM send WHERE endpoint = ? AND at >= ? AND at < ?",
            (endpoint, start, start + 86400),
        ).fetchone()[0]

    def sends(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Every accepted send later than the number ``after``, in order.

        ``userIds`` are those it was addressed to, also when they had blocked the account; for a
        broadcast those who were friends at that moment.
        """
        for seq, request_id, endpoint, retry_key, user_id, body, counted, at in self._db.execute(
            "SELECT seq, request_id, endpoint, retry_key, user_id, body, counted, at FROM send"
            " WHERE seq > ? ORDER BY seq",
            (after,),
        ):
            payload = json.loads(body)
            yield {
                "seq": seq,
                "requestId": request_id,
                "endpoint": endpoint,
                "retryKey": retry_key,
                "userIds": self._addressed(seq, endpoint, user_id, payload),
                "messages": payload["messages"],
                "counted": counted,
                "at": iso(at),
            }

    def summary(self, after: int = 0) -> dict[str, dict[str, int]]:
        """Per user id and message hash how often it was accepted: 1 everywhere is right."""
        counts: dict[str, Counter[str]] = {}
        for send in self.sends(after):
            hashes = [message_hash(message) for message in send["messages"]]
            for user_id in send["userIds"]:
                counts.setdefault(user_id, Counter()).update(hashes)
        return {user_id: dict(counter) for user_id, counter in counts.items()}

    def _addressed(
        self, seq: int, endpoint: str, user_id: str | None, payload: dict[str, Any]
    ) -> list[str]:
        if user_id is not None:
            return [user_id]
        if endpoint == "broadcast":
            return list(self._residents.friends_at(seq))
        return payload["to"]


def message_hash(message: dict[str, Any]) -> str:
    """16 hexadecimal digits of SHA-256 over the message as compact JSON with sorted keys."""
    text = json.dumps(message, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _month_around(seconds: float) -> tuple[float, float]:
    now = datetime.fromtimestamp(seconds, UTC).astimezone(JST)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1)
    return start.timestamp(), end.timestamp()
