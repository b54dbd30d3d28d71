"""The simulator without its web: everything that the control API does, as methods."""

import asyncio
import json
import mimetypes
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from .book import Book
from .call_log import CallLog
from .channel import Channel, Settings
from .chats import Chats
from .clock import Clock, iso, read_offset
from .contents import Contents, kind_of
from .database import empty, open_database, read_memo, write_memo
from .errors import Refusal
from .events import complete_message, event
from .faults import Faults
from .identifiers import is_whole, message_id, new_long_token
from .liff import LiffViews
from .login import LoginChannel
from .logins import Logins
from .mailbox import Mailbox
from .rates import RateLimits
from .replies import ReplyTokens
from .residents import BLOCKED, FRIEND, Residents
from .rich_menu_aliases import RichMenuAliases
from .rich_menu_insight import RichMenuTaps
from .rich_menu_links import RichMenuLinks
from .rich_menus import RichMenus
from .sending import Sending
from .tokens import AccessTokens
from .webhooks import Delivery, Webhooks


class Simulator:
    """One LINE channel with its residents, and the Login channels of the same provider.

    ``async with simulator:`` (or ``start`` and ``stop``) runs what it does by itself;
    ``simulator.app`` is the ASGI application with the Messaging API, the control API and the
    phone. ``data`` is a folder that keeps everything, ``clock_file`` an offset file that the
    bot under test may share. All methods belong to the loop that started it.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        logins: Sequence[LoginChannel] = (LoginChannel(),),
        data: Path | None = None,
        clock_file: Path | None = None,
    ) -> None:
        self.channel = channel
        self.clock = Clock(clock_file or (data / "clock" if data else None))
        self._db = open_database(data / "simulator.sqlite" if data else None)
        self.residents = Residents(self._db)
        self.chats = Chats(self._db, self.clock, self.residents)
        self.book = Book(self._db, self.clock, self.residents)
        self.contents = Contents(self._db, self.clock)
        wake = self.chats.wake
        self.menus = RichMenus(self._db, wake)
        self.menu_aliases = RichMenuAliases(self._db, self.menus)
        self.menu_links = RichMenuLinks(self._db, self.clock, self.residents, self.menus, wake)
        self.menu_taps = RichMenuTaps(self._db, self.clock)
        self.tokens = AccessTokens(self._db, self.clock, channel)
        self.logins = Logins(self._db, self.clock, self.residents, logins)
        self.liff = LiffViews(self._db, self.logins)
        self.faults = Faults()
        self.mailbox = Mailbox(self.clock, data)
        self.rates = RateLimits(self.clock)
        self.calls = CallLog(self.clock)
        replies = ReplyTokens(self._db, self.clock)
        self._replies = replies
        self.sending = Sending(self._db, self.residents, self.chats, self.book, replies)
        self.webhooks = Webhooks(self._db, self.clock, channel, replies)
        self._settings = Settings()
        kept = json.loads(read_memo(self._db, "settings") or "{}")
        self._apply({name: kept[name] for name in self._settings.to_json() if name in kept})
        self.faults.replace(json.loads(read_memo(self._db, "faults") or "[]"))
        self._running = 0

    @cached_property
    def app(self) -> ASGIApp:
        """The ASGI application; its lifespan starts and stops the simulator."""
        from .app import build_app  # the web part knows the simulator, so it comes later

        return build_app(self)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    async def start(self) -> None:
        """Start sending webhooks; a second start only counts."""
        self._running += 1
        if self._running == 1:
            await self.webhooks.start()

    async def stop(self) -> None:
        """Stop what `start` started, once for each start."""
        self._running -= 1
        if self._running == 0:
            await self.webhooks.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    async def add_resident(
        self,
        display_name: str,
        *,
        language: str | None = None,
        follow: bool | str = True,
        user_id: str = "",
    ) -> str:
        """A new LINE user; returns the user id.

        ``follow``: True adds the account as a friend and sends the event, False does not,
        ``"before"`` makes a friend of whom the bot has heard nothing.
        """
        if not isinstance(follow, bool) and follow != "before":
            raise Refusal(400, '"follow" is true, false or "before"')
        before = follow == "before"
        user_id = self.residents.add(
            display_name, language, self.chats.next_seq(), friend=before, user_id=user_id
        )
        self._db.commit()
        if follow is True:
            await self.follow(user_id)
        return user_id

    async def send_message(self, user_id: str, message: dict[str, Any]) -> dict[str, Any]:
        """The resident sends a message: text, location, sticker, or media that lie elsewhere."""
        self.residents.get(user_id)
        return (await self._send_messages(user_id, [message]))[0]

    def show_message(self, user_id: str, message: dict[str, Any]) -> None:
        """A message in the resident's name of which the bot hears nothing (R61)."""
        self.chats.add(self.chats.next_seq(), user_id, "resident", "liff", [message])
        self._db.commit()

    async def send_files(
        self, user_id: str, files: Sequence[tuple[str, str, bytes]]
    ) -> list[dict[str, Any]]:
        """The resident sends files: (name, media type, bytes). Several images form a set (R48)."""
        self.residents.get(user_id)
        messages: list[dict[str, Any]] = []
        kept: list[tuple[str, bytes]] = []
        kinds = [kind_of(_media_type(name, media_type)) for name, media_type, _ in files]
        images, set_id, place = kinds.count("image"), new_long_token()[:32], 0
        for kind, (name, media_type, data) in zip(kinds, files, strict=True):
            message: dict[str, Any] = {"type": kind}
            if kind == "file":
                message |= {"fileName": name, "fileSize": len(data)}
            if kind in ("video", "audio"):
                message["duration"] = 1000
            if kind == "image" and images > 1:
                place += 1
                message["imageSet"] = {"id": set_id, "index": place, "total": images}
            messages.append(message)
            kept.append((_media_type(name, media_type), data))
        return await self._send_messages(user_id, messages, kept)

    async def _send_messages(
        self,
        user_id: str,
        messages: list[dict[str, Any]],
        kept: Sequence[tuple[str, bytes]] = (),
    ) -> list[dict[str, Any]]:
        events = []
        for index, message in enumerate(messages):
            seq = self.chats.next_seq()
            number = message_id(seq)
            complete = complete_message(message, number)
            complete["markAsReadToken"] = f"{number}.{new_long_token()[:32]}"
            if kept:
                media_type, data = kept[index]
                preparing = self.settings.transcoding_seconds
                self.contents.keep(number, complete["type"], media_type, data, preparing)
            self.chats.add(seq, user_id, "resident", "message", [complete])
            happened = event("message", user_id, self.clock.time(), message=complete)
            events.append(self.webhooks.prepare(happened))
        self._db.commit()
        # Each on its own, as LINE does; residents' order is kept by the sender (R48).
        delivered = await asyncio.gather(*map(self._deliver, events))
        return [
            {"messageId": happened["message"]["id"], **answer}
            for happened, answer in zip(events, delivered, strict=True)
        ]

    async def tap(
        self,
        user_id: str,
        data: str,
        params: dict[str, str] | None = None,
        display_text: str | None = None,
    ) -> dict[str, Any]:
        """A tap on a postback action; ``display_text`` appears in the room, without an event."""
        self.residents.get(user_id)
        postback = {"data": data, **({"params": params} if params else {})}
        if display_text:
            shown = {"type": "text", "text": display_text}
            self.chats.add(self.chats.next_seq(), user_id, "resident", "postback", [shown])
        return await self._emit("postback", user_id, postback=postback)

    async def follow(self, user_id: str) -> dict[str, Any]:
        """The resident adds the account as a friend, or unblocks it."""
        unblocked = self.residents.get(user_id).state == BLOCKED
        self.residents.change_state(user_id, FRIEND, self.chats.next_seq())
        return await self._emit("follow", user_id, follow={"isUnblocked": unblocked})

    async def unfollow(self, user_id: str) -> dict[str, Any]:
        """The resident blocks the account."""
        self.residents.get(user_id)
        self.residents.change_state(user_id, BLOCKED, self.chats.next_seq())
        return await self._emit("unfollow", user_id, with_reply_token=False)

    async def unsend(self, user_id: str, message: str) -> dict[str, Any]:
        """The resident takes a message back; its content is gone (R13)."""
        found = self.chats.message_of(message)
        if found is None or found[0] != user_id:
            raise Refusal(404, f"{user_id} sent no message {message}")
        self.chats.mark(message, "unsent")
        self.contents.drop(message)
        self.chats.wake(user_id)
        return await self._emit(
            "unsend", user_id, with_reply_token=False, unsend={"messageId": message}
        )

    def log_in(self, user_id: str, liff_id: str) -> dict[str, Any]:
        """``idToken`` and ``accessToken`` of a LIFF app, as after a consent to everything."""
        app = self.logins.app(liff_id)
        self.logins.consents.answer(user_id, liff_id, app.scopes)
        issued = self.logins.issue_for_liff(app, user_id, from_chat=True)
        return {"idToken": issued.get("id_token"), "accessToken": issued["access_token"]}

    def mark_read(self, token: str) -> bool:
        """Mark a room as read up to the message this token came with; False if it is unknown."""
        number = token.partition(".")[0]
        found = self.chats.message_of(number)
        if found is None or found[1].get("markAsReadToken") != token:
            return False
        self.chats.mark_read(found[0], number)
        self._db.commit()
        self.chats.wake(found[0])
        return True

    async def send_raw_events(
        self, events: list[Any], signature: str | bool | None = True
    ) -> Delivery:
        """Sign these events and send them as they are; their reply tokens are honoured.

        ``signature``: True signs, a text is sent instead, None or False leaves the header out.
        """
        for one in events:
            if _can_be_answered(one):
                self._replies.register(one["replyToken"], one["source"]["userId"])
                if one.get("deliveryContext") == {"isRedelivery": True}:
                    self._replies.renew(one["replyToken"])
        self._db.commit()
        return await self.send_raw_body(self.webhooks.body(events), signature)

    async def send_raw_body(self, body: bytes, signature: str | bool | None = True) -> Delivery:
        """Send these bytes as a webhook, whatever they are."""
        if signature is True:
            signature = self.webhooks.sign(body)
        return await self.webhooks.post(body, signature or None)

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        """Order faults (see `Fault`); they stay until replaced, also over a restart."""
        self.faults.replace(rules)
        write_memo(self._db, "faults", json.dumps(rules))
        self._db.commit()

    def change_settings(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change settings; returns all of them.

        Besides those of `Settings`: ``clock`` (seconds ahead of the system's clock, or the
        instant that it shall be as ISO 8601), ``webhookUrl`` and ``webhookActive``.
        """
        remaining = dict(changes)
        clock = remaining.pop("clock", None)
        offset = self.clock.offset if clock is None else read_offset(clock)
        self._apply(remaining)
        self.clock.offset = offset
        self._keep_settings()
        return self.current_settings()

    def current_settings(self) -> dict[str, Any]:
        """All settings with their values, the account's name, and the time."""
        return {
            **self._settings.to_json(),
            "displayName": self.channel.display_name,
            "webhookUrl": self.channel.webhook_url,
            "webhookActive": self.channel.webhook_active,
            "clock": self.clock.offset,
            "now": iso(self.clock.time()),
        }

    def set_webhook_url(self, url: str) -> None:
        """Where events go from now on."""
        self.change_settings({"webhookUrl": url})

    def reset(self) -> None:
        """Forget residents, chats, book, tokens, settings, faults; the clock is right again."""
        empty(self._db)
        self.chats.keep_seq()
        self.residents.load()
        self.book.forget_usage()
        self.rates.refill()
        self.calls.clear()
        self.webhooks.errors.clear()
        self.clock.offset = 0.0
        self._settings = self.webhooks.settings = Settings()
        self._keep_settings()
        self.set_faults([])

    async def _emit(
        self, kind: str, user_id: str, *, with_reply_token: bool = True, **members: Any
    ) -> dict[str, Any]:
        happened = event(kind, user_id, self.clock.time(), **members)
        self.webhooks.prepare(happened, with_reply_token=with_reply_token)
        self._db.commit()
        return await self._deliver(happened)

    async def _deliver(self, happened: dict[str, Any]) -> dict[str, Any]:
        delivery = await self.webhooks.deliver(happened)
        reason = {"reason": delivery.reason} if delivery.reason else {}
        return {
            "webhookEventId": happened["webhookEventId"],
            "status": delivery.status,
            **reason,
        }

    def _apply(self, changes: dict[str, Any]) -> None:
        url = changes.pop("webhookUrl", self.channel.webhook_url)
        active = changes.pop("webhookActive", self.channel.webhook_active)
        if not isinstance(url, str) or not isinstance(active, bool):
            raise Refusal(400, '"webhookUrl" is a text, "webhookActive" true or false')
        self._settings = self._settings.changed(changes)
        self.webhooks.settings = self._settings
        self.channel.webhook_url, self.channel.webhook_active = url, active

    def _keep_settings(self) -> None:
        kept = replace(self._settings).to_json()
        write_memo(self._db, "settings", json.dumps(kept))
        self._db.commit()


def _can_be_answered(event: Any) -> bool:
    if not isinstance(event, dict) or not isinstance(event.get("source"), dict):
        return False
    needed = (event.get("replyToken"), event["source"].get("userId"))
    return all(isinstance(one, str) and is_whole(one) for one in needed)


def _media_type(name: str, media_type: str) -> str:
    if media_type and media_type != "application/octet-stream":
        return media_type.partition(";")[0]
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
