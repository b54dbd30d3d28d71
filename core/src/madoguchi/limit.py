"""The time that a plugin's code may take; what it waits for the gateway's database is not counted.

Otherwise a database that is slow for everybody would look like the fault of each plugin: circuits
would open, and messages that only had to wait would be answered with an apology (measured: two
workers of which one is killed again and again, 10,000 messages at once).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType

_running: ContextVar["TimeLimit | None"] = ContextVar("time limit", default=None)


class TimeLimit:
    """`async with TimeLimit(10):` raises TimeoutError after so many seconds of the block's own."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._left = seconds
        self._waits = 0
        self._token: Token[TimeLimit | None] | None = None

    @property
    def expired(self) -> bool:
        """Whether the time was up."""
        return self._timeout.expired()

    async def __aenter__(self) -> "TimeLimit":
        await self._timeout.__aenter__()
        self._token = _running.set(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        assert self._token is not None  # entered
        _running.reset(self._token)
        self._token = None
        return await self._timeout.__aexit__(kind, error, trace)

    def _stop(self) -> None:
        self._waits += 1
        until = self._timeout.when()
        if self._counts and self._waits == 1 and until is not None:
            self._left = until - asyncio.get_running_loop().time()
            self._timeout.reschedule(None)

    def _go_on(self) -> None:
        self._waits -= 1
        if self._counts and not self._waits:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left)

    @property
    def _counts(self) -> bool:
        """Not any more for a task that outlives the call, nor when the time is up."""
        return self._token is not None and not self._timeout.expired()


@contextmanager
def not_counted() -> Iterator[None]:
    """The block is the gateway's own time, not that of the plugin's code that waits for it."""
    limit = _running.get()
    if limit is None:
        yield
        return
    limit._stop()
    try:
        yield
    finally:
        limit._go_on()
