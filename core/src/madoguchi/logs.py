"""How a process logs: one line for each record on standard error, for a few microseconds each.

Lines are written together, at the latest with the next `flush()` (the watch's, four times a second)
or the next warning: a system call for each of them costs more than all the rest (measured).
"""

import logging
import sys
import time
from contextlib import nullcontext

MOST = 100
"""Lines that are kept before they are written."""


class Line(logging.Formatter):
    """Time, level and message; the time's text is made once a second."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._second, self._text = -1, ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Local time with milliseconds."""
        second = int(record.created)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        return f"{self._text},{int(record.msecs):03d}"


class Lines(logging.Handler):
    """Writes lines to standard error, many at once; a warning at once, with all before it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, or write it with all that are kept."""
        self._lines.append(self.format(record))
        if record.levelno >= logging.WARNING or len(self._lines) >= MOST:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        with self.lock or nullcontext():
            lines, self._lines = self._lines, []
            if lines:
                sys.stderr.write("\n".join(lines) + "\n")
                sys.stderr.flush()


def flush() -> None:
    """Write what this process has logged so far."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def configure(level: str) -> None:
    """Log from this level on. What no line shows (thread, process, caller) is not looked up."""
    handler = Lines()
    handler.setFormatter(Line())
    logging.basicConfig(level=level, handlers=[handler])
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # type: ignore[attr-defined]  # the documented way
