"""The styles of our pages: what is always so, and the city's colours of its categories."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from madoguchi_garbage_bot.catalogue import Catalogue

FILE = Path(__file__).parent / "static" / "items.css"


async def show(request: Request) -> Response:
    """`GET /items.css`."""
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    text = write(request.state.page.plugin.state.catalogue)
    return Response(text, media_type="text/css", headers=headers)


def write(book: Catalogue) -> str:
    """The style sheet of a list."""
    rules = [
        f".{name_of(number)} {{ --ground: {category.colour}; --on-ground: {category.ink}; }}"
        for number, kind in enumerate(book.kinds)
        if (category := book.category_of(kind))
    ]
    return "\n".join([_always(), *rules])


def name_of(number: int | None) -> str:
    """The class of a category by its number in the list."""
    return "kind-open" if number is None else f"kind-{number}"


def path_of(page: Any) -> str:
    """The address of the styles, new whenever they are."""
    text = write(page.plugin.state.catalogue)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{page.path('/garbage_bot/items.css')}?v={digest}"


@cache
def _always() -> str:
    return FILE.read_text("utf-8")
