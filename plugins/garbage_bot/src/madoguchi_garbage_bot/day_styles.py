"""The styles of our pages: a file of ours, and the city's colours of its categories."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from madoguchi_garbage_bot.days.city import City

STYLES = Path(__file__).parent / "static" / "days.css"


async def show_styles(request: Request) -> Response:
    """`GET /days.css`: our styles, and the city's colours of its categories."""
    text = styles_of(request.state.page.plugin.state.days)
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(text, media_type="text/css", headers=headers)


def styles_of(city: City) -> str:
    """The style sheet of a city."""
    colours = [
        f".garbage-{n} {{ --ground: {one.colour}; --ink-on: {one.ink}; }}"
        for n, one in enumerate(city.categories.values())
    ]
    return "\n".join([_own_styles(), *colours])


@cache
def _own_styles() -> str:
    return STYLES.read_text("utf-8")


def styles_path(page: Any) -> str:
    """The address of the styles, new whenever they are."""
    digest = hashlib.sha256(styles_of(page.plugin.state.days).encode()).hexdigest()[:12]
    return f"{page.path('/garbage_bot/days.css')}?v={digest}"
