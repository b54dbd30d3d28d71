"""The styles of our pages: messages as phones show them, and what staff's pages have besides."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from madoguchi_messages import stylesheet

FILE = Path(__file__).parents[1] / "static" / "staff.css"


@cache
def text() -> str:
    """All of it."""
    return stylesheet() + FILE.read_text("utf-8")


@cache
def digest() -> str:
    """What the address ends in: new whenever the styles are."""
    return hashlib.sha256(text().encode()).hexdigest()[:12]


async def show(request: Request) -> Response:
    """`GET /styles.css`."""
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(text(), media_type="text/css", headers=headers)
