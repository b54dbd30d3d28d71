"""The last calls of the bot and what became of them: where a developer looks first (R17)."""

import json
from collections import deque
from typing import Any

from .clock import Clock, iso
from .exchange import Answer, Call

_KEPT = 500
_JSON = Answer().media_type


class CallLog:
    """The last 500 calls, in memory. What was accepted stands in the book."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: deque[tuple[float, str, str, str, int | None, bytes]] = deque(maxlen=_KEPT)

    def note(self, call: Call, answer: Answer | None) -> None:
        """Remember a call; no answer is a connection that a fault dropped."""
        status, error = None, b""
        if answer is not None:
            status = answer.status
            error = answer.body if status >= 400 and answer.media_type == _JSON else b""
        scope = call.scope
        request = (call.request_id, scope["method"], scope["path"])
        self._calls.append((self._clock.time(), *request, status, error))

    def recent(self, count: int) -> list[dict[str, Any]]:
        """The last calls, the latest first; a refused one with LINE's words and details."""
        return [
            {
                "at": iso(at),
                "requestId": request_id,
                "method": method,
                "path": path,
                "status": status,
                **(json.loads(error) if error else {}),
            }
            for at, request_id, method, path, status, error in list(self._calls)[: -count - 1 : -1]
        ]

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()
