"""Staff, sections, permissions, sessions, codes."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "console_attempt",
        sa.Column("id", ID, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_attempt"),
    )
    op.create_index("ix_console_attempt_at", "console_attempt", ["at"])
    op.create_index("ix_console_attempt_who", "console_attempt", ["who"])
    op.create_table(
        "console_section",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_section"),
        sa.UniqueConstraint("name", name="uq_console_section_name"),
    )
    op.create_table(
        "console_staff",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("app_salt", sa.Text()),
        sa.Column("app_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_contractor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ends", sa.Text()),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.Column("seen", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_console_staff"),
        sa.UniqueConstraint("mail", name="uq_console_staff_mail"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "console_trouble",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("told", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_console_trouble"),
    )
    op.create_table(
        "console_code",
        sa.Column("id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("used", UTCDateTime()),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["console_staff.id"], name="fk_console_code_staff_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_console_code"),
        sa.UniqueConstraint("staff_id", "hash", name="uq_console_code_staff_id"),
    )
    op.create_index("ix_console_code_staff_id", "console_code", ["staff_id"])
    op.create_table(
        "console_grant",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("section_id", ID, nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["console_section.id"],
            name="fk_console_grant_section_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["console_staff.id"], name="fk_console_grant_staff_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "section_id", "permission", name="pk_console_grant"),
    )
    op.create_table(
        "console_invitation",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["console_staff.id"],
            name="fk_console_invitation_staff_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hash", name="pk_console_invitation"),
    )
    op.create_index("ix_console_invitation_staff_id", "console_invitation", ["staff_id"])
    op.create_table(
        "console_kept",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("typed", sa.JSON(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["console_staff.id"], name="fk_console_kept_staff_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", name="pk_console_kept"),
    )
    op.create_table(
        "console_look",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["console_staff.id"], name="fk_console_look_staff_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_console_look_resident_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "resident_id", name="pk_console_look"),
    )
    op.create_index("ix_console_look_resident_id", "console_look", ["resident_id"])
    op.create_table(
        "console_member",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("section_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["console_section.id"],
            name="fk_console_member_section_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["console_staff.id"],
            name="fk_console_member_staff_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("staff_id", "section_id", name="pk_console_member"),
    )
    op.create_table(
        "console_session",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("begun", UTCDateTime(), nullable=False),
        sa.Column("seen", UTCDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("pending", sa.JSON()),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["console_staff.id"],
            name="fk_console_session_staff_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hash", name="pk_console_session"),
    )
    op.create_index("ix_console_session_seen", "console_session", ["seen"])
    op.create_index("ix_console_session_staff_id", "console_session", ["staff_id"])
