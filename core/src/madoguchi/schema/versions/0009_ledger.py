"""Deliveries to many: the ledger, and the friends of the channel for drills."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0009"
down_revision = "0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("spread", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("messages", sa.LargeBinary(), nullable=False),
        sa.Column("chunks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("frozen", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("started", sa.Double()),
        sa.Column("ended", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("key", name="uq_delivery_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_created", "delivery", ["created"])
    unfinished = sa.text("state IN ('sending', 'cancelled') AND ended IS NULL")
    op.create_index(
        "ix_delivery_open",
        "delivery",
        ["channel"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "chunk",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("bad", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_try", sa.Double()),
        sa.Column("next_try", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("accepted_at", sa.Double()),
        sa.Column("request_id", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name="fk_chunk_delivery_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_chunk"),
        sa.UniqueConstraint("key", name="uq_chunk_key"),
        sa.UniqueConstraint("delivery_id", "n", name="uq_chunk_delivery_id_n"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_chunk_waiting",
        "chunk",
        ["delivery_id", "next_try"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_chunk_count", "chunk", ["delivery_id", "state", "size", "left_out"])
    op.create_table(
        "parcel",
        sa.Column("chunk_id", ID, nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("addresses", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_id"], ["chunk.id"], name="fk_parcel_chunk_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chunk_id", name="pk_parcel"),
    )
    gone = sa.text("NOT follows")
    op.create_index(
        "ix_resident_gone", "resident", ["id"], sqlite_where=gone, postgresql_where=gone
    )
    op.create_table(
        "drill_friend",
        sa.Column("id", ID, nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drill_friend"),
        sa.UniqueConstraint("line_id", name="uq_drill_friend_line_id"),
        sqlite_autoincrement=True,
    )
