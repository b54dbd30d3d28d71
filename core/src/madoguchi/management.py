"""LINE's management calls, and what they answer as Python values.

How a call goes out is the client's (`line`). What the worker does every night goes through the
client's own session (`_load`): the SDK would stay in its memory for ever.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from madoguchi.answers import Answer, Outcome
from madoguchi.errors import MadoguchiError

PAGE = 500
"""User ids in a page of the follower list: LINE gives at most 1,000 (R49), a unit takes fewer."""
NOTHING: Mapping[str, str] = MappingProxyType({})
_FORM = "application/x-www-form-urlencoded"
_USER_ID = re.compile(r"U[0-9a-f]{32}")


class LineError(MadoguchiError):
    """A management call failed; `answer` says how."""

    def __init__(self, endpoint: str, answer: Answer) -> None:
        status = "no answer" if answer.status is None else f"status {answer.status}"
        super().__init__(
            f"LINE: {endpoint}: {status} ({answer.outcome}): {answer.message} "
            f"[x-line-request-id {answer.request_id}]"
        )
        self.endpoint = endpoint
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Profile:
    """What LINE tells about a user; the language only after their consent (R49)."""

    display_name: str
    language: str | None = None
    picture_url: str | None = None


@dataclass(frozen=True, slots=True)
class BotInfo:
    """The account: `user_id` is the `destination` of its webhooks (R16)."""

    user_id: str
    basic_id: str
    display_name: str
    can_chat: bool = False
    """Staff can answer by hand in LINE's own manager."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Messages of this month: at most `limit` (None: no limit), `used` so far."""

    limit: int | None
    used: int


@dataclass(frozen=True, slots=True)
class Friends:
    """One page of the follower list; `next` names the next one, for 24 hours (R49)."""

    user_ids: Sequence[str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where LINE sends webhooks; `active`: whether it does."""

    url: str
    active: bool


@dataclass(frozen=True, slots=True)
class WebhookTest:
    """How the test of a webhook address went; `reason` is LINE's word, such as REQUEST_TIMEOUT."""

    success: bool
    reason: str
    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class LiffApp:
    """A LIFF app of a Login channel, as LINE knows it."""

    id: str
    url: str
    scopes: Sequence[str]


class Management(ABC):
    """The calls. Each raises `LineError`."""

    @abstractmethod
    async def _manage(self, endpoint: str, name: str, *args: Any) -> Any:
        """Call a method of the SDK's MessagingApi."""

    @abstractmethod
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
        """Call LINE through the pooled session; how it went, and the bytes that it answers.

        `ids` stand for the `{…}` in the path. They and the query are no part of what is logged:
        they may name a resident. `large`: at the host for large data (R47).
        """

    async def _ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        """The JSON object that LINE answers to a call (`_load`)."""
        answer, body = await self._load(method, path, **how)
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        answer = replace(answer, outcome=Outcome.RETRY, message="what LINE answered is no JSON")
        raise LineError(f"{method} {path}", answer)

    async def profile(self, user_id: str) -> Profile | None:
        """What LINE tells about a user; None for those it tells nothing about (R49)."""
        try:
            got = await self._manage("GET /v2/bot/profile/{userId}", "get_profile", user_id)
        except LineError as error:
            if error.answer.status == 404:
                return None
            raise
        return Profile(got.display_name, got.language, got.picture_url)

    async def bot_info(self) -> BotInfo:
        """Who the account is."""
        got = await self._manage("GET /v2/bot/info", "get_bot_info")
        return BotInfo(got.user_id, got.basic_id, got.display_name, got.chat_mode == "chat")

    async def quota(self) -> Quota:
        """How many messages may go out this month and how many did."""
        limit = await self._manage("GET /v2/bot/message/quota", "get_message_quota")
        used = await self._manage(
            "GET /v2/bot/message/quota/consumption", "get_message_quota_consumption"
        )
        return Quota(limit.value if limit.type == "limited" else None, used.total_usage)

    # Friends

    async def friends(self, start: str | None = None) -> Friends:
        """A page of the follower list: verified accounts only, else 403; incomplete by design."""
        query = {"limit": str(PAGE), **({"start": start} if start else {})}
        got = await self._ask("GET", "/v2/bot/followers/ids", query=f"?{urlencode(query)}")
        ids = got.get("userIds")
        listed = ids if isinstance(ids, list) else []
        known = [one for one in listed if isinstance(one, str) and _USER_ID.fullmatch(one)]
        onward = got.get("next")
        return Friends(known, onward if isinstance(onward, str) and onward else None)

    async def count_friends(self, day: date) -> int | None:
        """LINE's own count at the end of a day, without blocks; None while it has none."""
        query = f"?date={day:%Y%m%d}"
        got = await self._ask("GET", "/v2/bot/insight/followers", query=query)
        followers, blocks = got.get("followers"), got.get("blocks")
        if got.get("status") != "ready" or not isinstance(followers, int):
            return None
        return followers - (blocks if isinstance(blocks, int) else 0)

    # The channel

    async def owner_of(self, token: str) -> str:
        """The channel id that a long-lived or short-lived channel access token belongs to."""
        body = urlencode({"access_token": token}).encode()
        got = await self._ask("POST", "/v2/oauth/verify", data=body, kind=_FORM)
        return str(got.get("client_id", ""))

    async def webhook(self) -> Webhook | None:
        """Where webhooks go; None if no address is set."""
        try:
            got = await self._ask("GET", "/v2/bot/channel/webhook/endpoint")
        except LineError as error:
            if error.answer.status == 404:
                return None
            raise
        return Webhook(str(got.get("endpoint", "")), got.get("active") is True)

    async def set_webhook(self, url: str) -> None:
        """Send webhooks there from now on; it may take LINE a minute (R15)."""
        body = json.dumps({"endpoint": url}).encode()
        path = "/v2/bot/channel/webhook/endpoint"
        await self._ask("PUT", path, data=body, kind="application/json")

    async def test_webhook(self, url: str) -> WebhookTest:
        """Let LINE send a signed webhook without events to an address (60 an hour)."""
        body = json.dumps({"endpoint": url}).encode()
        path = "/v2/bot/channel/webhook/test"
        got = await self._ask("POST", path, data=body, kind="application/json")
        status = got.get("statusCode")
        return WebhookTest(
            got.get("success") is True,
            str(got.get("reason", "")),
            status if isinstance(status, int) else 0,
            str(got.get("detail", "")),
        )

    async def liff_apps(self) -> list[LiffApp]:
        """The LIFF apps of a Login channel, asked with that channel's credentials."""
        got = await self._ask("GET", "/liff/v1/apps")
        return [
            LiffApp(
                str(one.get("liffId", "")),
                str(one.get("view", {}).get("url", "")),
                tuple(map(str, one.get("scope", ()))),
            )
            for one in got.get("apps", ())
        ]
