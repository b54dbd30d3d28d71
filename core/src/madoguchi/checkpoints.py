"""Checkpoints of a SQLite file beside its writer, so that no commit has to wait for one.

What is committed lies in the log (WAL) first. By itself SQLite moves it into the file at the end of
a commit once the log has 1,000 pages: at the door, which commits in its loop, that stopped every
webhook for tens of milliseconds each second under load. Loaded by the door: standard library only.
"""

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

log = logging.getLogger("madoguchi.checkpoints")

PAUSE = 1.0
"""Seconds between two looks at whether the log has grown."""
AT_LAST = "PRAGMA wal_autocheckpoint=16000"
"""For the writer: it moves the pages itself only when nobody else did, after 64 MB. By then nearly
all of them are moved, and the log begins anew."""


class Checkpoints:
    """A thread that keeps the log of one file short."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Begin; the file is there already."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the checkpoint that is under way."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        seen = 0
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            while not self._ended.wait(PAUSE):
                try:
                    if (written := self._log.stat().st_mtime_ns) != seen:
                        seen = written
                        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except (OSError, sqlite3.Error) as error:
                    log.debug("%s: no checkpoint now: %s", self._path, error)
