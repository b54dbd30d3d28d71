"""Pictures of deliveries."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "segment6"
down_revision = "segment5"


def upgrade():
    """Make the table."""
    op.create_table(
        "segment_picture",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
    )
