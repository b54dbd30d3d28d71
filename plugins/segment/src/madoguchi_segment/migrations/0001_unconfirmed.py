"""Who is still to be told what they set."""

import sqlalchemy as sa
from alembic import op

revision = "segment1"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade():
    """Make it."""
    op.create_table(
        "segment_unconfirmed",
        sa.Column("resident_id", _Id, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_segment_unconfirmed_resident_id_resident",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resident_id", name="pk_segment_unconfirmed"),
    )
    op.create_index("ix_segment_unconfirmed_at", "segment_unconfirmed", ["at"])
