"""The console's tables: staff, their sections and permissions, sessions, codes, what waits."""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from madoguchi import Models
from madoguchi.store import UTCDateTime, plugin_metadata
from madoguchi.tables import resident

metadata = plugin_metadata("console")
_Id = BigInteger().with_variant(Integer, "sqlite")


def _staff(**options: Any) -> Column:
    return Column("staff_id", _Id, ForeignKey("console_staff.id", ondelete="CASCADE"), **options)


section = Table(
    "console_section",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("mail", Text, nullable=False, server_default=text("''")),
)

staff = Table(
    "console_staff",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False),
    # The mail address is what they log in with, in lower case.
    Column("mail", Text, nullable=False, unique=True),
    # None until the invitation was used.
    Column("password", Text),
    # The app's secret is derived from this and the gateway's own; None: printed codes, or nothing.
    Column("app_salt", Text),
    # The last step of the app's that was used: no code works twice.
    Column("app_step", BigInteger, nullable=False, server_default=text("0")),
    Column("is_admin", Boolean, nullable=False, server_default=false()),
    # From outside: sees personal data masked, and may not do what an administrator may.
    Column("is_contractor", Boolean, nullable=False, server_default=false()),
    Column("is_closed", Boolean, nullable=False, server_default=false()),
    # The last day on which they may log in; None: no end.
    Column("ends", Text),
    Column("made", UTCDateTime, nullable=False),
    Column("seen", UTCDateTime),
    sqlite_autoincrement=True,  # the audit log names them by number for ever
)

member = Table(
    "console_member",
    metadata,
    _staff(primary_key=True),
    Column(
        "section_id",
        _Id,
        ForeignKey("console_section.id", ondelete="CASCADE"),
        primary_key=True,
    ),
)

grant = Table(
    "console_grant",
    metadata,
    _staff(primary_key=True),
    Column(
        "section_id",
        _Id,
        ForeignKey("console_section.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("permission", Text, primary_key=True),
)

# Printed codes: a keyed hash each.
code = Table(
    "console_code",
    metadata,
    Column("id", _Id, primary_key=True),
    _staff(nullable=False, index=True),
    Column("hash", Text, nullable=False),
    Column("used", UTCDateTime),
    UniqueConstraint("staff_id", "hash"),
)

session = Table(
    "console_session",
    metadata,
    # A hash of what the browser's cookie holds.
    Column("hash", Text, primary_key=True),
    _staff(nullable=False, index=True),
    # `code`: the password was right, the code is missing; `enrol`: there is none yet; `in`.
    Column("stage", Text, nullable=False),
    Column("begun", UTCDateTime, nullable=False),
    Column("seen", UTCDateTime, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("browser", Text, nullable=False),
    # What is to be proven while somebody enrols.
    Column("pending", JSON(none_as_null=True)),
)

# Failed tries to log in, by a keyed hash of what was typed as name: nobody learns who exists.
attempt = Table(
    "console_attempt",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("who", Text, nullable=False, index=True),
    Column("at", UTCDateTime, nullable=False, index=True),
)

# A slip of paper: an address that works once, for a week.
invitation = Table(
    "console_invitation",
    metadata,
    Column("hash", Text, primary_key=True),
    _staff(nullable=False, index=True),
    Column("until", UTCDateTime, nullable=False),
)

# What somebody had written when their session ended.
kept = Table(
    "console_kept",
    metadata,
    _staff(primary_key=True),
    Column("path", Text, nullable=False),
    Column("typed", JSON, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

# Whom a member of staff may look at, why, and until when.
look = Table(
    "console_look",
    metadata,
    _staff(primary_key=True),
    Column(
        "resident_id",
        _Id,
        ForeignKey(resident.c.id, ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("reason", Text, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

# Troubles that administrators were told of, until they are over.
trouble = Table(
    "console_trouble",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sentence", Text, nullable=False),
    Column("since", UTCDateTime, nullable=False),
    Column("told", Boolean, nullable=False, server_default=false()),
)

MODELS = Models(metadata, Path(__file__).parent / "migrations")
