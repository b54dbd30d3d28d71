"""How often the tiles of the rich menu were tapped."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("rich_menu", sa.Column("gone", UTCDateTime()))
    op.add_column("rich_menu", sa.Column("tiles", sa.JSON()))
    op.create_table(
        "menu_tap",
        sa.Column("menu_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("tile", sa.Text(), nullable=False),
        sa.Column("taps", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("menu_id", "day", "place", name="pk_menu_tap"),
    )
