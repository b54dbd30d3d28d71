"""Readings of LINE's follower list."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTS = ("pages", "restarts", "listed", "added", "returned", "left_out")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "follower_import",
        sa.Column("id", ID, nullable=False),
        sa.Column("started", UTCDateTime(), nullable=False),
        sa.Column("slot", sa.Integer()),
        sa.Column("onward", sa.Text()),
        *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in COUNTS),
        sa.Column("trouble", sa.Text()),
        sa.Column("ended", UTCDateTime()),
        sa.Column("line_count", sa.Integer()),
        sa.Column("line_day", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_follower_import"),
        sa.UniqueConstraint("slot", name="uq_follower_import_slot"),
    )
