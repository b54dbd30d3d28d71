"""The trunk: residents, events, what goes out, what nobody could answer, the audit log."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; the inbox is a table on PostgreSQL only."""
    op.create_table(
        "attempt",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("set_aside", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_attempt"),
    )

    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_label", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON()),
        sa.Column("position", ID),
        sa.Column("seal", sa.Text()),
        sa.Column("sealed_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("position", name="uq_audit_position"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index(
        "ix_audit_unsealed",
        "audit",
        ["id"],
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )

    op.create_table(
        "handled",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_handled"),
    )
    op.create_index("ix_handled_at", "handled", ["at"])

    op.create_table(
        "lane",
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("until", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_lane"),
    )

    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )

    op.create_table(
        "resident",
        sa.Column("id", ID, nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("first_seen", UTCDateTime(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("followed_at", UTCDateTime()),
        sa.Column("unfollowed_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_resident"),
        sa.UniqueConstraint("line_id", name="uq_resident_line_id"),
        sqlite_autoincrement=True,
    )

    op.create_table(
        "unanswered",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("message_key", sa.Text()),
        sa.Column("plugin", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_unanswered"),
    )
    op.create_index("ix_unanswered_at", "unanswered", ["at"])
    op.create_index("ix_unanswered_message_key", "unanswered", ["message_key"])

    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )

    op.create_table(
        "outgoing",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", sa.Text()),
        sa.Column("resident_id", ID),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("reply_deadline", sa.Double()),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_try", sa.Double()),
        sa.Column("next_try", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("accepted_at", sa.Double()),
        sa.Column("request_id", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_outgoing_resident_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing"),
        sa.UniqueConstraint("key", name="uq_outgoing_key"),
    )
    op.create_index("ix_outgoing_event_id", "outgoing", ["event_id"])
    op.create_index("ix_outgoing_resident_id", "outgoing", ["resident_id"])
    op.create_index(
        "ix_outgoing_waiting",
        "outgoing",
        ["next_try", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.execute("INSERT INTO meta (key, value) VALUES ('audit_head', '0:')")
    if op.get_bind().dialect.name == "postgresql":
        make_inbox()


def make_inbox() -> None:
    """The events as they came, until they are done."""
    op.create_table(
        "inbox",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("event_id", name="uq_inbox_event_id"),
    )
    op.create_index("ix_inbox_message_id", "inbox", ["message_id"])
    op.create_index("ix_inbox_pending", "inbox", ["seq"], postgresql_where=sa.text("NOT done"))
    op.create_table(
        "unsent",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_unsent"),
    )
