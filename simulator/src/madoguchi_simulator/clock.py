"""The platform's time: the system's plus an offset that other processes may share."""

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path


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

    def set(self, instant: datetime) -> None:
        """Make it ``instant`` now; an instant without a zone is one in UTC."""
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        self.offset = instant.timestamp() - time.time()


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
