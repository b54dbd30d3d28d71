"""The one source of the time. Nothing else in the gateway asks the system what time it is.

In production it is the system's clock. In the demo and in tests the simulator and the gateway
share one file with an offset in seconds, so that both move together when the clock is moved.
"""

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


class Clock:
    """The system's time plus the offset that a shared file holds (8 bytes, a little-endian double).

    Without a path the offset is always 0.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._offset = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as file:
                file.truncate(8)
                self._offset = mmap.mmap(file.fileno(), 8)

    @property
    def offset(self) -> float:
        """Seconds by which this clock is ahead of the system's; 0 in production."""
        return 0.0 if self._offset is None else struct.unpack("<d", self._offset[:8])[0]

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """The time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def move(self, seconds: float) -> None:
        """Move the clock of everybody who shares the file, forwards or backwards."""
        if self._offset is None:
            raise RuntimeError("this clock follows the system's: give it a file to be movable")
        self._offset[:8] = struct.pack("<d", self.offset + seconds)
