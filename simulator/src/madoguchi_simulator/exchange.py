"""One HTTP exchange on bare ASGI: the hot path of a bench cannot carry a framework."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from .errors import Refusal

MOST_BYTES = 2 * 1024 * 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Call:
    """A request: its headers with lower-case names, its path's variable parts, its body."""

    scope: Scope
    headers: dict[str, str]
    request_id: str
    parts: tuple[str, ...] = ()
    body: bytes = b""
    _query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        if self._query is None:
            self._query = dict(parse_qsl(self.scope["query_string"].decode("latin-1")))
        return self._query

    def form(self) -> dict[str, str]:
        """The body as ``application/x-www-form-urlencoded``."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            Refusal: 415 for another media type, 400 with line and column for broken JSON.
        """
        media_type = self.headers.get("content-type", "")
        if media_type.partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, f"The content type, {media_type}, is not supported")
        try:
            payload = json.loads(self.body)
        except json.JSONDecodeError as error:
            raise _broken(error.lineno, error.colno) from None
        except (UnicodeDecodeError, RecursionError):
            raise _broken(1, 1) from None
        if not isinstance(payload, dict):
            raise _broken(1, 1)
        return payload


@dataclass(slots=True)
class Answer:
    """A response: a status, a body and further headers."""

    status: int = 200
    body: bytes = b"{}"
    media_type: str = "application/json"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def to_answer(value: Any, status: int = 200) -> Answer:
    """A value as JSON."""
    return Answer(status, _encode(value).encode("utf-8", "backslashreplace"))


def refused(refusal: Refusal) -> Answer:
    """The answer that a refusal is."""
    answer = to_answer(refusal.body(), refusal.status)
    answer.headers = [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    return answer


async def read_body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The whole body, or Refusal 413 above 2 MB (R22)."""
    if int(headers.get("content-length") or 0) > MOST_BYTES:
        raise _too_large()
    message = await receive()
    body = message.get("body", b"")
    if not message.get("more_body"):
        return body
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MOST_BYTES:
            raise _too_large()
    return b"".join(pieces)


async def send_answer(send: Send, answer: Answer, request_id: str) -> None:
    """Answer, with the request id that every answer of LINE has."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.media_type.encode()),
                (b"content-length", str(len(answer.body)).encode()),
                (b"x-line-request-id", request_id.encode()),
                *answer.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


async def hang_up(receive: Receive) -> None:
    """Close the connection without an answer.

    ASGI has no word for that, so this takes uvicorn's transport; under another server, which
    gives none, the call fails as an exception of the application.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionAbortedError("the connection is dropped, as the fault rule wants")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _broken(line: int, column: int) -> Refusal:
    return Refusal(
        400,
        f"The request body could not be parsed as JSON (line: {line}, column: {column})",
    )


def _too_large() -> Refusal:
    return Refusal(413, "Request Entity Too Large")
