"""Sending events to the bot: signed, in order, within two seconds, again if wished."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import sqlite3
import weakref
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp

from .channel import Channel, Settings
from .clock import Clock
from .replies import ReplyTokens

_BACK_OFF = (1.0, 5.0, 15.0, 60.0, 180.0)
_GATHERING = 0.02
_SHUFFLING = 0.05
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Delivery:
    """What became of a webhook: the bot's status (0 if it gave none) and, if it failed, why.

    ``reason`` is one of LINE's four: could_not_connect, request_timeout, error_status_code,
    unclassified.
    """

    status: int
    reason: str | None = None
    detail: str = ""


class Webhooks:
    """The sender of one channel's webhooks."""

    def __init__(
        self, db: sqlite3.Connection, clock: Clock, channel: Channel, replies: ReplyTokens
    ) -> None:
        self._db = db
        self._clock = clock
        self._channel = channel
        self._replies = replies
        self._http: aiohttp.ClientSession | None = None
        self._redeliverer: asyncio.Task[None] | None = None
        self._due = asyncio.Event()
        self._lanes: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._gathered: list[tuple[dict[str, Any], asyncio.Future[Delivery]]] = []
        self.settings = Settings()
        self.errors: Counter[str] = Counter()

    async def start(self) -> None:
        """Open the connections and go on with redeliveries that were due."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "LineBotWebhook/2.0"},
        )
        self._due = asyncio.Event()
        self._due.set()
        self._redeliverer = asyncio.create_task(self._redeliver())

    async def stop(self) -> None:
        """Close the connections; what is due stays due."""
        if self._redeliverer is not None:
            self._redeliverer.cancel()
            with suppress(asyncio.CancelledError):
                await self._redeliverer
        if self._http is not None:
            await self._http.close()
        self._http = self._redeliverer = None

    def prepare(self, event: dict[str, Any], *, with_reply_token: bool = True) -> dict[str, Any]:
        """Add mode and reply token and remember the event; the caller commits, then delivers."""
        event["mode"] = self.settings.mode
        if with_reply_token and event["mode"] == "active":
            event["replyToken"] = self._replies.issue(event["source"]["userId"])
        self._db.execute(
            "INSERT INTO webhook (event_id, event, at) VALUES (?, ?, ?)",
            (event["webhookEventId"], json.dumps(event), self._clock.time()),
        )
        return event

    async def deliver(self, event: dict[str, Any]) -> Delivery:
        """Send one prepared event, alone or with others, and remember what became of it."""
        if self.settings.batch > 1:
            delivery = await self._gather(event)
        else:
            delivery = await self._deliver_in_lanes([event])
        self._note(event, delivery)
        return delivery

    async def post(self, body: bytes, signature: str | None, *, url: str | None = None) -> Delivery:
        """POST raw bytes to the bot and count what goes wrong (R3)."""
        delivery = await self._post(body, signature, url or self._channel.webhook_url)
        if delivery.reason is not None:
            self.errors[delivery.reason] += 1
        return delivery

    def sign(self, body: bytes) -> str:
        """The signature over exactly these bytes (R1)."""
        digest = hmac.digest(self._channel.secret.encode(), body, hashlib.sha256)
        return base64.b64encode(digest).decode()

    def body(self, events: Iterable[dict[str, Any]]) -> bytes:
        """A webhook's body for these events."""
        webhook = {"destination": self._channel.bot_user_id, "events": list(events)}
        try:
            return _encode(webhook).encode()
        except UnicodeEncodeError:  # a lone surrogate can be escaped, but not encoded
            return json.dumps(webhook, separators=(",", ":")).encode()

    def recent(self, count: int) -> list[dict[str, Any]]:
        """The last events sent and how the bot answered them, the latest first."""
        rows = self._db.execute(
            "SELECT event, status, reason, tries, due FROM webhook ORDER BY rowid DESC LIMIT ?",
            (count,),
        )
        return [
            {
                "event": json.loads(event),
                "status": status,
                "reason": reason,
                "tries": tries,
                "redeliveryDue": due is not None,
            }
            for event, status, reason, tries, due in rows
        ]

    async def _gather(self, event: dict[str, Any]) -> Delivery:
        """Wait a moment for other events, then go out with them in one body (R5)."""
        future: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        self._gathered.append((event, future))
        if len(self._gathered) == 1:
            await asyncio.sleep(_GATHERING)
            await self._deliver_gathered()
        elif len(self._gathered) >= self.settings.batch:
            await self._deliver_gathered()
        return await future

    async def _deliver_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            delivery = await self._deliver_in_lanes([event for event, _ in gathered])
            for _, future in gathered:
                future.set_result(delivery)

    async def _deliver_in_lanes(self, events: list[dict[str, Any]]) -> Delivery:
        """Wait for earlier events of the same residents, unless all order is given up (R9)."""
        shuffle = self.settings.shuffle
        async with AsyncExitStack() as lanes:
            if shuffle not in (True, "all"):
                for user_id in sorted({event["source"]["userId"] for event in events}):
                    lane = self._lanes.setdefault(user_id, asyncio.Lock())
                    await lanes.enter_async_context(lane)
            if shuffle:
                await asyncio.sleep(random.random() * _SHUFFLING)
            body = self.body(events)
            signature = self.sign(body)
            if random.random() >= self.settings.duplicates:
                return await self.post(body, signature)
            # Both at once: the hardest case for whoever must see that it is one event (R7).
            first, _ = await asyncio.gather(self.post(body, signature), self.post(body, signature))
            return first

    async def _post(self, body: bytes, signature: str | None, url: str) -> Delivery:
        if not url or not self._channel.webhook_active:
            return Delivery(0, None, "no webhook URL is set")
        if self._http is None:
            return Delivery(0, None, "the simulator is not started")
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if signature is not None:
            headers["x-line-signature"] = signature
        timeout = aiohttp.ClientTimeout(total=self.settings.webhook_timeout)
        request = partial(
            self._http.post, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        )
        try:
            try:
                response = await request()
            except aiohttp.ServerDisconnectedError:
                # A kept connection whose other end was restarted: no fault of this webhook.
                response = await request()
            async with response:
                await response.read()
        except TimeoutError:
            return Delivery(0, "request_timeout", "Request timeout")
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            return Delivery(0, "could_not_connect", str(error))
        except aiohttp.ClientError as error:
            return Delivery(0, "unclassified", str(error))
        if 200 <= response.status < 300:
            return Delivery(response.status)
        return Delivery(response.status, "error_status_code", str(response.reason))

    def _note(self, event: dict[str, Any], delivery: Delivery) -> None:
        """Write down what became of an event, and when it is sent again (R8)."""
        event_id = event["webhookEventId"]
        due = None
        if delivery.reason is not None and (waits := self._waits()):
            (tries,) = self._db.execute(
                "SELECT tries FROM webhook WHERE event_id = ?", (event_id,)
            ).fetchone() or (len(waits),)
            if tries < len(waits):
                due = self._clock.time() + waits[tries]
                self._due.set()
        self._db.execute(
            "UPDATE webhook SET status = ?, reason = ?, tries = tries + 1, due = ?"
            " WHERE event_id = ?",
            (delivery.status, delivery.reason, due, event_id),
        )
        self._db.commit()

    def _waits(self) -> list[float]:
        """Seconds before each redelivery; none if redelivery is off (R8)."""
        chosen = self.settings.redelivery
        if isinstance(chosen, list):
            return chosen
        return list(_BACK_OFF) if chosen else []

    async def _redeliver(self) -> None:
        """Send failed events again when their time has come, by the platform's clock."""
        while True:
            await self._due.wait()
            waiting = self._db.execute(
                "SELECT event, due FROM webhook WHERE due IS NOT NULL ORDER BY due"
            ).fetchall()
            if not waiting:
                self._due.clear()
                continue
            now = self._clock.time()
            for text, due in waiting:
                if due <= now:
                    await self._deliver_again(json.loads(text))
            await asyncio.sleep(0.05)

    async def _deliver_again(self, event: dict[str, Any]) -> None:
        """The same event: same id, timestamp and reply token, marked as a redelivery (R8)."""
        again = {**event, "deliveryContext": {"isRedelivery": True}}
        if "replyToken" in event:
            self._replies.renew(event["replyToken"])
            self._db.commit()
        self._note(event, await self._deliver_in_lanes([again]))
