"""Areas, whom we asked for theirs, reminders."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "garbage_days1"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _make(name, *columns, key=("resident_id",)):
    op.create_table(
        name,
        sa.Column("resident_id", _Id, autoincrement=False, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name=f"fk_{name}_resident_id_resident",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
    )


def upgrade():
    """Make them."""
    _make(
        "garbage_bot_area",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
    )
    op.create_index("ix_garbage_bot_area_area", "garbage_bot_area", ["area"])
    _make(
        "garbage_bot_asked",
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
    )
    op.create_index("ix_garbage_bot_asked_at", "garbage_bot_asked", ["at"])
    _make(
        "garbage_bot_reminder",
        sa.Column("evening", sa.Text),
        sa.Column("morning", sa.Text),
        sa.Column("categories", sa.JSON(none_as_null=True)),
        sa.Column("at", UTCDateTime, nullable=False),
    )
    _make(
        "garbage_bot_reminded",
        sa.Column("occasion", sa.Text, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        key=("resident_id", "occasion"),
    )
    op.create_index(
        "ix_garbage_bot_reminded_occasion", "garbage_bot_reminded", ["occasion", "resident_id"]
    )
    op.create_table(
        "garbage_bot_stopped",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("staff", sa.Text, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_garbage_bot_stopped"),
    )
