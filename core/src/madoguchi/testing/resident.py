"""A resident in a test: says, taps, sends, opens, and sees what comes back."""

import re
import time
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

from madoguchi.testing.page import Page
from madoguchi.testing.town import LIFF_ID, Town
from madoguchi.testing.visitor import Typed, Visitor
from madoguchi.testing.wording import find_refused, texts_of

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
        self.browser = Visitor(town.pages_url, self.sign_in)
        """What pages are opened with; it keeps cookies."""
        self._seen = 0
        self.greeting = self.follows() if follow is True else []
        """What the account said when it was added."""

    def says(self, text: str) -> list[Answer]:
        """Type something; the answers, texts as plain `str`. Each is read for plain words."""
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

    def sends_photos(self, *photos: bytes) -> list[Answer]:
        """Choose several photos in the album and send them together (R48)."""
        files = [(f"{n}.jpg", "image/jpeg", data) for n, data in enumerate(photos)]
        sent = self._town.wait(self._town.simulator.send_files(self.user_id, files))
        return [answer for one in sent for answer in self._after(one)]

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

    def picks(self, label: str, day: str) -> list[Answer]:
        """Tap a date picker and pick a day such as `2026-04-01`."""
        action = self._find_action(label)
        if action["type"] != "datetimepicker":
            raise AssertionError(f"{label!r} is a {action['type']} action, no date picker")
        return self._does(
            self._town.simulator.tap(self.user_id, action["data"], params={"date": day})
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
        """Open a page of the gateway, such as `/hello/hours`; every page is linted.

        Pages that need to know who it is are opened as LINE opens them, with an ID token.
        """
        return self.browser.opens(f"/{self._town.name}{path}")

    def submits(self, typed: Mapping[str, Typed], button: str = "") -> Page:
        """Fill in the form of the page that is open, by the names of its inputs, and send it.

        `button` names the button by its words; without it, the first one of the first form.
        """
        return self.browser.submits(typed, button)

    def sign_in(self, browser: Visitor) -> Page:
        """Exchange an ID token for a session, as the page's script does."""
        sent = [("id_token", self.id_token()), ("liff_id", LIFF_ID)]
        return browser.posts(f"/{self._town.name}/liff/session", sent)

    def id_token(self) -> str:
        """A fresh ID token of this resident's, for this city's pages."""
        log_in = self._town.simulator.log_in
        return self._town.call(log_in, self.user_id, LIFF_ID)["idToken"]

    def hears(self, patience: float = 10) -> list[Answer]:
        """What the account sent by itself; waits at most `patience` seconds for it."""
        until = time.monotonic() + patience
        while not (news := self._news()) and time.monotonic() < until:
            time.sleep(0.02)
        return news

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
        if odd := find_refused("\n".join(texts_of(messages))):
            raise AssertionError(f"residents do not understand {odd}: say it in plain words")
        return [m["text"] if _is_plain(m) else m for m in messages]

    def _find_action(self, label: str) -> dict[str, Any]:
        labels = []
        for entry in reversed(self.chat()):
            for action in _actions(entry["message"]):
                if action.get("label") == label:
                    return action
                labels.append(action.get("label"))
        raise AssertionError(f"nothing is labelled {label!r}; there are {labels}")


def text_of(answer: Answer) -> str:
    """What an answer says, whatever its buttons are."""
    if isinstance(answer, str):
        return answer
    return str(answer.get("text") or answer.get("template", {}).get("text") or "")


def labels_of(answers: list[Answer]) -> list[str]:
    """The labels of the quick replies that LINE shows: those of the last message."""
    last = answers[-1] if answers else ""
    buttons = last.get("quickReply") if isinstance(last, dict) else None
    return [action["label"] for action in _actions(buttons)]


def _is_plain(message: Mapping[str, Any]) -> bool:
    return message.get("type") == "text" and message.keys() <= {"type", "text"}


def _actions(value: Any) -> list[dict[str, Any]]:
    """All actions in a message, at any depth."""
    if isinstance(value, list):
        return [action for item in value for action in _actions(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "label" in value and re.fullmatch(r"[a-zA-Z]+", str(value.get("type"))) else []
    return own + [action for item in value.values() for action in _actions(item)]
