"""LINE Login channels and their LIFF apps, as they are configured when a simulator starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

from .errors import Refusal

LIFF_ID = re.compile(r"\d+-[A-Za-z0-9]{8}")
SCOPES = ("openid", "profile", "chat_message.write")
_SIZES = ("compact", "tall", "full")
_PROMPTS = ("none", "normal", "aggressive")


@dataclass(frozen=True)
class LiffApp:
    """A LIFF app. ``id`` is ``<channel id>-<8 letters or digits>``, ``endpoint`` its URL.

    size: how much of the phone it covers. bot_prompt: whether its consent screen offers to add
    the account as a friend. simplified: the first consent asks for ``openid`` alone, as new MINI
    App channels do (R63). name: its title; without one the channel's.

    Raises:
        Refusal: 400 that names what is wrong.
    """

    id: str
    endpoint: str
    size: str = "full"
    scopes: tuple[str, ...] = SCOPES
    bot_prompt: str = "none"
    simplified: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        if not LIFF_ID.fullmatch(self.id):
            raise Refusal(400, f"LIFF id {self.id!r}: write <channel id>-<8 letters or digits>")
        # http is allowed, unlike on the real platform: a bot under development has no TLS.
        parts = urlsplit(self.endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or "#" in self.endpoint:
            raise Refusal(400, f"{self.id}: endpoint {self.endpoint!r} is no URL, or has a #")
        for name, value, known in (
            ("size", self.size, _SIZES),
            ("botPrompt", self.bot_prompt, _PROMPTS),
            *(("scope", scope, SCOPES) for scope in self.scopes),
        ):
            if value not in known:
                raise Refusal(400, f"{self.id}: {name} is one of {', '.join(known)}, not {value!r}")

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """An app as the control API writes it."""
        names = {"liffId", "endpoint", "size", "scopes", "botPrompt", "simplified", "name"}
        if not isinstance(value, Mapping) or not {"liffId", "endpoint"} <= set(value) <= names:
            raise Refusal(400, f"a LIFF app has liffId, endpoint and any of {', '.join(names)}")
        scopes = value.get("scopes", SCOPES)
        if not isinstance(scopes, list | tuple):
            raise Refusal(400, '"scopes" is a list of texts')
        return cls(
            id=str(value["liffId"]),
            endpoint=str(value["endpoint"]),
            size=str(value.get("size", "full")),
            scopes=tuple(map(str, scopes)),
            bot_prompt=str(value.get("botPrompt", "none")),
            simplified=bool(value.get("simplified")),
            name=str(value.get("name", "")),
        )

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return {
            "liffId": self.id,
            "endpoint": self.endpoint,
            "size": self.size,
            "scopes": list(self.scopes),
            "botPrompt": self.bot_prompt,
            "simplified": self.simplified,
            "name": self.name,
        }

    @property
    def channel_id(self) -> str:
        """The Login channel's id: what ID tokens are for (R54)."""
        return self.id.partition("-")[0]

    @property
    def first_scopes(self) -> tuple[str, ...]:
        """What the first consent screen asks for (R63)."""
        return ("openid",) if self.simplified else self.scopes

    def primary_url(self, rest: str) -> str:
        """Where LINE redirects to first: the endpoint, with what the LIFF URL had more (R57, R58).

        ``rest`` is the LIFF URL behind the LIFF id, still percent-encoded.

        Raises:
            Refusal: 400, it leads above the endpoint (R62).
        """
        path = re.split(r"[?#]", rest, maxsplit=1)[0]
        if {".", ".."} & set(re.split(r"[/\\]", unquote(path))):
            raise Refusal(400, "the address leads above the endpoint URL")
        if rest in ("", "/"):
            return self.endpoint
        mark = "&" if "?" in self.endpoint else "?"
        return f"{self.endpoint}{mark}liff.state={quote(rest, safe='')}"

    def covers(self, url: str) -> bool:
        """Whether a URL is the endpoint URL or below it (R57, R60)."""
        ours, theirs = urlsplit(self.endpoint), urlsplit(url)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            return False
        if {".", ".."} & set(re.split(r"[/\\]", unquote(theirs.path))):
            return False
        path = ours.path.rstrip("/")
        return theirs.path.rstrip("/") == path or theirs.path.startswith(f"{path}/")


@dataclass(frozen=True)
class LoginChannel:
    """A LINE Login channel of the same provider as the bot: user ids are the same (R50).

    ``callbacks`` are the URLs that web login may return to (R64); LIFF needs none. With
    ``provider`` it belongs to another one, which is what a mistake looks like: other user ids.
    """

    id: str = "2000000002"
    secret: str = "simulator-login-channel-secret-00"
    name: str = "見本市"
    callbacks: tuple[str, ...] = ()
    apps: tuple[LiffApp, ...] = ()
    provider: str = ""

    def __post_init__(self) -> None:
        if len(self.secret) < 32:  # it is the key of HS256 tokens
            raise Refusal(400, f"channel {self.id}: a channel secret has 32 characters")
        for app in self.apps:
            if app.channel_id != self.id:
                raise Refusal(400, f"the LIFF app {app.id} belongs to no channel {self.id}")

    def name_of(self, user_id: str) -> str:
        """The id that this channel knows a user of the bot by (R50)."""
        if not self.provider:
            return user_id
        return "U" + sha256(f"{self.provider} {user_id}".encode()).hexdigest()[:32]

    def may_return_to(self, url: str) -> bool:
        """Whether web login may return there: a callback exactly, plus a query of its own (R64)."""
        return any(
            url == callback or url.startswith(callback + ("&" if "?" in callback else "?"))
            for callback in self.callbacks
        )
