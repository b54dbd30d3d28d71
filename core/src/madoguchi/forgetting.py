"""How a SQLite file forgets, and how the door forgets what only it may write.

The worker writes orders into its own file (`inbox_order`, see `orders`); the door reads them there,
as it reads `handled`, carries them out and marks them in its own file. Loaded by the door: standard
library only.

Deleted content is overwritten with zeros (secure_delete). A page that was split keeps copies of
rows that moved away, of which secure_delete knows nothing (measured: 5 of 2,500 deleted rows), so
after a deletion the file is written anew and its log emptied (`scrub`).
"""

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("madoguchi.forgetting")

SCRUB_MOST = 256 * 1024 * 1024
"""Bytes: a larger file is not written anew (4 s, in which nobody else writes); use PostgreSQL."""
ATTEMPTS = 5
BUSY = 5.0
SLICE = 100
"""Rows changed at once: the door does it in its loop, and with zeros to write a row takes 60 µs."""

SCHEMA = """
PRAGMA secure_delete=ON;
CREATE TABLE IF NOT EXISTS carried_out (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_IS_DONE = "(i.done = 1 OR i.event_id IN (SELECT event_id FROM worker.handled))"
_OLD = f"SELECT i.seq FROM inbox i WHERE i.at < ? AND {_IS_DONE} ORDER BY i.seq LIMIT {SLICE}"
_PLACE = (
    "i.raw IS NOT NULL AND instr(i.raw, CAST('location' AS BLOB)) AND CASE WHEN"
    " json_valid(CAST(i.raw AS TEXT)) THEN json_extract(CAST(i.raw AS TEXT), '$.message.type')"
    " = 'location' END"
)
_PLACES = (
    f"SELECT i.seq FROM inbox i WHERE i.at < ? AND {_IS_DONE} AND {_PLACE}"
    f" ORDER BY i.seq LIMIT {SLICE}"
)
_BLANK = "UPDATE inbox SET raw = NULL WHERE {} = ?"
# What was taken back and its message are both gone.
_LEFT = (
    "SELECT message_id FROM unsent u WHERE NOT EXISTS"
    f" (SELECT 1 FROM inbox i WHERE i.message_id = u.message_id) LIMIT {SLICE}"
)


@dataclass(frozen=True, slots=True)
class Slice:
    """What the door does next: statements of one transaction, after writing the file anew."""

    statements: Sequence[tuple[str, Sequence[tuple[object, ...]]]]
    scrub: bool = False


def find(db: sqlite3.Connection) -> Slice | None:
    """What is next to forget. `db` reads the inbox, and the worker's file as `worker`."""
    orders = db.execute(
        "SELECT key, what, before, event_id FROM worker.inbox_order"
        " WHERE key NOT IN (SELECT key FROM carried_out) ORDER BY id LIMIT ?",
        (SLICE,),
    ).fetchall()
    if not orders:
        return _drop_marks(db)
    key, what, before, _ = orders[0]
    carried_out = ("INSERT OR IGNORE INTO carried_out VALUES (?)", [(key,)])
    if what == "event":
        those = [order for order in orders if order[1] == "event"]
        return Slice(
            [
                (_BLANK.format("event_id"), [(order[3],) for order in those]),
                (carried_out[0], [(order[0],) for order in those]),
            ]
        )
    if what == "scrub":
        return Slice([carried_out], scrub=True)
    found = db.execute(_OLD if what == "before" else _PLACES, (before,)).fetchall()
    change = "DELETE FROM inbox WHERE seq = ?" if what == "before" else _BLANK.format("seq")
    if len(found) == SLICE:
        return Slice([(change, found)])
    left = db.execute(_LEFT).fetchall()
    forget = ("DELETE FROM unsent WHERE message_id = ?", left)
    return Slice([(change, found), forget, *([] if len(left) == SLICE else [carried_out])])


def _drop_marks(db: sqlite3.Connection) -> Slice | None:
    """Forget marks of orders that the worker has taken away."""
    gone = db.execute(
        "SELECT key FROM carried_out WHERE key NOT IN (SELECT key FROM worker.inbox_order)"
    ).fetchall()
    return Slice([("DELETE FROM carried_out WHERE key = ?", gone)]) if gone else None


def count_old(db: sqlite3.Connection, before: float) -> int:
    """How many events an order `before` would delete; all of them are taken for handled."""
    return int(db.execute("SELECT count(*) FROM inbox WHERE at < ?", (before,)).fetchone()[0])


def count_places(db: sqlite3.Connection, before: float) -> int:
    """How many locations an order `places` would remove."""
    sql = f"SELECT count(*) FROM inbox i WHERE i.at < ? AND {_PLACE}"
    return int(db.execute(sql, (before,)).fetchone()[0])


def scrub(path: Path) -> bool:
    """Write the file anew and empty its log, so that nothing deleted is left in them.

    Others who write wait meanwhile. False if it could not be done now; the log says why.
    """
    small = path.stat().st_size <= SCRUB_MOST
    if not small:
        log.warning("%s is too large to be written anew: use PostgreSQL", path)
    error = ""
    for attempt in range(ATTEMPTS):
        time.sleep(0.1 * attempt)
        try:
            with closing(sqlite3.connect(path, timeout=BUSY, isolation_level=None)) as db:
                if small:
                    db.execute("VACUUM")
                if not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return small
                error = "somebody was reading"
        except sqlite3.OperationalError as locked:  # somebody wrote in the same moment
            error = str(locked)
    log.warning("%s could not be written anew: %s", path, error)
    return False
