"""The phone page: a resident's LINE in the browser, drawn over the control API.

The page is plain HTML, CSS and ES modules. It knows nothing that the control API (``/sim/…``)
does not say, so whatever it does, a test can do with the same calls.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_HERE = Path(__file__).parent
_MESSAGES_CSS = files("madoguchi_messages") / "static" / "messages.css"

# Pictures and pages of a bot under development come from another port of the same machine.
_THIS_MACHINE = "http://127.0.0.1:* http://localhost:*"

_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob: {_THIS_MACHINE}",
            f"media-src 'self' blob: {_THIS_MACHINE}",
            f"frame-src 'self' {_THIS_MACHINE}",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A file that changed under a developer's hands is seen at the next reload.
    "Cache-Control": "no-cache",
}


def routes() -> list[BaseRoute]:
    """Routes of the phone page: ``GET /`` and ``GET /static/…``, ``messages.css`` included."""
    return [
        Route("/", _page, methods=["GET"]),
        Route("/static/messages.css", _messages_css, methods=["GET"]),
        Mount("/static", _Static(directory=_HERE / "static"), name="static"),
    ]


async def _page(_: Request) -> Response:
    return FileResponse(_HERE / "templates" / "phone.html", headers=_HEADERS)


async def _messages_css(_: Request) -> Response:
    return Response(_MESSAGES_CSS.read_bytes(), media_type="text/css", headers=_HEADERS)


class _Static(StaticFiles):
    """The page's own files, with the page's headers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response
