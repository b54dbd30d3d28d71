"""The LINE client: one per gateway, and the only module that imports `linebot` (when it must).

Replies and deliveries go through one pooled aiohttp session as ready JSON bytes. The SDK, in
threads of its own, issues tokens and makes management calls; its import costs a second and 39 MB,
so that a gateway which never needs it never pays.
"""

import asyncio
import json
import logging
import math
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import NAMESPACE_URL, uuid5

import aiohttp

from madoguchi.answers import Answer, Outcome, classify
from madoguchi.clock import Clock
from madoguchi.content import (
    Content,
    ContentGone,
    ContentMissing,
    ContentTooLarge,
    ContentUnavailable,
    expect,
)
from madoguchi.management import (
    NOTHING,
    BotInfo,
    Friends,
    LiffApp,
    LineError,
    Profile,
    Quota,
    Webhook,
    WebhookTest,
)
from madoguchi.menu.calls import RichMenuCalls
from madoguchi.replies import messages_of
from madoguchi.tokens import AccessToken, Credentials

if TYPE_CHECKING:
    from madoguchi.city_file import DrillTable, LineTable

__all__ = [
    "Answer",
    "BotInfo",
    "Content",
    "ContentGone",
    "ContentMissing",
    "ContentTooLarge",
    "ContentUnavailable",
    "Credentials",
    "Friends",
    "LiffApp",
    "LineClient",
    "LineError",
    "Outcome",
    "Platform",
    "Profile",
    "Quota",
    "Webhook",
    "WebhookTest",
    "classify",
    "client_of",
    "messages_of",
    "retry_key",
]

log = logging.getLogger(__name__)

REPLY: Final = aiohttp.ClientTimeout(total=10, connect=3)
PUSH: Final = aiohttp.ClientTimeout(total=15, connect=3)
LARGE: Final = aiohttp.ClientTimeout(total=60, connect=3)
CONTENT: Final = aiohttp.ClientTimeout(total=300, connect=3, sock_read=15)
SDK: Final = (3, 10)
"""Seconds to connect and to read: the SDK's own default is to wait for ever."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Where LINE is: the base URLs of the Messaging API and of its data host (R47)."""

    api: str = "https://api.line.me"
    data: str = "https://api-data.line.me"

    @classmethod
    def at(cls, base: str | None) -> Self:
        """A platform that is one host, such as the simulator; None: LINE itself."""
        return cls(base.rstrip("/"), base.rstrip("/")) if base else cls()


