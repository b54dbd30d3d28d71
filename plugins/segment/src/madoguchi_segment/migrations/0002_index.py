"""The index behind audiences, kept by triggers (decision 0020)."""

import sqlalchemy as sa
from alembic import op

from madoguchi_segment.audiences import triggers

revision = "segment2"
down_revision = "segment1"

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade():
    """Make it, and take in what is there."""
    zero = sa.text("0")
    op.create_table(
        "segment_index",
        sa.Column("resident_id", _Id, autoincrement=False, nullable=False),
        sa.Column("follows", sa.Boolean, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("followed_at", sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")),
        sa.Column("answered", sa.Integer, nullable=False, server_default=zero),
        *(
            sa.Column(f"w{n}", sa.BigInteger, nullable=False, server_default=zero)
            for n in range(16)
        ),
        *(sa.Column(f"born{n}", sa.Integer) for n in range(10)),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_segment_index_resident_id_resident",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resident_id", name="pk_segment_index"),
    )
    op.create_table(
        "segment_term",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segment_term"),
        sa.UniqueConstraint("field", "value", name="uq_segment_term_field_value"),
    )
    dialect = op.get_bind().dialect.name
    for statement in (*triggers.make(dialect), *triggers.fill(dialect)):
        run(statement)


def run(statement):
    """As it is: a colon in it is no parameter."""
    op.get_bind().exec_driver_sql(statement)
