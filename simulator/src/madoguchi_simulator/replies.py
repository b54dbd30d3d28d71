"""Reply tokens and how long they live (R20)."""

import sqlite3

from .clock import Clock
from .errors import Refusal
from .identifiers import is_whole, new_token

LIFE = 60.0
LIFE_AFTER_EVENT = 20 * 60.0


class ReplyTokens:
    """Tokens are good once, for a minute; redelivery gives an unused one another minute."""

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def issue(self, user_id: str) -> str:
        """A fresh token for an event of this resident; the caller commits."""
        token = new_token()
        self.register(token, user_id)
        return token

    def register(self, token: str, user_id: str) -> None:
        """Let this token be used from now on, unless it is known already; the caller commits."""
        now = self._clock.time()
        self._db.execute(
            "INSERT OR IGNORE INTO reply_token (token, user_id, issued, expires)"
            " VALUES (?, ?, ?, ?)",
            (token, user_id, now, now + LIFE),
        )

    def renew(self, token: str) -> None:
        """The event is delivered again: another minute, but no later than 20 after the event."""
        self._db.execute(
            "UPDATE reply_token SET expires = min(? + ?, issued + ?) WHERE token = ?",
            (self._clock.time(), LIFE, LIFE_AFTER_EVENT, token),
        )

    def redeem(self, token: str) -> str:
        """Use a token up; the caller commits.

        Returns:
            The user id it belongs to.

        Raises:
            Refusal: 400 ``Invalid reply token``: unknown, used or too old.
        """
        if not is_whole(token):
            raise Refusal(400, "Invalid reply token")
        row = self._db.execute(
            "UPDATE reply_token SET used = 1 WHERE token = ? AND used = 0 AND expires >= ?"
            " RETURNING user_id",
            (token, self._clock.time()),
        ).fetchone()
        if row is None:
            raise Refusal(400, "Invalid reply token")
        return row[0]
