"""A small HTTP server that answers what a test tells it to, and a client of it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from madoguchi.clock import Clock
from madoguchi.line import Credentials, LineClient, Platform

TOKEN = "/oauth2/v3/token"


class Line:
    """LINE's platform. `answers[path]` are used up in order; then everything is 200 `{}`.

    An answer is `(status, document)` or `(status, document, headers)`, bytes (200 with that body),
    None (the connection is dropped), or a handler that returns one of these or a response.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, list[Any]] = defaultdict(list)
        self.url = ""
        self._tokens = 0

    def calls(self, path: str) -> list[tuple[dict[str, str], bytes]]:
        """Headers (lower case) and body of each call of one path."""
        return [(headers, body) for seen, headers, body in self.seen if seen == path]

    def bearers(self, path: str) -> list[str]:
        """The tokens that came with the calls of one path."""
        return [headers["authorization"].split(" ")[1] for headers, _ in self.calls(path)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {key.lower(): value for key, value in request.headers.items()}
        self.seen.append((request.path, headers, await request.read()))
        if self.answers[request.path]:
            return await self._scripted(request, self.answers[request.path].pop(0))
        if request.path != TOKEN:
            return said(200, {})
        self._tokens += 1
        return said(200, token(self._tokens))

    async def _scripted(self, request: web.Request, answer: Any) -> web.StreamResponse:
        if answer is None:
            return drop(request)
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, tuple):
            return said(*answer)
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="image/jpeg")
        return await self._scripted(request, await answer(request))


def said(status: int, document: Any, headers: dict[str, str] | None = None) -> web.Response:
    headers = {"X-Line-Request-Id": f"request-{status}", **(headers or {})}
    if isinstance(document, bytes):
        return web.Response(body=document, status=status, headers=headers)
    return web.json_response(document, status=status, headers=headers)


def token(number: int) -> dict[str, Any]:
    return {"access_token": f"token-{number}", "expires_in": 900, "token_type": "Bearer"}


def drop(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def break_off(request: web.Request) -> web.StreamResponse:
    """Answer 200 and only half of the body."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"half')
    await asyncio.sleep(0)
    return drop(request)


@asynccontextmanager
async def _running_line(
    credentials: Credentials | None = None, clock: Clock | None = None
) -> AsyncIterator[tuple[Line, LineClient]]:
    line = Line()
    runner = web.ServerRunner(web.Server(line.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    line.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    credentials = credentials or Credentials(access_token="fixed-token")
    try:
        async with LineClient(Platform.at(line.url + "/"), credentials, clock or Clock()) as client:
            yield line, client
    finally:
        await runner.cleanup()


@pytest.fixture
def running_line() -> Callable[..., AbstractAsyncContextManager[tuple[Line, LineClient]]]:
    """`async with running_line() as (line, client)`."""
    return _running_line


@pytest.fixture
def breaking_off() -> Callable[..., Any]:
    """An answer 200 whose body breaks off."""
    return break_off
