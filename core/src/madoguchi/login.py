"""Who a resident is on a page: LINE's ID tokens, verified here (R53, R54).

The page sends a token, and nothing else that it says about the resident is believed. LINE's keys
are kept and asked for again when a token names one that is not known, at most once a minute.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from madoguchi.clock import Clock
from madoguchi.errors import KeysUnavailable, TokenRefused

if TYPE_CHECKING:
    from jwt import PyJWKSet

ALGORITHM: Final = "ES256"
"""What LIFF's ID tokens are signed with; never what a token's own header says."""
ISSUER: Final = "https://access.line.me"
PAUSE: Final = 60.0
"""Seconds between two questions for LINE's keys, also when there was no answer."""
LIFE: Final = 24 * 3600.0
"""Seconds after which the keys are asked for again, so that one withdrawn is forgotten."""
_TIMEOUT = aiohttp.ClientTimeout(total=5)


class Login:
    """Verifies the ID tokens of one gateway's LIFF apps.

    `channels`: the Login or MINI App channels, which are the digits of the LIFF ids (R63).
    `fetch()` brings LINE's keys as a JWKS.
    """

    def __init__(
        self,
        channels: Collection[str],
        fetch: Callable[[], Awaitable[Any]],
        clock: Clock,
        issuer: str = ISSUER,
    ) -> None:
        self._channels, self._fetch = list(channels), fetch
        self._clock, self._issuer = clock, issuer
        self._keys: PyJWKSet | None = None
        self._asked = self._got = float("-inf")
        self._turn = asyncio.Lock()

    async def verify(self, token: str) -> str:
        """The LINE user id that a token proves. Raises `TokenRefused`, `KeysUnavailable`."""
        import jwt  # with cryptography: 30 ms and 10 MB that a gateway without pages never pays

        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._channels,
                issuer=self._issuer,
                # The time is ours to check: the demo's clock can be moved.
                options={
                    "require": ["sub", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, UnicodeError) as error:
            raise TokenRefused(type(error).__name__) from error
        user_id, expires = claims["sub"], claims["exp"]
        if not isinstance(user_id, str) or not re.fullmatch(r"U[0-9a-f]{32}", user_id):
            raise TokenRefused("its subject is no LINE user id")
        if not isinstance(expires, int | float) or expires <= self._clock.time():
            raise TokenRefused("it has expired", expired=True)
        return user_id

    async def _key(self, kid: Any) -> Any:
        """The key of this id; asks LINE for it if it is not known."""
        async with self._turn:
            now = self._clock.time()
            if self._keys is None or kid not in self._known() or now - self._got > LIFE:
                await self._refresh(now)
            if self._keys is None:
                raise KeysUnavailable("LINE's keys cannot be had; in a minute they are tried again")
        if kid not in self._known():
            raise TokenRefused("LINE has no such key")
        return self._known()[kid]

    def _known(self) -> dict[Any, Any]:
        return {key.key_id: key for key in self._keys.keys} if self._keys else {}

    async def _refresh(self, now: float) -> None:
        from jwt import PyJWKSet, PyJWKSetError

        if 0 <= now - self._asked < PAUSE:
            return
        self._asked = now
        try:
            self._keys = PyJWKSet.from_dict(await self._fetch())
            self._got = now
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, PyJWKSetError):
            return  # the old ones go on; nobody is let in by a failure


async def fetch_keys(api: str) -> Any:
    """LINE's public keys as a JWKS. Raises aiohttp's errors, `TimeoutError`, `ValueError`."""
    async with (
        aiohttp.ClientSession(timeout=_TIMEOUT, raise_for_status=True) as session,
        session.get(f"{api}/oauth2/v2.1/certs", allow_redirects=False) as answer,
    ):
        return await answer.json(content_type=None)