class LineClient(RichMenuCalls):
    """Calls LINE for one channel. Use and close it inside one running event loop.

    Sends never raise for what LINE or the network does: they return an `Answer`. `connections`
    bounds the calls in flight: LINE's 2,000 a second (R27) times the seconds that an answer takes.
    """

    def __init__(
        self, platform: Platform, credentials: Credentials, clock: Clock, connections: int = 2_000
    ) -> None:
        self._platform = platform
        self._credentials = credentials
        self._clock = clock
        self._connections = connections
        self._token = AccessToken(credentials.access_token, self._issue, clock)
        self._pool: aiohttp.ClientSession | None = None
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="line-sdk")
        self._sdk: Any = None
        self._sdk_lock = threading.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._sdk is not None:
            self._sdk.api_client.rest_client.pool_manager.clear()
        if self._pool is not None:
            await self._pool.close()

    # Sending

    async def reply(self, body: bytes) -> Answer:
        """Answer an event with its reply token, which works once and for about a minute (R20)."""
        return await self._post("/v2/bot/message/reply", body, REPLY)

    async def push(self, body: bytes, key: str) -> Answer:
        """Send to one user. `key` is the retry key: same bytes, same key (R24, R25)."""
        return await self._post("/v2/bot/message/push", body, PUSH, key)

    async def multicast(self, body: bytes, key: str) -> Answer:
        """Send to at most 500 users (R23); all get it or, with an error, nobody does (R29)."""
        return await self._post("/v2/bot/message/multicast", body, PUSH, key)

    async def broadcast(self, body: bytes, key: str) -> Answer:
        """Send to all friends of the account."""
        return await self._post("/v2/bot/message/broadcast", body, PUSH, key)

    async def start_loading(self, user_id: str, seconds: float) -> Answer:
        """Show the loading animation until the next message; 5 to 60 s, rounded up to 5 s (R34)."""
        seconds = min(60, max(5, math.ceil(seconds / 5) * 5))
        body = json.dumps({"chatId": user_id, "loadingSeconds": seconds}).encode()
        return await self._post("/v2/bot/chat/loading/start", body, REPLY)

    async def mark_as_read(self, token: str) -> Answer:
        """Mark the messages up to this `markAsReadToken` as read (R35)."""
        body = json.dumps({"markAsReadToken": token}).encode()
        return await self._post("/v2/bot/chat/markAsRead", body, REPLY)

    async def _post(
        self, path: str, body: bytes, timeout: aiohttp.ClientTimeout, key: str | None = None
    ) -> Answer:
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["X-Line-Retry-Key"] = key
        try:
            response = await self._call(
                "POST", self._platform.api + path, path, timeout, data=body, headers=headers
            )
            async with response:
                try:
                    answer = await response.read()
                except (aiohttp.ClientError, TimeoutError, OSError):
                    if not (response.ok or response.status == 409):
                        raise
                    answer = b""  # the status alone says that LINE took it
                return classify(response.status, response.headers, answer)
        except LineError as error:  # there is no token to send with
            return error.answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._record("POST", path, None, None)
            return classify(None, {}, repr(error).encode())

    async def _call(
        self,
        method: str,
        url: str,
        endpoint: str,
        timeout: aiohttp.ClientTimeout,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> aiohttp.ClientResponse:
        """Call with the current token; after a 401 once more with a new one, if one can be had."""
        token = await self._token.current()
        renewable = self._token.fixed is None
        while True:
            response = await self._session().request(
                method,
                url,
                data=data,
                headers={**headers, "Authorization": f"Bearer {token}"},
                timeout=timeout,
                allow_redirects=False,
            )
            self._record(method, endpoint, response.status, response.headers)
            if response.status != 401 or not renewable:
                return response
            response.release()
            token, renewable = await self._token.replacement(token), False

    def _session(self) -> aiohttp.ClientSession:
        if self._pool is None:
            self._pool = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._pool

    def _record(
        self, method: str, endpoint: str, status: int | None, headers: Mapping[str, str] | None
    ) -> None:
        """Note a call for questions to LINE (R17): no user id, text or token is in this line."""
        log.info(
            "%s %s %s %s x-line-request-id=%s",
            self._clock.now().isoformat(timespec="milliseconds"),
            method,
            endpoint,
            status or "no answer",
            headers and headers.get("x-line-request-id"),
        )

    # Content

    @asynccontextmanager
    async def content(
        self, message_id: str, *, most: int = 200_000_000, patience: float = 60
    ) -> AsyncIterator[Content]:
        """Open what a resident sent, at most `most` bytes of it (R47).

        Only for messages whose `contentProvider.type` is `line`: addresses in webhooks are never
        fetched. Waits up to `patience` seconds for LINE to prepare it. Raises ContentMissing,
        ContentGone, ContentTooLarge, ContentUnavailable.
        """
        if not re.fullmatch(r"[0-9A-Za-z_-]+", message_id):
            raise ContentMissing(f"{message_id!r} is not a message id")
        try:
            response = await self._fetch(message_id, patience)
        except LineError as error:
            raise ContentUnavailable(str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ContentUnavailable(f"LINE cannot be reached: {error!r}") from error
        async with response:
            yield Content(response, most)

    async def _fetch(self, message_id: str, patience: float) -> aiohttp.ClientResponse:
        """Ask for the content until it is there; between two tries ask whether it is prepared."""
        url = f"{self._platform.data}/v2/bot/message/{message_id}/content"
        endpoint = "/v2/bot/message/{messageId}/content"
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + patience, 0.5
        prepared = True
        while True:
            if prepared:
                response = await self._call("GET", url, endpoint, CONTENT)
                if response.status == 200:
                    return response
                await expect(response, 202)
            if loop.time() + pause > deadline:
                raise ContentUnavailable(f"LINE still prepares the content after {patience:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5)
            state = await expect(
                await self._call("GET", f"{url}/transcoding", f"{endpoint}/transcoding", CONTENT),
                200,
            )
            if b"failed" in state:
                raise ContentMissing("LINE could not prepare the content")
            prepared = b"succeeded" in state

    # Management

    async def _manage(self, endpoint: str, name: str, *args: Any) -> Any:
        """See `Management`; after a 401 once more with a new token."""
        token = await self._token.current()
        try:
            return await self._in_thread(endpoint, self._call_sdk, token, name, *args)
        except LineError as error:
            if error.answer.outcome is not Outcome.UNAUTHORIZED or self._token.fixed:
                raise
        token = await self._token.replacement(token)
        return await self._in_thread(endpoint, self._call_sdk, token, name, *args)

    async def _load(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] = NOTHING,
        query: str = "",
        data: bytes | None = None,
        kind: str = "",
        large: bool = False,
    ) -> tuple[Answer, bytes]:
        """See `Management`."""
        endpoint = f"{method} {path}"
        headers = {"Content-Type": kind} if kind else {}
        host = self._platform.data if large else self._platform.api
        url = host + path.format_map(ids) + query
        try:
            response = await self._call(
                method, url, path, LARGE if large else REPLY, data=data, headers=headers
            )
            async with response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._record(method, path, None, None)
            raise LineError(endpoint, classify(None, {}, repr(error).encode())) from error
        answer = classify(response.status, response.headers, body)
        if answer.outcome is not Outcome.ACCEPTED:
            raise LineError(endpoint, answer)
        return answer, body

    def _call_sdk(self, token: str, name: str, *args: Any) -> Any:
        from linebot.v3.messaging import ApiClient, Configuration, MessagingApi

        with self._sdk_lock:
            if self._sdk is None:
                configuration = Configuration(host=self._platform.api, access_token=token)
                self._sdk = MessagingApi(ApiClient(configuration))
        self._sdk.api_client.configuration.access_token = token
        return getattr(self._sdk, f"{name}_with_http_info")(*args, _request_timeout=SDK)

    async def _issue(self) -> str:
        """Issue a stateless token, 15 minutes long (R52)."""
        endpoint = "POST /oauth2/v3/token"
        try:
            return (await self._in_thread(endpoint, self._call_oauth)).access_token
        except LineError as error:
            if error.answer.outcome is Outcome.REFUSED:
                answer = replace(error.answer, outcome=Outcome.UNAUTHORIZED)
                raise LineError(endpoint, answer) from error
            raise

    def _call_oauth(self) -> Any:
        from linebot.v3.oauth import ApiClient, ChannelAccessToken, Configuration

        client = ApiClient(Configuration(host=self._platform.api))
        try:
            api, who = ChannelAccessToken(client), self._credentials
            return api.issue_stateless_channel_token_with_http_info_by_client_secret(
                who.channel_id, who.channel_secret, _request_timeout=SDK
            )
        finally:
            client.rest_client.pool_manager.clear()

    async def _in_thread(self, endpoint: str, call: Callable[..., Any], *args: Any) -> Any:
        """The data of what an SDK call answers; its many kinds of errors become LineError."""
        method, path = endpoint.split(" ")
        loop = asyncio.get_running_loop()
        try:
            got = await loop.run_in_executor(self._threads, call, *args)
        except Exception as error:
            # The SDK's exceptions cannot be named before it is imported. The text of others is
            # left out: urllib3 puts the address into it, and with it the user id.
            status = getattr(error, "status", None)
            headers = getattr(error, "headers", None) or {}
            body = getattr(error, "body", None) or type(error).__name__
            self._record(method, path, status, headers)
            raise LineError(endpoint, classify(status, headers, str(body).encode())) from None
        self._record(method, path, got.status_code, got.headers)
        return got.data


def client_of(line: "LineTable | DrillTable", clock: Clock) -> LineClient:
    """A client of a channel that a city's file names."""
    credentials = Credentials(line.access_token, line.channel_id, line.channel_secret)
    return LineClient(Platform.at(line.platform), credentials, clock)


def retry_key(*parts: str | int) -> str:
    """The `X-Line-Retry-Key` for what `parts` name: the same parts give the same key.

    Derived, never random: two senders or a restored backup repeat the key, and LINE sends once.
    """
    return str(uuid5(NAMESPACE_URL, json.dumps(["madoguchi", *map(str, parts)])))
