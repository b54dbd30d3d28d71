"""What is committed reaches the file without a commit that has to wait for it."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from madoguchi.checkpoints import AT_LAST, Checkpoints

MEGABYTES = 3


def fill(db: sqlite3.Connection) -> None:
    for _ in range(MEGABYTES):
        db.execute("INSERT INTO t VALUES (?)", (bytes(1024 * 1024),))


def open_file(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(f"PRAGMA journal_mode=WAL; {AT_LAST}; CREATE TABLE t (b BLOB)")
    return db


def test_commits_leave_the_file_alone_and_the_thread_brings_it_up_to_date(tmp_path):
    path = tmp_path / "main.sqlite"
    with closing(open_file(path)) as db:
        fill(db)
        assert path.stat().st_size < MEGABYTES * 2**20, "a commit wrote into the file"
        checkpoints = Checkpoints(path)
        checkpoints.start()
        until = time.monotonic() + 60
        while path.stat().st_size < MEGABYTES * 2**20 and time.monotonic() < until:
            time.sleep(0.05)
        checkpoints.stop()
        assert path.stat().st_size >= MEGABYTES * 2**20
        log = path.with_name("main.sqlite-wal").stat().st_size
        fill(db)  # everything was moved: the log begins anew instead of growing
        assert path.with_name("main.sqlite-wal").stat().st_size <= log


def test_a_file_that_is_gone_ends_nothing(tmp_path):
    path = tmp_path / "main.sqlite"
    with closing(open_file(path)):
        checkpoints = Checkpoints(path)
        checkpoints.start()
    for each in tmp_path.iterdir():
        each.unlink()
    checkpoints.stop()
    assert not checkpoints._thread.is_alive()
