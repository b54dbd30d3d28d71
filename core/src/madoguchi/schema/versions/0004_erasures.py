"""Residents' data: who was erased, and what the door is to forget."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; orders to the door exist where the inbox is a file of its own."""
    op.create_table(
        "erasure",
        sa.Column("id", ID, nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("line_key", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime()),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
    )
    for column in ("at", "line_key", "resident_id"):
        op.create_index(f"ix_erasure_{column}", "erasure", [column])

    if op.get_bind().dialect.name == "sqlite":
        op.create_table(
            "inbox_order",
            sa.Column("id", ID, nullable=False),
            sa.Column("key", sa.Text(), nullable=False),
            sa.Column("what", sa.Text(), nullable=False),
            sa.Column("before", sa.Double()),
            sa.Column("event_id", sa.Text()),
            sa.PrimaryKeyConstraint("id", name="pk_inbox_order"),
            sa.UniqueConstraint("key", name="uq_inbox_order_key"),
        )
