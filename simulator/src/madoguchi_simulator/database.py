"""Where the platform keeps what must survive its end: one SQLite file, one connection."""

import sqlite3
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS memo (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resident (
    number INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
    language TEXT, follows INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS friendship (
    user_id TEXT NOT NULL, seq INTEGER NOT NULL, follows INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS friendship_user ON friendship (user_id, seq);
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY, user_id TEXT NOT NULL, sender TEXT NOT NULL, via TEXT NOT NULL,
    message TEXT NOT NULL, at REAL NOT NULL, state TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS entry_user ON entry (user_id, seq);
CREATE TABLE IF NOT EXISTS send (
    seq INTEGER PRIMARY KEY, request_id TEXT NOT NULL, endpoint TEXT NOT NULL, retry_key TEXT,
    user_id TEXT, body BLOB NOT NULL, messages INTEGER NOT NULL, counted INTEGER NOT NULL,
    sent TEXT, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS send_key ON send (retry_key) WHERE retry_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS send_many ON send (seq) WHERE user_id IS NULL;
CREATE TABLE IF NOT EXISTS reply_token (
    token TEXT PRIMARY KEY, user_id TEXT NOT NULL, issued REAL NOT NULL, expires REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS content (
    message_id TEXT PRIMARY KEY, kind TEXT NOT NULL, media_type TEXT NOT NULL,
    data BLOB, ready_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS access_token (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, key_id TEXT NOT NULL, issued REAL NOT NULL,
    expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS consent (
    user_id TEXT NOT NULL, client TEXT NOT NULL, scopes TEXT NOT NULL, refused TEXT NOT NULL,
    PRIMARY KEY (user_id, client)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS login_code (
    code TEXT PRIMARY KEY, client TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    user_id TEXT NOT NULL, scopes TEXT NOT NULL, nonce TEXT, challenge TEXT,
    expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS login_token (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, client TEXT NOT NULL, user_id TEXT NOT NULL,
    scopes TEXT NOT NULL, from_chat INTEGER NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS liff_view (
    view TEXT PRIMARY KEY, user_id TEXT NOT NULL, liff_id TEXT NOT NULL, address TEXT NOT NULL,
    from_chat INTEGER NOT NULL, access_token TEXT, id_token TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rich_menu (
    number INTEGER PRIMARY KEY, menu_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
    menu TEXT NOT NULL, media_type TEXT, image BLOB);
CREATE TABLE IF NOT EXISTS rich_menu_default (
    owner TEXT PRIMARY KEY, menu_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rich_menu_alias (
    alias TEXT PRIMARY KEY, menu_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rich_menu_link (
    user_id TEXT PRIMARY KEY, menu_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rich_menu_tap (
    menu_id TEXT NOT NULL, area INTEGER NOT NULL, user_id TEXT NOT NULL, day TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS rich_menu_tap_menu ON rich_menu_tap (menu_id, day);
CREATE INDEX IF NOT EXISTS rich_menu_link_menu ON rich_menu_link (menu_id);
CREATE TABLE IF NOT EXISTS rich_menu_job (
    number INTEGER PRIMARY KEY, request_id TEXT NOT NULL, batch_key TEXT, moves TEXT NOT NULL,
    accepted REAL NOT NULL, due REAL NOT NULL, failed TEXT);
CREATE INDEX IF NOT EXISTS rich_menu_job_open ON rich_menu_job (due) WHERE failed IS NULL;
CREATE TABLE IF NOT EXISTS webhook (
    event_id TEXT PRIMARY KEY, event TEXT NOT NULL, at REAL NOT NULL, status INTEGER,
    reason TEXT, tries INTEGER NOT NULL DEFAULT 0, due REAL);
CREATE INDEX IF NOT EXISTS webhook_due ON webhook (due) WHERE due IS NOT NULL;
"""

# What a reset empties. `memo` stays: it holds the number that the next message must exceed, and the
# keys that sign ID tokens.
_EMPTIED = (
    "resident",
    "friendship",
    "entry",
    "send",
    "reply_token",
    "content",
    "access_token",
    "consent",
    "login_code",
    "login_token",
    "liff_view",
    "rich_menu",
    "rich_menu_default",
    "rich_menu_alias",
    "rich_menu_link",
    "rich_menu_job",
    "rich_menu_tap",
    "webhook",
)


def open_database(path: Path | None) -> sqlite3.Connection:
    """The platform's database in the file ``path``, or in memory.

    Committed rows survive ``kill -9``. One loop writes; a test in another thread may read.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path or ":memory:", check_same_thread=False, cached_statements=256)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("PRAGMA wal_autocheckpoint=4000")
    db.executescript(_SCHEMA)
    return db


def empty(db: sqlite3.Connection) -> None:
    """Delete everything that residents and the bot did."""
    for table in _EMPTIED:
        db.execute(f"DELETE FROM {table}")
    db.commit()


def read_memo(db: sqlite3.Connection, name: str) -> str | None:
    """A single remembered value, None if there is none."""
    row = db.execute("SELECT value FROM memo WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def write_memo(db: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a single value; the caller commits."""
    db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", (name, value))
