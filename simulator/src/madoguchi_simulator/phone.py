"""The phone page: a resident's LINE in the browser, drawn over the control API.

The page is plain HTML, CSS and ES modules. It knows nothing that the control API (``/sim/…``)
does not say, so whatever it does, a test can do with the same calls.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from .simulator import Simulator

_HERE = Path(__file__).parent
_MESSAGES_CSS = files("madoguchi_messages") / "static" / "messages.css"

# Pictures and pages of a bot under development come from another port of the same machine.
_THIS_MACHINE = "http://127.0.0.1:* http://localhost:*"

_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A file that changed under a developer's hands is seen at the next reload.
    "Cache-Control": "no-cache",
}


def routes(simulator: Simulator) -> list[BaseRoute]:
    """Routes of the phone page: ``GET /`` and ``GET /static/…``, ``messages.css`` included."""

    async def page(_: Request) -> Response:
        policy = {"Content-Security-Policy": _policy(simulator)}
        return FileResponse(_HERE / "templates" / "phone.html", headers=_HEADERS | policy)

    return [
        Route("/", page, methods=["GET"]),
        Route("/static/messages.css", _messages_css, methods=["GET"]),
        Mount("/static", _Static(directory=_HERE / "static"), name="static"),
    ]


def _policy(simulator: Simulator) -> str:
    """The page's policy. LIFF pages may be anywhere, so their origins are let in by name."""
    endpoints = (urlsplit(app.endpoint) for app in simulator.logins.apps.values())
    origins = sorted({f"{one.scheme}://{one.netloc}" for one in endpoints})
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob: {_THIS_MACHINE}",
            f"media-src 'self' blob: {_THIS_MACHINE}",
            " ".join(("frame-src 'self'", _THIS_MACHINE, *origins)),
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
        )
    )


async def _messages_css(_: Request) -> Response:
    return Response(_MESSAGES_CSS.read_bytes(), media_type="text/css", headers=_HEADERS)


class _Static(StaticFiles):
    """The page's own files, with the page's headers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response
