"""The platform's time: the system's plus an offset that other processes may share."""

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import Refusal

_LATEST = datetime(3000, 1, 1, tzinfo=UTC).timestamp()


class Clock:
    """The system's time plus an offset: 8 bytes in a shared file, a little-endian double.

    The file is mapped into memory, so that a bot under test that maps it too lives in the same
    time. Without a path the offset belongs to this process alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self._offset = mmap.mmap(-1, 8)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.truncate(8)
            self._offset = mmap.mmap(file.fileno(), 8)

    @property
    def offset(self) -> float:
        """How many seconds this clock is ahead of the system's."""
        return struct.unpack("<d", self._offset[:8])[0]

    @offset.setter
    def offset(self, seconds: float) -> None:
        self._offset[:8] = struct.pack("<d", seconds)

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset

    def move(self, seconds: float) -> None:
        """Move the clock of everybody who shares the file, forwards or backwards."""
        self.offset += seconds


def read_offset(value: Any) -> float:
    """Seconds that a clock is ahead, as the control API writes it.

    ``value``: the seconds, or the ISO 8601 time that it shall be now (in UTC without a zone).

    Raises:
        Refusal: 400 for anything else, and outside of 1970 to 2999.
    """
    now = time.time()
    try:
        if isinstance(value, str):
            instant = datetime.fromisoformat(value)
            instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
            offset = instant.timestamp() - now
        elif isinstance(value, int | float) and not isinstance(value, bool):
            offset = float(value)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        raise Refusal(400, '"clock" is seconds ahead of now, or an ISO 8601 time') from None
    if not 0 <= now + offset < _LATEST:
        raise Refusal(400, '"clock" can be from 1970 to 2999')
    return offset


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
