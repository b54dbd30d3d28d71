"""The core's own tables, as one MetaData. A gateway has a database to itself, so none names it.

Times that machines compare (queues, leases) are float seconds since 1970, as `Clock.time()` gives
them and as the driver-level queries of the hot path need them; times that people read (residents,
unanswered words, the audit log) are `UTCDateTime`. Texts have no length: what LINE sends may grow.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)

from .store import NAMING, UTCDateTime

CORE = "core"
"""The owner of these tables, where plugins have their names."""

metadata = MetaData(naming_convention=NAMING, info={"owner": CORE})

_Id = BigInteger().with_variant(Integer, "sqlite")


def _table(name: str, *parts: Any, **options: Any) -> Table:
    return Table(name, metadata, *parts, **options)


resident = _table(
    "resident",
    Column("id", _Id, primary_key=True),
    Column("line_id", Text, nullable=False, unique=True),
    Column("follows", Boolean, nullable=False),
    Column("language", Text),
    Column("first_seen", UTCDateTime, nullable=False),
    # LINE's timestamp, in milliseconds, of the last follow or unfollow that was applied (R9).
    Column("state_at", BigInteger, nullable=False, server_default=text("0")),
    Column("followed_at", UTCDateTime),
    Column("unfollowed_at", UTCDateTime),
    sqlite_autoincrement=True,  # an erased resident's number is never given to another
)

handled = _table(
    "handled",
    Column("event_id", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("lane", Integer, nullable=False),
)

attempt = _table(
    "attempt",
    Column("event_id", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("set_aside", Boolean, nullable=False, server_default=false()),
    Column("at", Double, nullable=False),
)

lane = _table(
    "lane",
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
    Column("until", Double, nullable=False, server_default=text("0")),
)

worker = _table(
    "worker",
    Column("id", Text, primary_key=True),
    Column("until", Double, nullable=False),
    Column("started_at", Double, nullable=False),
)

outgoing = _table(
    "outgoing",
    Column("id", _Id, primary_key=True),
    Column("event_id", Text, index=True),
    Column("resident_id", _Id, ForeignKey("resident.id", ondelete="CASCADE"), index=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # The retry key: derived, never random, so that two senders repeat the same one.
    Column("key", Text, unique=True),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("reply_deadline", Double),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("first_try", Double),
    Column("next_try", Double, nullable=False, server_default=text("0")),
    Column("accepted_at", Double),
    Column("request_id", Text),
    Column("error", Text),
    Column("created", Double, nullable=False),
)
_waiting = text("state = 'waiting'")
Index(
    "ix_outgoing_waiting",
    outgoing.c.next_try,
    outgoing.c.id,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)

unanswered = _table(
    "unanswered",
    Column("id", _Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("text", Text, nullable=False),
    # A keyed hash of LINE's message id, for as long as an unsend may still come.
    Column("message_key", Text, index=True),
    Column("plugin", Text),
)

audit = _table(
    "audit",
    Column("id", _Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_label", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", JSON(none_as_null=True)),
    # The place in the chain. Rows commit in another order than their ids were given out in.
    Column("position", _Id, unique=True),
    Column("seal", Text),
    Column("sealed_at", UTCDateTime),
    sqlite_autoincrement=True,
)
_unsealed = text("position IS NULL")
Index("ix_audit_unsealed", audit.c.id, sqlite_where=_unsealed, postgresql_where=_unsealed)

meta = _table(
    "meta",
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

inbox = _table(
    "inbox",
    Column("seq", BigInteger, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("lane", Integer, nullable=False),
    Column("message_id", Text, index=True),
    Column("at", Double, nullable=False),
    Column("raw", LargeBinary),
    Column("done", Boolean, nullable=False, server_default=false()),
    # On SQLite the inbox is a file of the door's own (design §5).
    info={"dialect": "postgresql"},
)
Index("ix_inbox_pending", inbox.c.seq, postgresql_where=text("NOT done"))

# Messages that were taken back (R13): what arrives late is stored without its content.
unsent = _table(
    "unsent", Column("message_id", Text, primary_key=True), info={"dialect": "postgresql"}
)


def tables_for(dialect: str) -> list[Table]:
    """The core's tables on this dialect, those that are referred to first."""
    return [
        table for table in metadata.sorted_tables if table.info.get("dialect", dialect) == dialect
    ]
