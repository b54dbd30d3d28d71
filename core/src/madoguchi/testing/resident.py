"""A resident in a test: says, taps, sends, opens, and sees what comes back."""

import re
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

from madoguchi.testing.page import Page, fetch
from madoguchi.testing.town import Town

PHOTO = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "03" * 64 + "ffc0000b08000100010101"
    "1100ffc4001400010000000000000000000000000000000003ffda0008010100003f0037ffd9"
)
"""The smallest JPEG: one grey point."""
Answer = str | dict[str, Any]


class TestResident:
    """A LINE user of the simulated platform, friend of the account unless told otherwise."""

    __test__ = False

    def __init__(self, town: Town, name: str = "花子", follow: bool | str = True) -> None:
        self._town = town
        before = False if follow is True else follow
        self.user_id: str = town.wait(town.simulator.add_resident(name, follow=before))
        self._seen = 0
        self.greeting = self.follows() if follow is True else []
        """What the account said when it was added."""

    def says(self, text: str) -> list[Answer]:
        """Type something; the answers, texts as plain `str`."""
        return self.sends({"type": "text", "text": text})

    def sends(self, message: Mapping[str, Any]) -> list[Answer]:
        """Send a message object as in a webhook, without its id."""
        return self._does(self._town.simulator.send_message(self.user_id, dict(message)))

    def sends_photo(self, data: bytes = PHOTO, name: str = "photo.jpg") -> list[Answer]:
        """Send a photo from the camera."""
        sent = self._town.wait(
            self._town.simulator.send_files(self.user_id, [(name, "image/jpeg", data)])
        )
        return self._after(sent[0])

    def sends_location(
        self, latitude: float = 35.0, longitude: float = 139.0, address: str = "見本市本町1"
    ) -> list[Answer]:
        """Send a place."""
        place = {"latitude": latitude, "longitude": longitude, "address": address}
        return self.sends({"type": "location", "title": "ここ", **place})

    def taps(self, label: str) -> list[Answer]:
        """Tap a button or quick reply of the latest messages, found by its label."""
        action = self._find_action(label)
        if action["type"] == "message":
            return self.says(action["text"])
        if action["type"] != "postback":
            raise AssertionError(
                f"{label!r} is a {action['type']} action; do what it opens instead"
            )
        shown = action.get("displayText")
        return self._does(
            self._town.simulator.tap(self.user_id, action["data"], display_text=shown)
        )

    def follows(self) -> list[Answer]:
        """Add the account as a friend, or unblock it."""
        return self._does(self._town.simulator.follow(self.user_id))

    def blocks(self) -> list[Answer]:
        """Block the account."""
        return self._does(self._town.simulator.unfollow(self.user_id))

    def unsends(self, message_id: str) -> list[Answer]:
        """Take a message back."""
        return self._does(self._town.simulator.unsend(self.user_id, message_id))

    def opens(self, path: str) -> Page:
        """Open a page of the gateway, such as `/hello/hours`; every page is linted."""
        return fetch(f"{self._town.pages_url}/{self._town.name}{path}")

    def waits(self, seconds: float | timedelta) -> None:
        """Let time pass, for the gateway and for LINE alike."""
        wait = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._town.clock.move(wait)

    def chat(self) -> list[dict[str, Any]]:
        """Everything in the chat room: entries with `from`, `via` and `message`."""
        return self._town.call(self._town.simulator.chats.entries, self.user_id, 0)

    def _does(self, work: Coroutine[Any, Any, Mapping[str, Any]]) -> list[Answer]:
        return self._after(self._town.wait(work))

    def _after(self, sent: Mapping[str, Any]) -> list[Answer]:
        if sent["status"] != 200:
            raise AssertionError(f"the gateway answered {sent['status']} to the webhook")
        self._town.wait(self._town.running.feed.wait_for(sent["webhookEventId"]))
        return self._news()

    def _news(self) -> list[Answer]:
        entries = [entry for entry in self.chat() if entry["seq"] > self._seen]
        self._seen = max([self._seen, *(entry["seq"] for entry in entries)])
        messages = [entry["message"] for entry in entries if entry["from"] == "bot"]
        return [m["text"] if _is_plain(m) else m for m in messages]

    def _find_action(self, label: str) -> dict[str, Any]:
        labels = []
        for entry in reversed(self.chat()):
            for action in _actions(entry["message"]):
                if action.get("label") == label:
                    return action
                labels.append(action.get("label"))
        raise AssertionError(f"nothing is labelled {label!r}; there are {labels}")


def _is_plain(message: Mapping[str, Any]) -> bool:
    return message.get("type") == "text" and message.keys() <= {"type", "text"}


def _actions(value: Any) -> list[dict[str, Any]]:
    """All actions in a message, at any depth."""
    if isinstance(value, list):
        return [action for item in value for action in _actions(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "label" in value and re.fullmatch(r"[a-z]+", str(value.get("type"))) else []
    return own + [action for item in value.values() for action in _actions(item)]
