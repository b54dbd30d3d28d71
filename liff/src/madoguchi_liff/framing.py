"""What surrounds every page: language, addresses, security headers, the city's telephone."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from madoguchi.languages import LANGUAGES, NAMES, Words, html_language

STATIC = Path(__file__).parent / "static"
LINE_SCRIPTS = "https://static.line-scdn.net"
LINE_HOSTS = (
    "https://api.line.me",
    "https://access.line.me",
    "https://liff.line.me",
    "https://miniapp.line.me",
    "https://liffsdk.line-scdn.net",
    "https://liff-subwindow.line.me",
    "https://uts-front.line-apps.com",
)
"""The hosts named in the SDK's code (R59)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What templates know as `liff`. `own` is this plugin's page context."""

    own: Any
    language: str
    here: str
    """Path and query of this page, to come back to."""
    liff_id: str
    signed_in: bool
    whose: str = ""
    """Whose session it is: see `Session.whose`."""

    switch: ClassVar[str] = "ことば・Language"  # nosay: it is for those who cannot read the rest

    @property
    def lang(self) -> str:
        """The page's `lang` attribute."""
        return html_language(self.language)

    @property
    def languages(self) -> list[tuple[str, str, str, bool]]:
        """Each language: its code, its name, its `lang` attribute, whether it is this one."""
        return [(one, NAMES[one], html_language(one), one == self.language) for one in LANGUAGES]

    @property
    def sdk(self) -> str:
        """The address of LINE's SDK, or of the simulator's."""
        base = self.own.gateway.platform or LINE_SCRIPTS
        return f"{base.rstrip('/')}/liff/edge/versions/{self.own.plugin.config.sdk}/sdk.js"

    @property
    def permanent(self) -> str:
        """This page as a link that opens LINE (R62)."""
        base = self.own.gateway.platform or "https://liff.line.me"
        return f"{base.rstrip('/')}/{self.liff_id}{self.here.removeprefix(self.path())}"

    def path(self, path: str = "") -> str:
        """The address of one of our pages."""
        return self.own.path(f"/liff{path}")

    def static(self, name: str) -> str:
        """The address of a file of ours, new whenever the file is."""
        return f"{self.path('/static/')}{name}?v={_digest(name)}"

    def say(self, words: Words, **values: Any) -> Markup:
        """A text in the resident's language, as HTML."""
        return self.own.languages.html(words, self.language, **values)

    def plain(self, words: Words, **values: Any) -> str:
        """The same for attributes and titles: no ruby, and やさしい日本語 as Japanese."""
        language = "ja" if self.language == "ja-easy" else self.language
        return self.own.languages.say(words, language, **values)

    def values(self) -> dict[str, Any]:
        """What every template knows."""
        return {"liff": self, "say": self.say, "plain": self.plain}


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def frame(
    request: Request,
    own: Any,
    *,
    language: str | None = None,
    liff_id: str = "",
    whose: str = "",
) -> Frame:
    """The frame of a page; of strangers, the language is a cookie's or the browser's."""
    known = own.gateway.liff
    asked = request.query_params.get("app", "")
    chosen = liff_id or (asked if asked in known else (known or ("",))[0])
    wanted = language or request.cookies.get(language_cookie(own)) or _preferred(request)
    return Frame(
        own,
        wanted if wanted in LANGUAGES else "ja",
        _here(request, own),
        chosen,
        bool(liff_id),
        whose,
    )


def _here(request: Request, own: Any) -> str:
    """This page's address, without what LINE added to it (R58)."""
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name in ("q", "from", "send", "app", "t") and 0 < len(value) <= 100
    ]
    query = urlencode(kept)
    inner = request.url.path.partition("/liff")[2]
    return own.path(f"/liff{inner}") + (f"?{query}" if query else "")


def _preferred(request: Request) -> str:
    """English for browsers that ask for anything but Japanese."""
    wanted = request.headers.get("accept-language", "ja").lower()
    return "ja" if "ja" in wanted or "*" in wanted or not wanted else "en"


def language_cookie(own: Any) -> str:
    """The cookie that remembers a language until somebody is known."""
    return f"madoguchi-{own.gateway.gateway}-language"


def session_cookie(own: Any) -> str:
    """The cookie of a session; no other gateway's, no other area's."""
    return f"madoguchi-{own.gateway.gateway}-liff"


def set_cookie(response: Response, own: Any, name: str, value: str) -> None:
    """Set a cookie for our pages alone; Secure iff the pages are on https."""
    response.set_cookie(
        name,
        value,
        path=own.path("/liff"),
        httponly=True,
        samesite="lax",  # strict would lose it on the way from LINE's own page
        secure=(own.gateway.public_url or "").startswith("https:"),
    )


def protect(response: Response, own: Any, *, referrer: str = "same-origin") -> Response:
    """Add the headers of a page: exactly the hosts that LINE's SDK needs, nothing inline (R59)."""
    platform = own.gateway.platform
    scripts = _origin(platform) if platform else LINE_SCRIPTS
    hosts = _origin(platform) if platform else " ".join((LINE_SCRIPTS, *LINE_HOSTS))
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' {scripts}",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' {hosts}",
        "frame-src": hosts,
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": _origin(platform) if platform else "'none'",
    }
    headers = response.headers
    headers.setdefault(
        "content-security-policy", "; ".join(f"{name} {value}" for name, value in policy.items())
    )
    headers.setdefault("referrer-policy", referrer)
    headers.setdefault("cache-control", "no-store")
    return response


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def is_same_origin(request: Request, own: Any) -> bool:
    """Whether a post comes from our own page; what browsers say, not a token."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == _origin(own.gateway.public_url or "")
