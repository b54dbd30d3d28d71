"""What surrounds every page: who is here, the menu, addresses, security headers."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from madoguchi import JST
from madoguchi_console import sample
from madoguchi_console.people import Staff

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the menu."""

    title: str
    path: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What templates know as `desk`. `own` is the console's page context."""

    own: Any
    here: str
    """Path and query of this page."""
    staff: Staff | None = None
    menu: Sequence[Link] = ()
    """What plugins have for this person."""
    more: Sequence[Link] = ()
    """What the console has."""
    news: str = ""
    """What was just done, in a sentence; shown once above the page."""

    @property
    def is_sample(self) -> bool:
        """Whether this is the demo, where anybody can be a sample person."""
        return sample.is_on(self.own)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.own.now

    def path(self, path: str = "") -> str:
        """The address of a page of the console: `desk.path("/staff")`."""
        return self.own.path(f"/console{path}")

    def static(self, name: str) -> str:
        """The address of a file of ours, new whenever the file is."""
        return f"{self.path('/static/')}{name}?v={_digest(name)}"

    def shared(self, name: str) -> str:
        """The address of a file that residents' pages use too."""
        return str(self.own.shared(name))

    def mask(self, value: object) -> str:
        """Personal data as this person may see it."""
        return self.staff.mask(value) if self.staff else ""

    def may(self, permission: str) -> bool:
        """Whether this person may do something, in any section."""
        return self.staff is not None and self.staff.may(permission)

    def render(self, name: str, /, status: int = 200, **values: Any) -> Response:
        """Render a template of the console's own: `console/<name>`."""
        return protect(self.own.render(name, status, **self.values(), **values))

    def values(self) -> dict[str, Any]:
        """What every template knows."""
        return {"desk": self, "day": show_day, "moment": show_moment}


def show_day(day: Any) -> str:
    """A day as staff read it: `2026年4月1日（水）`; of a moment, the day in Japan."""
    if day is None:
        return ""
    if isinstance(day, datetime):
        day = day.astimezone(JST).date()
    return f"{day.year}年{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def show_moment(at: datetime | None) -> str:
    """A moment in Japan: `2026年4月1日（水） 9:05`."""
    if at is None:
        return ""
    here = at.astimezone(JST)
    return f"{show_day(here)} {here:%-H:%M}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def here_of(request: Request, own: Any) -> str:
    """This page's address without the host."""
    inner = request.url.path.partition("/console")[2]
    query = f"?{request.url.query}" if request.url.query else ""
    return own.path(f"/console{inner}{query}")


def frame(request: Request, own: Any, **more: Any) -> Desk:
    """The frame of a page for whoever is not known yet."""
    return Desk(own, here_of(request, own), **more)


def protect(response: Response) -> Response:
    """Add the headers of a page: nothing inline, nothing from elsewhere, nothing kept."""
    headers = response.headers
    headers.setdefault("content-security-policy", POLICY)
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("cache-control", "no-store")
    return response


def cookie_name(own: Any) -> str:
    """The cookie of a session; no other gateway's, no other area's."""
    return f"madoguchi-{own.gateway.gateway}-console"


def set_cookie(response: Response, own: Any, value: str) -> None:
    """Give the browser its session: for our pages alone, Secure iff the pages are on https."""
    response.set_cookie(
        cookie_name(own),
        value,
        path=own.path("/console"),
        httponly=True,
        samesite="lax",  # strict would lose it on the way from a mail
        secure=(own.gateway.public_url or "").startswith("https:"),
    )


def origin_of(own: Any) -> str:
    """Where the console is: its own host, or the city's address."""
    parts = urlsplit(own.gateway.public_url or "")
    return f"{parts.scheme}://{own.plugin.config.host or parts.netloc}"


def is_same_origin(request: Request, own: Any) -> bool:
    """Whether a post comes from our own page; what browsers say, not a token."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == origin_of(own)


def client_of(request: Request) -> str:
    """The address of the browser, as trusted proxies tell it."""
    return request.client.host if request.client else ""


def refuse(request: Request, own: Any) -> Response | None:
    """What is answered to whoever may not even see the login; None: go on."""
    config = own.plugin.config
    if config.host and request.headers.get("host", "").lower() != config.host:
        return PlainTextResponse("not found", 404)
    if config.allow_from and not _is_in(client_of(request), config.allow_from):
        return PlainTextResponse(
            "この場所からは開けません。庁内のネットワークから開いてください。",  # nosay
            403,
        )
    if request.method not in ("GET", "HEAD") and not is_same_origin(request, own):
        return frame(request, own).render("foreign.html", 403)
    return None


def _is_in(address: str, networks: Sequence[str]) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in ip_network(one, strict=False) for one in networks)


def guarded(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """A page before the login: only from where the console may be opened, and from itself."""

    @wraps(endpoint)
    async def serve(request: Request) -> Response:
        own = request.state.page
        refused = refuse(request, own)
        return protect(refused or await endpoint(request))

    return serve
