"""LINE's own HTTP API: finds the endpoint, then token, rate limit, faults, and the answer."""

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from .errors import Refusal
from .exchange import Answer, Call, hang_up, read_body, refused, send_answer, to_answer
from .identifiers import new_request_id
from .simulator import Simulator

Handler = Callable[[Simulator, Call], Any | Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of LINE.

    ``name`` is what rate limits and fault rules call it. ``retry_key``: it accepts
    ``X-Line-Retry-Key`` (R24). ``token``: it wants a channel access token of the bot.
    ``shared``: pages of other origins may call it from a browser.
    ``method`` may be ``*``; ``path`` may hold variable parts in braces.
    """

    name: str
    method: str
    path: str
    handler: Handler
    retry_key: bool = False
    token: bool = True
    shared: bool = False
    status: int = 200


_SHARED = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-allow-methods", b"GET, POST"),
]


class Api:
    """The ASGI application of the hosts api.line.me and api-data.line.me."""

    def __init__(self, simulator: Simulator, endpoints: tuple[Endpoint, ...]) -> None:
        self._simulator = simulator
        self._exact = {(one.method, one.path): one for one in endpoints}
        self._patterns = [
            (re.compile(re.sub(r"{\w+}", "([^/]+)", one.path)), one)
            for one in endpoints
            if "{" in one.path or one.method == "*"
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        call = Call(scope, headers, new_request_id())
        shared = False
        try:
            method = scope["method"]
            if method == "OPTIONS":
                method = call.headers.get("access-control-request-method", method)
            endpoint, call.parts = self.find(method, scope["path"])
            shared = endpoint.shared
            if shared and scope["method"] == "OPTIONS":
                answer = Answer(204, b"")
            else:
                answer = await self._respond(endpoint, call, receive)
        except Refusal as refusal:
            answer = refused(refusal)
        self._simulator.calls.note(call, answer)
        if answer is None:
            return await hang_up(receive)
        if shared:
            answer.headers += _SHARED
        return await send_answer(send, answer, call.request_id)

    async def _respond(self, endpoint: Endpoint, call: Call, receive: Receive) -> Answer | None:
        """The endpoint's answer, or what a fault makes of it; None drops the connection."""
        fault = self._simulator.faults.take(endpoint.name)
        if fault is None:
            return await self._answer(endpoint, call, receive)
        answer = await self._answer(endpoint, call, receive) if fault.after_accept else None
        await asyncio.sleep(fault.delay_ms / 1000)
        if fault.drop:
            return None
        if refusal := fault.refusal():
            raise refusal
        return answer or await self._answer(endpoint, call, receive)

    def find(self, method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
        """The endpoint at an address and the path's variable parts, or Refusal 404."""
        endpoint = self._exact.get((method, path))
        if endpoint is not None:
            return endpoint, ()
        for pattern, endpoint in self._patterns:
            match = pattern.fullmatch(path)
            if match and endpoint.method in (method, "*"):
                return endpoint, match.groups()
        raise Refusal(404, "Not found")

    async def _answer(self, endpoint: Endpoint, call: Call, receive: Receive) -> Answer:
        simulator = self._simulator
        if endpoint.token:
            simulator.tokens.authenticate(call.headers.get("authorization", ""))
        bucket = endpoint.method + endpoint.path
        simulator.rates.take(endpoint.name, bucket, simulator.settings.rate_scale)
        key = call.headers.get("x-line-retry-key")
        if key is not None:
            _check_retry_key(key, allowed=endpoint.retry_key)
        call.body = await read_body(receive, call.headers)
        result = endpoint.handler(simulator, call)
        if asyncio.iscoroutine(result):
            result = await result
        return result if isinstance(result, Answer) else to_answer(result, endpoint.status)


def _check_retry_key(key: str, *, allowed: bool) -> None:
    if not allowed:
        raise Refusal(400, "The request header, X-Line-Retry-Key, is not supported by this API")
    try:
        uuid.UUID(key)
    except ValueError:
        raise Refusal(400, "The request header, X-Line-Retry-Key, is not a UUID") from None
