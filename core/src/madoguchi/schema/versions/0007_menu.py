"""Rich menus at LINE, and who is linked to which."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rich_menu",
        sa.Column("menu_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("menu_id", name="pk_rich_menu"),
    )
    op.create_table(
        "menu_link",
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("menu_id", sa.Text()),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_menu_link_resident_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resident_id", name="pk_menu_link"),
    )
    due = sa.text("due > 0")
    op.create_index(
        "ix_menu_link_due",
        "menu_link",
        ["resident_id"],
        sqlite_where=due,
        postgresql_where=due,
    )
