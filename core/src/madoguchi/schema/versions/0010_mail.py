"""Mails to staff, and the codes that residents show at the counter."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0010"
down_revision = "0009"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("sent", UTCDateTime()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("key", name="uq_mail_key"),
    )
    op.create_index("ix_mail_created", "mail", ["created"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_mail_waiting", "mail", ["next_try"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "counter_code",
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_counter_code_resident_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resident_id", name="pk_counter_code"),
        sa.UniqueConstraint("code", name="uq_counter_code_code"),
    )
