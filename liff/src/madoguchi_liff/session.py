"""A resident's session: a signed cookie, because an ID token is exchanged once and forgotten (R55).

It ends an hour after the last page, and after twelve in any case.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import jwt

IDLE: Final = 3600
"""Seconds without a page after which a session ends."""
MOST: Final = 12 * 3600
RENEW: Final = 60
"""Seconds after which a page writes the cookie anew, so that not every page does."""
_ALGORITHM: Final = "HS256"


@dataclass(frozen=True, slots=True)
class Session:
    """Who is here, since when, and through which LIFF app. Times are seconds since 1970."""

    resident_id: int
    liff_id: str
    begun: int
    seen: int
    whose: str
    """`salt.hash` of the LINE user id: the page asks LINE's SDK whether it is still them."""

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended."""
        at = now.timestamp()
        return at > self.seen + IDLE or at > self.begun + MOST

    def renewed(self, now: datetime) -> "Session | None":
        """The session as seen now, if it is time to write that down."""
        at = int(now.timestamp())
        return replace(self, seen=at) if at > self.seen + RENEW else None


def begin(resident_id: int, liff_id: str, now: datetime, user_id: str) -> Session:
    """A new session."""
    at = int(now.timestamp())
    salt = secrets.token_hex(8)
    whose = hashlib.sha256(f"{salt}{user_id}".encode()).hexdigest()
    return Session(resident_id, liff_id, at, at, f"{salt}.{whose}")


def user_of(id_token: str) -> str:
    """The LINE user id in an ID token that was verified already."""
    return str(jwt.decode(id_token, options={"verify_signature": False})["sub"])


def seal(session: Session, key: bytes) -> str:
    """The session as the value of a cookie."""
    claims = {
        "r": session.resident_id,
        "l": session.liff_id,
        "b": session.begun,
        "s": session.seen,
        "w": session.whose,
    }
    return jwt.encode(claims, key, _ALGORITHM)


def unseal(value: str, key: bytes, now: datetime) -> Session | None:
    """The session of a cookie; None if it is not ours, is altered, or has ended."""
    try:
        claims = jwt.decode(value, key, [_ALGORITHM])
        session = Session(claims["r"], claims["l"], claims["b"], claims["s"], claims["w"])
    except (jwt.PyJWTError, KeyError, UnicodeError):
        return None
    return None if session.is_over(now) else session
