"""Login channels and their LIFF apps: authorization codes, and the tokens that come of them."""

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .consents import Consents, in_order
from .errors import Refusal
from .identifiers import new_long_token
from .login import LiffApp, LoginChannel
from .residents import Resident, Residents
from .signing import ISSUER, Signing
from .tokens import oauth_error, unauthorized

ACCESS, LIFF, REFRESH, CHANNEL = "access", "liff", "refresh", "channel"
_DAY = 86400
_LIFE = {ACCESS: 30 * _DAY, LIFF: 12 * 3600, REFRESH: 90 * _DAY, CHANNEL: 15 * 60}
_CODE_LIFE = 10 * 60
_ID_TOKEN_LIFE = 3600


@dataclass(frozen=True)
class Login:
    """What an access token stands for. ``client`` is a LIFF id or a channel id."""

    token: str
    kind: str
    client: str
    resident: Resident
    scopes: frozenset[str]
    from_chat: bool
    expires: float


@dataclass(frozen=True)
class Code:
    """What an authorization code was given for."""

    client: str
    redirect_uri: str
    user_id: str
    scopes: tuple[str, ...]
    nonce: str | None = None
    challenge: str | None = None


class Logins:
    """The Login channels of one provider.

    Tokens reach no further than the resident's consent does at the moment they are used.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        clock: Clock,
        residents: Residents,
        channels: Sequence[LoginChannel],
    ) -> None:
        self._db = db
        self._clock = clock
        self._residents = residents
        self.channels = {channel.id: channel for channel in channels}
        self.apps = {app.id: app for channel in channels for app in channel.apps}
        self.consents = Consents(db, residents)
        self.signing = Signing(db)

    def set_apps(self, apps: Iterable[LiffApp]) -> None:
        """These LIFF apps and no others, from now on."""
        wanted = {app.id: app for app in apps}
        for app in wanted.values():
            self.channel(app.channel_id)
        self.apps = wanted

    def channel(self, channel_id: str) -> LoginChannel:
        """The channel, or Refusal 400."""
        if channel_id not in self.channels:
            known = ", ".join(self.channels) or "none"
            raise Refusal(400, f"there is no Login channel {channel_id!r}; there are: {known}")
        return self.channels[channel_id]

    def app(self, liff_id: str) -> LiffApp:
        """The LIFF app, or Refusal 404."""
        if liff_id not in self.apps:
            raise Refusal(404, f"there is no LIFF app {liff_id!r}")
        return self.apps[liff_id]

    def user_id(self, login: Login) -> str:
        """The id of a login's resident, as its channel knows it."""
        channel = self.channel(login.client.partition("-")[0])
        return channel.name_of(login.resident.user_id)

    def title(self, client: str) -> str:
        """What a consent screen calls a client."""
        name = self.apps[client].name if client in self.apps else ""
        return name or self.channels[client.partition("-")[0]].name

    # Codes.

    def issue_code(self, code: Code) -> str:
        """An authorization code, good once and for 10 minutes (R64)."""
        text = new_long_token()[:20]
        self._db.execute(
            "INSERT INTO login_code VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                text,
                code.client,
                code.redirect_uri,
                code.user_id,
                " ".join(code.scopes),
                code.nonce,
                code.challenge,
                self._clock.time() + _CODE_LIFE,
            ),
        )
        self._db.commit()
        return text

    def redeem_code(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /oauth2/v2.1/token`` with ``grant_type=authorization_code``.

        LIFF's SDK has no channel secret; its codes are bound to the page by PKCE alone.
        """
        row = self._db.execute(
            "DELETE FROM login_code WHERE code = ? AND expires > ? RETURNING"
            " client, redirect_uri, user_id, scopes, nonce, challenge",
            (form.get("code", ""), self._clock.time()),
        ).fetchone()
        self._db.commit()
        if row is None:
            raise oauth_error("invalid_grant", "invalid authorization code")
        code = Code(row[0], row[1], row[2], tuple(row[3].split()), row[4], row[5])
        channel_id = code.client.partition("-")[0]
        if form.get("client_id") != channel_id:
            raise oauth_error("invalid_grant", "the code was not issued to this client_id")
        if form.get("redirect_uri") != code.redirect_uri:
            raise oauth_error("invalid_grant", "redirect_uri does not match")
        if code.challenge is not None and not _fits(form.get("code_verifier"), code.challenge):
            raise oauth_error("invalid_grant", "code_verifier does not match")
        if code.client in self.apps:
            return self.issue_for_liff(self.apps[code.client], code.user_id)
        self._check_secret(form)
        return self._issue_for_web(code.client, code.user_id, code.scopes, code.nonce)

    def refresh(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /oauth2/v2.1/token`` with ``grant_type=refresh_token``: a new access token."""
        self._check_secret(form)
        token = form.get("refresh_token", "")
        row = self._db.execute(
            "SELECT user_id, scopes FROM login_token"
            " WHERE token = ? AND kind = ? AND client = ? AND expires > ?",
            (token, REFRESH, form["client_id"], self._clock.time()),
        ).fetchone()
        if row is None:
            raise oauth_error("invalid_grant", "invalid refresh token")
        user_id, scopes = row
        access = self._issue(ACCESS, form["client_id"], user_id, scopes.split())
        return self._granted(access, _LIFE[ACCESS], scopes.split()) | {"refresh_token": token}

    # Tokens.

    def issue_for_liff(
        self, app: LiffApp, user_id: str, *, from_chat: bool = False
    ) -> dict[str, Any]:
        """An access token of 12 hours and an ES256 ID token of one, without a nonce (R55)."""
        resident = self._residents.get(user_id)
        scopes = in_order(self.consents.granted(user_id, app.id) & set(app.scopes))
        token = self._issue(LIFF, app.id, user_id, scopes, from_chat=from_chat)
        answer = self._granted(token, _LIFE[LIFF], scopes)
        if "openid" in scopes:
            claims = self._claims(app.channel_id, resident, scopes, "linesso")
            answer["id_token"] = self.signing.sign(claims)
        return answer

    def issue_to_channel(self, form: dict[str, str]) -> dict[str, Any]:
        """A stateless channel access token of a Login channel: 15 minutes (R52)."""
        self._check_secret(form)
        token = self._issue(CHANNEL, form["client_id"], "", ())
        return {"token_type": "Bearer", "access_token": token, "expires_in": _LIFE[CHANNEL]}

    def find(self, token: str) -> Login | None:
        """What a resident's access token stands for, None if it is unknown or too old."""
        row = self._db.execute(
            "SELECT kind, client, user_id, scopes, from_chat, expires FROM login_token"
            " WHERE token = ? AND kind IN (?, ?) AND expires > ?",
            (token, ACCESS, LIFF, self._clock.time()),
        ).fetchone()
        resident = self._residents.find(row[2]) if row else None
        if row is None or resident is None:
            return None
        kind, client, user_id, scopes, from_chat, expires = row
        wanted = self.apps[client].scopes if client in self.apps else scopes.split()
        reach = self.consents.granted(user_id, client) & set(wanted)
        return Login(token, kind, client, resident, reach, bool(from_chat), expires)

    def authenticate(self, header: str, *any_of: str) -> Login:
        """The login behind an ``Authorization`` header.

        Raises:
            Refusal: 401 without a good token, 403 without any of these scopes.
        """
        scheme, _, token = header.partition(" ")
        login = self.find(token) if scheme.lower() == "bearer" else None
        if login is None:
            raise unauthorized("invalid token")
        if any_of and not login.scopes & set(any_of):
            raise Refusal(403, "user doesn't grant required permissions yet")
        return login

    def channel_of(self, header: str) -> LoginChannel:
        """The Login channel whose channel access token this header holds, or Refusal 401."""
        row = self._db.execute(
            "SELECT client FROM login_token WHERE token = ? AND kind = ? AND expires > ?",
            (header.partition(" ")[2], CHANNEL, self._clock.time()),
        ).fetchone()
        if row is None:
            raise unauthorized("invalid token")
        return self.channel(row[0])

    def verify_access_token(self, login: Login) -> dict[str, Any]:
        """``GET /oauth2/v2.1/verify``: whose token it is and how long it lives (R56)."""
        return {
            "scope": " ".join(in_order(login.scopes)),
            "client_id": login.client.partition("-")[0],
            "expires_in": int(login.expires - self._clock.time()),
        }

    def revoke(self, form: dict[str, str]) -> None:
        """``POST /oauth2/v2.1/revoke`` of a Login channel; an unknown token is no error."""
        self._check_secret(form)
        self.end(form.get("access_token", ""))

    def end(self, token: str) -> None:
        """An access token holds no longer."""
        self._db.execute("DELETE FROM login_token WHERE token = ?", (token,))
        self._db.commit()

    def verify_id_token(self, form: dict[str, str]) -> dict[str, Any]:
        """``POST /oauth2/v2.1/verify``: the claims, or one of LINE's six refusals (R54)."""
        client = form.get("client_id", "")
        if not form.get("id_token") or not client:
            raise oauth_error("invalid_request", "id_token and client_id are required")
        secret = self.channels[client].secret if client in self.channels else ""
        claims = self.signing.read(form["id_token"], secret)
        if claims is None:
            raise oauth_error("invalid_request", "Invalid IdToken.")
        for wrong, said in (
            (claims.get("iss") != ISSUER, "Invalid IdToken Issuer."),
            (not _is_later(claims.get("exp"), self._clock.time()), "IdToken expired."),
            (claims.get("aud") != client, "Invalid IdToken Audience."),
            ("nonce" in form and claims.get("nonce") != form["nonce"], "Invalid IdToken Nonce."),
            (
                "user_id" in form and claims.get("sub") != form["user_id"],
                "Invalid IdToken Subject Identifier.",
            ),
        ):
            if wrong:
                raise oauth_error("invalid_request", said)
        return claims

    def _issue_for_web(
        self, channel_id: str, user_id: str, scopes: tuple[str, ...], nonce: str | None
    ) -> dict[str, Any]:
        """The tokens of web login: 30 days, refresh 90, an HS256 ID token (R54, R64)."""
        resident = self._residents.get(user_id)
        answer = self._granted(
            self._issue(ACCESS, channel_id, user_id, scopes), _LIFE[ACCESS], scopes
        )
        answer["refresh_token"] = self._issue(REFRESH, channel_id, user_id, scopes)
        if "openid" in scopes:
            claims = self._claims(channel_id, resident, scopes, "pwd")
            claims |= {"nonce": nonce} if nonce is not None else {}
            secret = self.channel(channel_id).secret
            answer["id_token"] = self.signing.sign_with_secret(claims, secret)
        return answer

    def _claims(
        self, channel_id: str, resident: Resident, scopes: Iterable[str], method: str
    ) -> dict[str, Any]:
        now = int(self._clock.time())
        claims = {
            "iss": ISSUER,
            "sub": self.channel(channel_id).name_of(resident.user_id),
            "aud": channel_id,
            "exp": now + _ID_TOKEN_LIFE,
            "iat": now,
            "amr": [method],
        }
        return {**claims, **({"name": resident.display_name} if "profile" in scopes else {})}

    def _issue(
        self,
        kind: str,
        client: str,
        user_id: str,
        scopes: Iterable[str],
        *,
        from_chat: bool = False,
    ) -> str:
        token = new_long_token()
        expires = self._clock.time() + _LIFE[kind]
        self._db.execute(
            "INSERT INTO login_token VALUES (?, ?, ?, ?, ?, ?, ?)",
            (token, kind, client, user_id, " ".join(scopes), int(from_chat), expires),
        )
        self._db.commit()
        return token

    def _granted(self, token: str, life: int, scopes: Iterable[str]) -> dict[str, Any]:
        return {
            "access_token": token,
            "expires_in": life,
            "scope": " ".join(scopes),
            "token_type": "Bearer",
        }

    def _check_secret(self, form: dict[str, str]) -> None:
        channel = self.channels.get(form.get("client_id", ""))
        given = form.get("client_secret", "").encode()
        if channel is None or not hmac.compare_digest(channel.secret.encode(), given):
            raise oauth_error("invalid_client", "invalid client_id or client_secret")


def _fits(verifier: str | None, challenge: str) -> bool:
    """Whether a PKCE verifier belongs to its S256 challenge."""
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge


def _is_later(expires: Any, now: float) -> bool:
    return isinstance(expires, int | float) and expires > now
