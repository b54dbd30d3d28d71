"""Live lists: a stream that says when something changed; what changed is fetched like any page.

The database knows how often each thing was changed (`plugin.changed`), so any process can serve any
browser, and a browser that was away is told at once when it comes back.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

LOOK = 1.0
LIFE = 60.0
"""Seconds; then the browser comes again, and is asked again who it is."""


async def follow(request: Request) -> Response:
    """`GET /live?topic=plugin:name`: an event `change` for every change, for a minute."""
    page = request.state.page
    owner, _, name = request.query_params.get("topic", "").partition(":")
    known = request.headers.get("last-event-id", "")
    stream = _tell(request, page, (owner, name), known)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _tell(
    request: Request, page: Any, topic: tuple[str, str], known: str
) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    for _ in range(int(LIFE / LOOK)):
        count = str((await page.inside.counts()).get(topic, 0))
        if not known:
            yield f"id: {count}\nevent: begin\ndata:\n\n"
        elif count != known:
            yield f"id: {count}\nevent: change\ndata:\n\n"
        known = count
        await asyncio.sleep(LOOK)
        if await request.is_disconnected():
            return
