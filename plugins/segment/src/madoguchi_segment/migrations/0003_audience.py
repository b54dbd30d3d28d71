"""Conditions that staff have saved under a name."""

import sqlalchemy as sa
from alembic import op

revision = "segment3"
down_revision = "segment2"

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Time = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade():
    """Make it."""
    op.create_table(
        "segment_audience",
        sa.Column("id", _Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("condition", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed", _Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segment_audience"),
        sa.UniqueConstraint("section", "name", name="uq_segment_audience_section_name"),
        sqlite_autoincrement=True,
    )
