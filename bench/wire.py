"""HTTP/1.1 without a framework, as little of it as the bench needs, on both sides."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from bench.bodies import reply_token

_SENT = b'{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7bsqs4o"}]}'
ACCEPTED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"x-line-request-id: 00000000-0000-0000-0000-000000000000\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_SENT), _SENT)
)


def split_message(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Head, body and what follows of the first whole HTTP message in `data`, None if there is none.

    Only bodies with a Content-Length are understood.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[: end + 2].lower()
    at = head.find(b"\r\ncontent-length:")
    length = int(head[at + 17 : head.find(b"\r\n", at + 2)]) if at >= 0 else 0
    whole = end + 4 + length
    if len(data) < whole:
        return None
    return head, data[end + 4 : whole], data[whole:]


class Caller(asyncio.Protocol):
    """A keep-alive connection of LINE's to the bot: one request at a time."""

    def __init__(self, answered: Callable[["Caller", int], None]) -> None:
        self._answered = answered
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport, self.is_open = cast(asyncio.Transport, transport), True

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`; a request under way is answered 0."""
        self.is_open = False
        self._answered(self, 0)

    def call(self, wire: bytes) -> None:
        """Send a request."""
        assert self._transport is not None
        self._transport.write(wire)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._data += data
        message = split_message(self._data)
        if message is not None:
            head, _, self._data = message
            self._answered(self, int(head[9:12]))


class LineApi(asyncio.Protocol):
    """LINE's Messaging API, which takes `latency` seconds over every call.

    `arrivals` gets the time at which the first call with each reply token arrived.
    """

    def __init__(self, arrivals: dict[str, float], latency: Callable[[], float]) -> None:
        self._arrivals, self._latency = arrivals, latency
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        now = time.perf_counter()
        self._data += data
        while (message := split_message(self._data)) is not None:
            _, body, self._data = message
            self._arrivals.setdefault(reply_token(body), now)
            asyncio.get_running_loop().call_later(self._latency(), self._answer)

    def _answer(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(ACCEPTED)
