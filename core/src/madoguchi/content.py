"""What residents send besides text: pictures, videos, sounds, files, as a stream of bytes.

`LineClient.content` opens it.
"""

from collections.abc import AsyncIterator

import aiohttp

from madoguchi.answers import Outcome, classify
from madoguchi.errors import MadoguchiError


class ContentMissing(MadoguchiError):
    """LINE has no such content (404), or could not prepare it."""


class ContentGone(MadoguchiError):
    """The resident took the message back (410, R13): use nothing of it."""


class ContentTooLarge(MadoguchiError):
    """The content has more bytes than the caller allows."""


class ContentUnavailable(MadoguchiError):
    """The content could not be fetched now; a later try can succeed."""


class Content:
    """A picture, video, sound or file on its way: `async for chunk in content`.

    Iterating raises ContentTooLarge beyond the limit and ContentUnavailable if the connection
    breaks; what was read until then is not the whole.
    """

    def __init__(self, response: aiohttp.ClientResponse, most: int) -> None:
        self.type: str = response.content_type
        """The media type, such as `image/jpeg`."""
        self.length: int | None = response.content_length
        """In bytes, if LINE says so."""
        self._response = response
        self._most = most
        self._check(self.length or 0)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        try:
            async for chunk in self._response.content.iter_chunked(64 * 1024):
                seen += len(chunk)
                self._check(seen)
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ContentUnavailable(f"the connection broke after {seen} bytes") from error

    def _check(self, size: int) -> None:
        if size > self._most:
            raise ContentTooLarge(f"the content has more than {self._most} bytes")


async def expect(response: aiohttp.ClientResponse, status: int) -> bytes:
    """The body of a small answer of the data host; one of the errors above if the status is not it.

    Raises aiohttp's errors if the connection breaks.
    """
    async with response:
        body = await response.read()
    if response.status == status:
        return body
    answer = classify(response.status, response.headers, body)
    if response.status == 410:
        raise ContentGone("the resident took the message back")
    if answer.outcome is Outcome.REFUSED:
        raise ContentMissing(f"LINE has no such content ({answer.status}: {answer.message})")
    raise ContentUnavailable(f"LINE does not hand the content out now: {answer.message}")
