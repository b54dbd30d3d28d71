"""The people who use LINE in this simulation, and who of them is a friend of the account."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import Refusal
from .identifiers import new_user_id

FRIEND, STRANGER, BLOCKED = 1, 0, -1


@dataclass(frozen=True)
class Resident:
    """A LINE user. ``state`` is FRIEND, STRANGER (never added the account) or BLOCKED."""

    number: int
    user_id: str
    display_name: str
    language: str | None
    state: int

    def to_json(self) -> dict[str, Any]:
        """As the control API shows a resident."""
        return {
            "userId": self.user_id,
            "displayName": self.display_name,
            "language": self.language,
            "follows": self.state == FRIEND,
            "blocked": self.state == BLOCKED,
        }


class Residents:
    """All residents. Ids are held in memory because a multicast asks for 500 of them at once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.known: set[str] = set()
        self.friends: set[str] = set()
        self.load()

    def load(self) -> None:
        """Read the ids from the database (at the start and after a reset)."""
        rows = self._db.execute("SELECT user_id, follows FROM resident").fetchall()
        self.known = {user_id for user_id, _ in rows}
        self.friends = {user_id for user_id, state in rows if state == FRIEND}

    def add(
        self, display_name: str, language: str | None, seq: int, *, friend: bool, user_id: str = ""
    ) -> str:
        """A new resident's user id; the caller commits. ``seq`` is the moment in the chats."""
        user_id = user_id or new_user_id()
        if user_id in self.known:
            raise Refusal(409, f"there is a resident {user_id} already")
        self._db.execute(
            "INSERT INTO resident (user_id, display_name, language, follows) VALUES (?, ?, ?, ?)",
            (user_id, display_name, language, STRANGER),
        )
        self.known.add(user_id)
        if friend:
            self.change_state(user_id, FRIEND, seq)
        return user_id

    def change_state(self, user_id: str, state: int, seq: int) -> None:
        """Make a resident a friend, or let them block the account, as of ``seq``."""
        self._db.execute("UPDATE resident SET follows = ? WHERE user_id = ?", (state, user_id))
        self._db.execute(
            "INSERT INTO friendship VALUES (?, ?, ?)", (user_id, seq, int(state == FRIEND))
        )
        (self.friends.add if state == FRIEND else self.friends.discard)(user_id)

    def find(self, user_id: str) -> Resident | None:
        """The resident with this id."""
        row = self._db.execute(
            "SELECT number, user_id, display_name, language, follows FROM resident"
            " WHERE user_id = ?",
            (user_id,),
        ).fetchone()
        return Resident(*row) if row else None

    def get(self, user_id: str) -> Resident:
        """The resident with this id, or Refusal 404."""
        resident = self.find(user_id)
        if resident is None:
            raise Refusal(404, f"there is no resident {user_id}")
        return resident

    def all(self) -> list[Resident]:
        """Everybody, in the order in which they came."""
        return [
            Resident(*row)
            for row in self._db.execute(
                "SELECT number, user_id, display_name, language, follows FROM resident"
                " ORDER BY number"
            )
        ]

    def page_of_friends(self, after: int, limit: int) -> tuple[list[str], int | None]:
        """Friends with a number above ``after``; and, if there are more, where to go on."""
        rows = self._db.execute(
            "SELECT number, user_id FROM resident WHERE number > ? AND follows = ?"
            " ORDER BY number LIMIT ?",
            (after, FRIEND, limit + 1),
        ).fetchall()
        page = rows[:limit]
        return [user_id for _, user_id in page], page[-1][0] if len(rows) > limit else None

    def friends_at(self, seq: int) -> Iterator[str]:
        """Who was a friend at the moment ``seq``: the people a broadcast went to."""
        last: dict[str, int] = {}
        for user_id, follows in self._db.execute(
            "SELECT user_id, follows FROM friendship WHERE seq <= ? ORDER BY seq", (seq,)
        ):
            last[user_id] = follows
        return (user_id for user_id, follows in last.items() if follows)

    def was_friend(self, user_id: str) -> "FriendshipHistory":
        """Answers whether a resident was a friend at a moment."""
        return FriendshipHistory(
            self._db.execute(
                "SELECT seq, follows FROM friendship WHERE user_id = ? ORDER BY seq", (user_id,)
            ).fetchall()
        )


@dataclass(frozen=True)
class FriendshipHistory:
    """When one resident followed and blocked the account: pairs of moment and state."""

    changes: list[tuple[int, int]]

    def at(self, seq: int) -> bool:
        """Whether the resident was a friend at the moment ``seq``."""
        before = [follows for moment, follows in self.changes if moment <= seq]
        return bool(before and before[-1])
