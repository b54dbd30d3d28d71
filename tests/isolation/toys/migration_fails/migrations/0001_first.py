"""Makes its table and fails."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("migration_fails_visit", sa.Column("id", sa.Integer, primary_key=True))
    raise RuntimeError("half-way")
