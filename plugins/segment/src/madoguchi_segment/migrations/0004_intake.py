"""Answers that come in as a file; and who was reminded that nothing is set yet."""

import sqlalchemy as sa
from alembic import op

revision = "segment4"
down_revision = "segment3"

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Time = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade():
    """Make them."""
    op.create_table(
        "segment_intake",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", _Time, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_label", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_segment_intake"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_intake_at", "segment_intake", ["at"])
    op.create_table(
        "segment_intake_row",
        sa.Column("intake_id", _Id, autoincrement=False, nullable=False),
        sa.Column("resident_id", _Id, autoincrement=False, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["intake_id"],
            ["segment_intake.id"],
            name="fk_segment_intake_row_intake_id_segment_intake",
            ondelete="CASCADE",
        ),
        _resident("segment_intake_row"),
        sa.PrimaryKeyConstraint("intake_id", "resident_id", name="pk_segment_intake_row"),
    )
    op.create_index("ix_segment_intake_row_resident_id", "segment_intake_row", ["resident_id"])
    op.create_table(
        "segment_asked",
        sa.Column("resident_id", _Id, autoincrement=False, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        _resident("segment_asked"),
        sa.PrimaryKeyConstraint("resident_id", name="pk_segment_asked"),
    )


def _resident(table):
    return sa.ForeignKeyConstraint(
        ["resident_id"],
        ["resident.id"],
        name=f"fk_{table}_resident_id_resident",
        ondelete="CASCADE",
    )
