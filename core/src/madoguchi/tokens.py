"""Channel access tokens: a fixed one, or stateless ones that are renewed in time (R52)."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from madoguchi.clock import Clock


@dataclass(frozen=True, slots=True)
class Credentials:
    """A channel access token, or the channel's id and secret to issue stateless ones with (R52)."""

    access_token: str | None = field(default=None, repr=False)
    channel_id: str | None = None
    channel_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.access_token and not (self.channel_id and self.channel_secret):
            raise ValueError(
                "credentials are an access_token, or channel_id and channel_secret together"
            )


class AccessToken:
    """The token that is valid now. One renewal runs at a time; the old token is used meanwhile."""

    RENEW_AFTER = 600.0
    USABLE = 870.0  # of 900 s (R52): a call must reach LINE before the token's end
    PAUSE = 5.0

    def __init__(
        self, fixed: str | None, issue: Callable[[], Awaitable[str]], clock: Clock
    ) -> None:
        self.fixed = fixed
        self._issue = issue
        self._clock = clock
        self._value: str | None = None
        self._issued = self._next_try = -math.inf
        self._renewal: asyncio.Task[None] | None = None

    async def current(self) -> str:
        """The token to use, LineError if there is none and none can be had."""
        if self.fixed:
            return self.fixed
        now = self._clock.time()
        age = now - self._issued
        if self._value is None or not 0 <= age < self.USABLE:
            await self._renew()
        elif age >= self.RENEW_AFTER and now >= self._next_try:
            self._renew()
        assert self._value is not None
        return self._value

    async def replacement(self, refused: str) -> str:
        """Another token than the one that LINE refused."""
        if self._value == refused:
            await self._renew()
        return await self.current()

    def _renew(self) -> Awaitable[None]:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._fetch())
            # The failure of a renewal that nobody waits for is seen by the next one.
            self._renewal.add_done_callback(lambda task: task.cancelled() or task.exception())
        return asyncio.shield(self._renewal)

    async def _fetch(self) -> None:
        asked = self._clock.time()
        self._next_try = asked + self.PAUSE
        self._value = await self._issue()
        self._issued = asked
