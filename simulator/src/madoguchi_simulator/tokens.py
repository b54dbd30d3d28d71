"""Channel access tokens: which are issued, how long they hold (R52)."""

import base64
import json
import sqlite3
from typing import Any

from .channel import Channel
from .clock import Clock
from .errors import Refusal
from .identifiers import new_long_token

STATELESS, JWT, SHORT_LIVED, LONG_LIVED = "stateless", "v2.1", "short-lived", "long-lived"
_DAY = 86400
_LIFE = {STATELESS: 15 * 60, JWT: 30 * _DAY, SHORT_LIVED: 30 * _DAY}
_MOST = 30
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_AUDIENCE = "https://api.line.me/"
_CONFIRM = "Confirm that the access token in the authorization header is valid."


class AccessTokens:
    """The tokens of one channel. A JWT assertion is read and judged, its signature is not:
    the simulator has no public key of yours.
    """

    def __init__(self, db: sqlite3.Connection, clock: Clock, channel: Channel) -> None:
        self._db = db
        self._clock = clock
        self._channel = channel

    def authenticate(self, header: str) -> None:
        """Accept an ``Authorization`` header or raise Refusal 401."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("missing header")
        if token == self._channel.access_token:
            return
        row = self._db.execute(
            "SELECT expires FROM access_token WHERE token = ?", (token,)
        ).fetchone()
        if row is None:
            raise unauthorized("invalid token")
        if row[0] <= self._clock.time():
            raise unauthorized("expired token")

    def issue_stateless(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /oauth2/v3/token``: 15 minutes, any number, by secret or assertion."""
        _require_grant(form)
        if "client_assertion" in form:
            self._read_assertion(form)
        else:
            self._check_secret(form)
        return self._issue(STATELESS, _LIFE[STATELESS])

    def issue_by_jwt(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /oauth2/v2.1/token``: up to 30 days as the assertion says; the 31st is refused."""
        _require_grant(form)
        claims = self._read_assertion(form)
        life = claims.get("token_exp", _LIFE[JWT])
        if not isinstance(life, int) or not 0 < life <= _LIFE[JWT]:
            raise oauth_error("invalid_request", "token_exp must be between 1 and 2592000")
        if self._count(JWT) >= _MOST:
            raise oauth_error(
                "invalid_request", "The number of issued channel access tokens exceeds the limit"
            )
        return self._issue(JWT, life, with_key=True)

    def issue_short_lived(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /v2/oauth/accessToken``: 30 days; above 30 tokens the oldest ends."""
        _require_grant(form)
        self._check_secret(form)
        issued = self._issue(SHORT_LIVED, _LIFE[SHORT_LIVED])
        self._db.execute(
            "DELETE FROM access_token WHERE kind = ? AND token NOT IN (SELECT token FROM"
            " access_token WHERE kind = ? ORDER BY issued DESC, rowid DESC LIMIT ?)",
            (SHORT_LIVED, SHORT_LIVED, _MOST),
        )
        self._db.commit()
        return issued

    def verify(self, token: str) -> dict[str, Any]:
        """``client_id``, seconds left and scope of a valid token, else 400."""
        now = self._clock.time()
        if token == self._channel.access_token:
            expires = now + 100 * 365 * _DAY
        else:
            row = self._db.execute(
                "SELECT expires FROM access_token WHERE token = ? AND expires > ?", (token, now)
            ).fetchone()
            if row is None:
                raise oauth_error("invalid_request", "access token expired")
            expires = row[0]
        return {
            "client_id": self._channel.id,
            "expires_in": int(expires - now),
            "scope": "profile chat_message.write",
        }

    def revoke_by_secret(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /oauth2/v2.1/revoke``."""
        self._check_secret(form)
        return self.revoke(form)

    def revoke(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /v2/oauth/revoke``; an unknown token is no error. Stateless ones stay."""
        self._db.execute(
            "DELETE FROM access_token WHERE token = ? AND kind != ?",
            (form.get("access_token", ""), STATELESS),
        )
        self._db.commit()
        return {}

    def key_ids(self, form: dict[str, str]) -> dict[str, Any]:
        """``GET /oauth2/v2.1/tokens/kid``: key ids of the valid v2.1 tokens."""
        self._read_assertion(form)
        rows = self._db.execute(
            "SELECT key_id FROM access_token WHERE kind = ? AND expires > ? ORDER BY issued",
            (JWT, self._clock.time()),
        )
        return {"kids": [key_id for (key_id,) in rows]}

    def _count(self, kind: str) -> int:
        return self._db.execute(
            "SELECT count(*) FROM access_token WHERE kind = ? AND expires > ?",
            (kind, self._clock.time()),
        ).fetchone()[0]

    def _issue(self, kind: str, life: int, *, with_key: bool = False) -> dict[str, Any]:
        token, key_id, now = new_long_token(), new_long_token()[:22], self._clock.time()
        self._db.execute(
            "INSERT INTO access_token VALUES (?, ?, ?, ?, ?)",
            (token, kind, key_id, now, now + life),
        )
        self._db.commit()
        issued = {"token_type": "Bearer", "access_token": token, "expires_in": life}
        return {**issued, "key_id": key_id} if with_key else issued

    def _check_secret(self, form: dict[str, str]) -> None:
        same_id = form.get("client_id") == self._channel.id
        if not same_id or form.get("client_secret") != self._channel.secret:
            raise oauth_error("invalid_client", "invalid client_id or client_secret")

    def _read_assertion(self, form: dict[str, str]) -> dict[str, Any]:
        if form.get("client_assertion_type") != _ASSERTION:
            raise oauth_error("invalid_request", f"client_assertion_type must be {_ASSERTION}")
        try:
            header, claims = (
                json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
                for part in form.get("client_assertion", "").split(".")[:2]
            )
            ours = claims["iss"] == claims["sub"] == self._channel.id
            valid = ours and claims["aud"] == _AUDIENCE and header["alg"] == "RS256"
            in_time = self._clock.time() < claims["exp"] <= self._clock.time() + 30 * 60
        except (ValueError, KeyError, TypeError):
            raise oauth_error("invalid_client", "client_assertion is no JWT of ours") from None
        if not valid or "kid" not in header:
            raise oauth_error(
                "invalid_client", "client_assertion needs alg RS256, kid, iss = sub = channel, aud"
            )
        if not in_time:
            raise oauth_error("invalid_client", "client_assertion exp must be in 30 minutes")
        return claims


def oauth_error(error: str, description: str) -> Refusal:
    """400 in the shape of the token endpoints."""
    return Refusal(400, description, body={"error": error, "error_description": description})


def _require_grant(form: dict[str, str]) -> None:
    if form.get("grant_type") != "client_credentials":
        raise oauth_error("unsupported_grant_type", "grant_type must be client_credentials")


def unauthorized(reason: str) -> Refusal:
    """401 as LINE words it."""
    text = f"Authentication failed due to the following reason: {reason}. {_CONFIRM}"
    return Refusal(401, text)
