"""Pictures, films, sounds and files that residents sent, held for the bot to fetch (R47)."""

import sqlite3
from dataclasses import dataclass

from .clock import Clock
from .errors import Refusal
from .pictures import grey_png

PREPARED = frozenset({"video", "audio"})
PREVIEWED = frozenset({"image", "video"})


@dataclass(frozen=True)
class Content:
    """The bytes of one message and their media type."""

    kind: str
    media_type: str
    data: bytes


class Contents:
    """Content by message id."""

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def keep(
        self, message_id: str, kind: str, media_type: str, data: bytes, preparing: float
    ) -> None:
        """Hold bytes; video and audio are ready ``preparing`` seconds later. The caller commits."""
        ready_at = self._clock.time() + (preparing if kind in PREPARED else 0.0)
        self._db.execute(
            "INSERT INTO content VALUES (?, ?, ?, ?, ?)",
            (message_id, kind, media_type, data, ready_at),
        )

    def drop(self, message_id: str) -> None:
        """The resident took the message back: it is gone for good (R13). The caller commits."""
        self._db.execute("UPDATE content SET data = NULL WHERE message_id = ?", (message_id,))

    def get(self, message_id: str) -> Content | None:
        """The content, or None while it is prepared.

        Raises:
            Refusal: 404 if there is none, 410 if it was unsent.
        """
        kind, media_type, data, ready_at = self._row(message_id)
        if data is None:
            raise Refusal(410, "The content is gone")
        if ready_at > self._clock.time():
            return None
        return Content(kind, media_type, data)

    def preview(self, message_id: str) -> Content | None:
        """A smaller picture of an image or a video; a video's is a grey rectangle.

        Raises:
            Refusal: also 400 for a sound or a file, which have no preview.
        """
        content = self.get(message_id)
        if content is None or content.kind == "image":
            return content
        if content.kind not in PREVIEWED:
            raise Refusal(400, "The message has no preview")
        return Content("image", "image/png", grey_png(320, 180))

    def transcoding(self, message_id: str) -> str:
        """``processing`` or ``succeeded``.

        Raises:
            Refusal: as `get`; 400 unless it is a video or a sound.
        """
        kind, _, data, ready_at = self._row(message_id)
        if data is None:
            raise Refusal(410, "The content is gone")
        if kind not in PREPARED:
            raise Refusal(400, "The message is neither video nor audio")
        return "processing" if ready_at > self._clock.time() else "succeeded"

    def _row(self, message_id: str) -> tuple[str, str, bytes | None, float]:
        row = self._db.execute(
            "SELECT kind, media_type, data, ready_at FROM content WHERE message_id = ?",
            (message_id,),
        ).fetchone()
        if row is None:
            raise Refusal(404, "Not found")
        return row


def kind_of(media_type: str) -> str:
    """The message type that a phone makes of a file of this media type."""
    kind = media_type.partition("/")[0]
    return kind if kind in ("image", "video", "audio") else "file"
