"""The table of the plugin `writing`."""

import sqlalchemy as sa
from alembic import op

revision = "writing1"
down_revision = None


def upgrade():
    """Make it."""
    op.create_table(
        "writing_note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("resident_id", sa.Integer, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
