"""The talk rooms: what each resident sees on the phone.

One sequence orders everything that happens. What goes to one resident is a row of its own; a
multicast or broadcast stays the one row that the book holds and is laid into the rooms when
somebody looks, since a million rows would be written for nobody.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from typing import Any

from .clock import Clock, iso
from .database import read_memo, write_memo
from .identifiers import message_id, seq_of
from .residents import Residents

_DAYS_OF_ACCESS = 7


class Chats:
    """Every resident's room with the account."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, residents: Residents) -> None:
        self._db = db
        self._clock = clock
        self._residents = residents
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._loading: dict[str, float] = {}
        self._closing = False
        last = db.execute(
            "SELECT max((SELECT coalesce(max(seq), 0) FROM entry),"
            " (SELECT coalesce(max(seq + messages), 0) FROM send),"
            " (SELECT coalesce(max(seq), 0) FROM friendship))"
        ).fetchone()[0]
        self._seq = max(last, int(read_memo(db, "seq") or 0))

    def next_seq(self, count: int = 1) -> int:
        """The first of ``count`` fresh numbers of the one sequence."""
        first = self._seq + 1
        self._seq += count
        return first

    def keep_seq(self) -> None:
        """Remember the sequence, so that message ids stay unique after a reset."""
        write_memo(self._db, "seq", str(self._seq))

    def add(
        self, seq: int, user_id: str, sender: str, via: str, messages: list[dict[str, Any]]
    ) -> None:
        """Show messages in a room, numbered from ``seq``; the caller commits."""
        now = self._clock.time()
        self._db.executemany(
            "INSERT INTO entry (seq, user_id, sender, via, message, at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (seq + index, user_id, sender, via, json.dumps(message), now)
                for index, message in enumerate(messages)
            ],
        )
        if sender == "bot":
            self._loading.pop(user_id, None)
        self.wake(user_id)

    def entries(self, user_id: str, after: int = 0) -> list[dict[str, Any]]:
        """What the resident sees, later than the entry ``after``, in order."""
        found = [
            _entry(seq, sender, via, json.loads(message), at, state)
            for seq, sender, via, message, at, state in self._db.execute(
                "SELECT seq, sender, via, message, at, state FROM entry"
                " WHERE user_id = ? AND seq > ?",
                (user_id, after),
            )
        ]
        history = self._residents.was_friend(user_id)
        for seq, endpoint, body, at in self._db.execute(
            "SELECT seq, endpoint, body, at FROM send WHERE user_id IS NULL"
            " AND seq > ? - 5 AND (endpoint = 'broadcast' OR instr(body, ?))",
            (after, user_id.encode()),
        ):
            if history.at(seq):
                for number, message in enumerate(json.loads(body)["messages"], seq):
                    if number > after:
                        found.append(_entry(number, "bot", endpoint, message, at, ""))
        return sorted(found, key=lambda entry: entry["seq"])

    async def wait(
        self,
        user_id: str,
        after: int,
        seconds: float,
        *,
        or_when: Callable[[], bool] | None = None,
    ) -> list[dict[str, Any]]:
        """As `entries`, but waits up to ``seconds`` until there are any.

        ``or_when``: also ends, without entries, when this is true at a `wake`.
        """
        event = asyncio.Event()
        self._waiting.setdefault(user_id, set()).add(event)
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                while not (found := self.entries(user_id, after)):
                    if self._closing or (or_when is not None and or_when()):
                        break
                    event.clear()
                    await event.wait()
                return found
        except TimeoutError:
            return self.entries(user_id, after)
        finally:
            self._waiting[user_id].discard(event)
            if not self._waiting[user_id]:
                del self._waiting[user_id]

    def wake(self, user_id: str | None = None) -> None:
        """Tell whoever waits for this room, or for any, to look again."""
        rooms = self._waiting.values() if user_id is None else [self._waiting.get(user_id, ())]
        for events in rooms:
            for event in events:
                event.set()

    def close(self) -> None:
        """Let everybody who waits go: the process is about to end."""
        self._closing = True
        self.wake()

    def show_loading(self, user_id: str, seconds: float) -> None:
        """The three dots, until the next message or the end of the time (R34)."""
        self._loading[user_id] = self._clock.time() + seconds
        self.wake(user_id)

    def is_loading(self, user_id: str) -> bool:
        """Whether the three dots move in this room."""
        return self._loading.get(user_id, 0.0) > self._clock.time()

    def wrote_lately(self, user_id: str) -> bool:
        """Whether the resident wrote within the seven days in which a push still reaches (R31)."""
        since = self._clock.time() - _DAYS_OF_ACCESS * 86400
        row = self._db.execute(
            "SELECT 1 FROM entry WHERE user_id = ? AND sender = 'resident' AND at > ? LIMIT 1",
            (user_id, since),
        ).fetchone()
        return row is not None

    def message_of(self, message: str) -> tuple[str, dict[str, Any]] | None:
        """User id and message of a resident's message id."""
        row = self._db.execute(
            "SELECT user_id, message FROM entry WHERE seq = ? AND sender = 'resident'",
            (seq_of(message),),
        ).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def mark(self, message: str, state: str) -> None:
        """Set the state of one entry: ``"unsent"`` or ``"read"``; the caller commits."""
        self._db.execute("UPDATE entry SET state = ? WHERE seq = ?", (state, seq_of(message)))

    def mark_read(self, user_id: str, up_to: str) -> None:
        """Mark what the resident sent up to this message as read; the caller commits."""
        self._db.execute(
            "UPDATE entry SET state = 'read' WHERE user_id = ? AND seq <= ?"
            " AND sender = 'resident' AND state = ''",
            (user_id, seq_of(up_to)),
        )


def _entry(
    seq: int, sender: str, via: str, message: dict[str, Any], at: float, state: str
) -> dict[str, Any]:
    entry = {
        "seq": seq,
        "from": sender,
        "via": via,
        "message": message,
        "at": iso(at),
        "messageId": message_id(seq),
    }
    if state == "unsent":
        entry["message"] = {"type": message["type"]}
    if state:
        entry[state] = True
    return entry
