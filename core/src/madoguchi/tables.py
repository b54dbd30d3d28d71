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
    UniqueConstraint,
    false,
    text,
)

from .store import NAMING, UTCDateTime

CORE = "core"
"""The owner of these tables, where plugins have their names."""

metadata = MetaData(naming_convention=NAMING, info={"owner": CORE})

_Id = BigInteger().with_variant(Integer, "sqlite")


def _resident(**options: Any) -> Column[int]:
    return Column("resident_id", _Id, ForeignKey("resident.id", ondelete="CASCADE"), **options)


def _table(name: str, *parts: Any, **options: Any) -> Table:
    return Table(name, metadata, *parts, **options)


def _index(name: str, where: str, *columns: Column[Any], unique: bool = False) -> None:
    """An index of the rows that are looked for, and of no others."""
    those = text(where)
    Index(name, *columns, unique=unique, sqlite_where=those, postgresql_where=those)


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
    _resident(index=True),
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
_WAITING = "state = 'waiting'"
_index("ix_outgoing_waiting", _WAITING, outgoing.c.next_try, outgoing.c.id)

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
_index("ix_audit_unsealed", "position IS NULL", audit.c.id)

# A form that is being filled in. `place` is "chat" while it is open there, which at most one form
# of a resident is, else "page"; `partial` is what the chat has of the answer to `at_field`.
draft = _table(
    "draft",
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    _resident(nullable=False),
    Column("form", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("at_field", Text),
    Column("partial", JSON(none_as_null=True)),
    # Question → the keyed hash of the message that answered it, so that an unsend reaches it (R13).
    Column("heard", JSON, nullable=False),
    Column("place", Text, nullable=False),
    Column("updated", Double, nullable=False, index=True),
    Column("created", Double, nullable=False),
    UniqueConstraint("resident_id", "form"),
    sqlite_autoincrement=True,  # an old button never meets another form of the same number
)
_index("ix_draft_in_chat", "place = 'chat'", draft.c.resident_id, unique=True)

submission = _table(
    "submission",
    Column("id", _Id, primary_key=True),
    Column("form", Text, nullable=False),
    Column("version", Text, nullable=False),
    _resident(nullable=False, index=True),
    Column("answers", JSON, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("at", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_submission_form_at", submission.c.form, submission.c.at)

# Photos without EXIF and files; the original is for staff, and only for some days.
media = _table(
    "media",
    Column("id", _Id, primary_key=True),
    _resident(nullable=False, index=True),
    Column("draft_id", _Id, ForeignKey("draft.id", ondelete="CASCADE"), index=True),
    Column("submission_id", _Id, ForeignKey("submission.id", ondelete="CASCADE"), index=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("content_type", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("original", LargeBinary),
    # A keyed hash of LINE's message id, so that an unsend reaches it (R13).
    Column("message_key", Text, index=True),
    # LINE's name for photos that were sent together.
    Column("image_set", Text),
    Column("at", UTCDateTime, nullable=False, index=True),
    sqlite_autoincrement=True,
)

# What residents told about themselves; `field` is `plugin/name`.
profile = _table(
    "profile",
    _resident(primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

# A reading of LINE's follower list (R49), with how far it came; the newest row is the last one.
follower_import = _table(
    "follower_import",
    Column("id", _Id, primary_key=True),
    Column("started", UTCDateTime, nullable=False),
    # 1 while it is under way, so that there is one at a time.
    Column("slot", Integer, unique=True),
    # LINE's name for the next page; none: from the beginning.
    Column("onward", Text),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("restarts", Integer, nullable=False, server_default=text("0")),
    Column("listed", Integer, nullable=False, server_default=text("0")),
    Column("added", Integer, nullable=False, server_default=text("0")),
    Column("returned", Integer, nullable=False, server_default=text("0")),
    Column("left_out", Integer, nullable=False, server_default=text("0")),
    Column("trouble", Text),
    Column("ended", UTCDateTime),
    # LINE's own count of friends without blocks, and the day for which it is.
    Column("line_count", Integer),
    Column("line_day", Text),
)

# Our rich menus at LINE, those of the last hour that are gone included (R45: 100 an hour).
rich_menu = _table(
    "rich_menu",
    Column("menu_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    # With its picture.
    Column("whole", Boolean, nullable=False),
    # Residents see it.
    Column("live", Boolean, nullable=False),
    Column("made", UTCDateTime, nullable=False),
    # When residents stopped seeing it: at LINE it stays until their taps are counted.
    Column("gone", UTCDateTime),
    # What its tiles say in Japanese, in order.
    Column("tiles", JSON),
)

# How often tiles were tapped, by days of Japan, as LINE counts it. Nobody's name is in it.
menu_tap = _table(
    "menu_tap",
    Column("menu_id", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("tile", Text, nullable=False),
    Column("taps", Integer, nullable=False),
)

# Who has a rich menu of their own at LINE, and who may need another one (`due` > 0).
menu_link = _table(
    "menu_link",
    _resident(primary_key=True),
    Column("menu_id", Text),
    Column("due", Integer, nullable=False),
)
_index("ix_menu_link_due", "due > 0", menu_link.c.resident_id)

meta = _table(
    "meta",
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# One run of a job (`plugin/name`, `core/name`) for one time of its schedule, in seconds.
job_run = _table(
    "job_run",
    Column("job", Text, primary_key=True),
    Column("tick", BigInteger, primary_key=True, autoincrement=False),
    # A row of `worker`; none: whoever finds it takes it over.
    Column("owner", Text),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("started", Double, nullable=False),
    Column("ended", Double),
    Column("outcome", Text, nullable=False),
    Column("error", Text),
)

# What staff changed: the newest version of each owner (`city`, or a plugin's name) is in force.
settings = _table(
    "settings",
    Column("owner", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_label", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("content", JSON, nullable=False),
)

# How often something that processes keep in memory was changed: each looks once a second.
change = _table(
    "change",
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("times", Integer, nullable=False),
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

# What the worker orders the door to forget in its file (`forgetting`): the door alone writes there.
inbox_order = _table(
    "inbox_order",
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("what", Text, nullable=False),
    Column("before", Double),
    Column("event_id", Text),
    info={"dialect": "sqlite"},
)

# Who was erased, by a keyed hash of their LINE id: an older copy of the database repeats it.
erasure = _table(
    "erasure",
    Column("id", _Id, primary_key=True),
    Column("resident_id", _Id, nullable=False, index=True),
    Column("line_key", Text, nullable=False, index=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("done_at", UTCDateTime),
    # By owner (a plugin's name, or `core`): what was deleted and what is kept, or why not yet.
    Column("report", JSON, nullable=False),
)


# The newest address under which a resident gets a copy of their data, once.
own_copy = _table(
    "own_copy",
    _resident(primary_key=True),
    Column("nonce", Text, nullable=False),
    Column("made", Double, nullable=False),
    Column("taken", Double),
)


# Mails to staff: rows until the city's server took them (`mail`). Texts go a month later.
mail = _table(
    "mail",
    Column("id", _Id, primary_key=True),
    # What it is about, so that nobody is told twice.
    Column("key", Text, nullable=False, unique=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_try", Double, nullable=False, server_default=text("0")),
    Column("created", UTCDateTime, nullable=False, index=True),
    Column("sent", UTCDateTime),
    Column("error", Text),
)
_index("ix_mail_waiting", _WAITING, mail.c.next_try)

# Six digits that a resident shows at the counter; staff find them by it, once.
counter_code = _table(
    "counter_code",
    _resident(primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("until", Double, nullable=False),
)


def tables_for(dialect: str) -> list[Table]:
    """The core's tables on this dialect, those that are referred to first."""
    return [
        table for table in metadata.sorted_tables if table.info.get("dialect", dialect) == dialect
    ]
