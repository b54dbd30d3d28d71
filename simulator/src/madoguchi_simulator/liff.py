"""LIFF as LINE's app plays it: a page opened from a chat, what it is given, what it may send."""

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from madoguchi_messages import find_problems

from .errors import Refusal, field_errors
from .identifiers import new_token
from .logins import Login, Logins

if TYPE_CHECKING:
    from .simulator import Simulator

_URL = re.compile(r"https?://[^/?#]+/(\d+-[A-Za-z0-9]{8})((?:[/?#].*)?)", re.DOTALL)
_MOST_MESSAGES = 5
_SENDABLE = frozenset(
    {"text", "sticker", "image", "video", "audio", "location", "template", "flex"}
)
# What a webhook says of a message: no more than a resident's own message has.
_IN_EVENT = {
    "text": ("text",),
    "sticker": ("packageId", "stickerId"),
    "location": ("title", "address", "latitude", "longitude"),
    "image": (),
    "video": ("duration",),
    "audio": ("duration",),
}


class LiffViews:
    """The LIFF browsers that are open on phones. A view is known by a secret of its phone."""

    def __init__(self, db: sqlite3.Connection, logins: Logins) -> None:
        self._db = db
        self._logins = logins

    def open(self, user_id: str, url: str, *, from_chat: bool = True) -> dict[str, Any]:
        """Open a LIFF URL on a resident's phone.

        Answers ``view``, the app, ``primaryUrl``, and ``address``: what the browser goes to,
        which is the consent screen first if the resident has not been asked yet.

        Raises:
            Refusal: 400 no LIFF URL or one above the endpoint (R62), 404 no such app.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise Refusal(400, f"{url!r} is no LIFF URL")
        app = self._logins.app(match[1])
        address, view = app.primary_url(match[2]), new_token()
        unanswered = self._logins.consents.unanswered(user_id, app.id, app.first_scopes)
        self._db.execute(
            "INSERT INTO liff_view VALUES (?, ?, ?, ?, ?, NULL, NULL)",
            (view, user_id, app.id, address, int(from_chat)),
        )
        self._db.commit()
        return {
            **app.to_json(),
            "name": self._logins.title(app.id),
            "view": view,
            "primaryUrl": address,
            "address": f"/dialog/liff?view={view}" if unanswered else address,
        }

    def find(self, view: str) -> tuple[str, str, str]:
        """User id, LIFF id and primary URL of a view, or Refusal 404."""
        row = self._db.execute(
            "SELECT user_id, liff_id, address FROM liff_view WHERE view = ?", (view,)
        ).fetchone()
        if row is None:
            raise Refusal(404, "there is no such view, or it was closed")
        return row

    def session(self, view: str) -> dict[str, Any]:
        """What ``liff.init()`` gets in this view, the same at every page: tokens and context (R55).

        Raises:
            Refusal: 403 before the resident's consent.
        """
        user_id, liff_id, _ = self.find(view)
        app = self._logins.app(liff_id)
        if self._logins.consents.unanswered(user_id, liff_id, app.first_scopes):
            raise Refusal(403, "the resident has not been asked yet")
        access, id_token, from_chat = self._db.execute(
            "SELECT access_token, id_token, from_chat FROM liff_view WHERE view = ?", (view,)
        ).fetchone()
        if access is None:
            issued = self._logins.issue_for_liff(app, user_id, from_chat=bool(from_chat))
            access, id_token = issued["access_token"], issued.get("id_token")
            self._db.execute(
                "UPDATE liff_view SET access_token = ?, id_token = ? WHERE view = ?",
                (access, id_token, view),
            )
            self._db.commit()
        return {
            "accessToken": access,
            "idToken": id_token,
            "context": {
                "type": "utou" if from_chat else "none",
                "userId": user_id,
                "liffId": liff_id,
                "viewType": app.size,
                "endpointUrl": app.endpoint,
                "scope": list(app.scopes),
            },
        }

    def close(self, view: str) -> None:
        """The app is closed: its access token holds no longer (R55)."""
        for (token,) in self._db.execute(
            "DELETE FROM liff_view WHERE view = ? RETURNING access_token", (view,)
        ).fetchall():
            self._logins.end(token or "")
        self._db.commit()


async def send_messages(simulator: "Simulator", login: Login, messages: Any) -> None:
    """``liff.sendMessages()``: up to five messages in the resident's name (R61).

    Templates and Flex messages appear without a webhook; media come as ``external``.

    Raises:
        Refusal: 403 when the page was not opened from a chat, 400 for what may not be sent.
    """
    if not login.from_chat:
        raise Refusal(403, "the LIFF app was not opened from a chat")
    check_sendable(messages)
    for message in messages:
        if message["type"] in ("template", "flex"):
            simulator.show_message(login.resident.user_id, message)
        else:
            await simulator.send_message(login.resident.user_id, _as_sent(message))


def check_sendable(messages: Any) -> None:
    """Refusal 400 for what a LIFF app may not send, to the bot or to the resident's friends."""
    if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST_MESSAGES:
        raise field_errors([("messages", f"Size must be between 1 and {_MOST_MESSAGES}")])
    if problems := find_problems(messages):
        raise field_errors([(one.property, one.message) for one in problems])
    for index, message in enumerate(messages):
        if message["type"] not in _SENDABLE:
            raise field_errors([(f"messages[{index}].type", "must not be sent from a LIFF app")])
        if message["type"] in ("template", "flex") and not _links_only(message):
            raise field_errors([(f"messages[{index}]", "may hold URI actions only")])


def _as_sent(message: dict[str, Any]) -> dict[str, Any]:
    kind = message["type"]
    sent = {key: message[key] for key in ("type", *_IN_EVENT[kind]) if key in message}
    urls = ("originalContentUrl", "previewImageUrl")
    if kind in ("image", "video", "audio"):
        elsewhere = {key: message[key] for key in urls if key in message}
        sent["contentProvider"] = {"type": "external", **elsewhere}
    return sent


def _links_only(value: Any) -> bool:
    """Whether every action in a message opens a URI."""
    if isinstance(value, list):
        return all(map(_links_only, value))
    if not isinstance(value, dict):
        return True
    for name, child in value.items():
        actions = {"actions": child, "action": [child], "defaultAction": [child]}.get(name, [])
        if any(isinstance(one, dict) and one.get("type") != "uri" for one in actions):
            return False
    return all(map(_links_only, value.values()))
