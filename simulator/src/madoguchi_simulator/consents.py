"""What residents allowed Login channels and LIFF apps, and what not."""

import sqlite3
from collections.abc import Iterable

from .login import SCOPES
from .residents import Residents


class Consents:
    """The answers to consent screens.

    A consent belongs to a resident and a *client*: a LIFF app (its id) or web login (the channel's
    id).
    """

    def __init__(self, db: sqlite3.Connection, residents: Residents) -> None:
        self._db = db
        self._residents = residents

    def granted(self, user_id: str, client: str) -> frozenset[str]:
        """The scopes that a resident allowed a client."""
        return self._answers(user_id, client)[0]

    def unanswered(self, user_id: str, client: str, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those of these scopes that a consent screen has not asked this resident for."""
        granted, refused = self._answers(user_id, client)
        return in_order(set(scopes) - granted - refused)

    def answer(
        self, user_id: str, client: str, granted: Iterable[str], refused: Iterable[str] = ()
    ) -> None:
        """Remember what a resident allowed a client, and what not; earlier consents stay."""
        self._residents.get(user_id)
        yes, no = self._answers(user_id, client)
        yes |= frozenset(granted)
        no = (no | frozenset(refused)) - yes
        self._db.execute(
            "INSERT OR REPLACE INTO consent VALUES (?, ?, ?, ?)",
            (user_id, client, " ".join(sorted(yes)), " ".join(sorted(no))),
        )
        self._db.commit()

    def users_of(self, client: str) -> set[str]:
        """User ids of those who gave a client a consent: a login screen offers them first."""
        rows = self._db.execute("SELECT user_id FROM consent WHERE client = ?", (client,))
        return {user_id for (user_id,) in rows}

    def _answers(self, user_id: str, client: str) -> tuple[frozenset[str], frozenset[str]]:
        row = self._db.execute(
            "SELECT scopes, refused FROM consent WHERE user_id = ? AND client = ?",
            (user_id, client),
        ).fetchone() or ("", "")
        return frozenset(row[0].split()), frozenset(row[1].split())

    def forget(self, user_id: str, channel_id: str) -> None:
        """Take back whatever a resident allowed a channel and its LIFF apps (R65)."""
        for table in ("consent", "login_token", "login_code"):
            self._db.execute(
                f"DELETE FROM {table} WHERE user_id = ? AND (client = ? OR client LIKE ?)",
                (user_id, channel_id, f"{channel_id}-%"),
            )
        self._db.commit()


def in_order(scopes: Iterable[str]) -> tuple[str, ...]:
    """Scopes in the order in which LINE names them."""
    return tuple(scope for scope in SCOPES if scope in set(scopes))
