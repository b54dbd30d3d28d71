"""Questions without a confident answer."""

import sqlalchemy as sa
from alembic import op

revision = "garbage_bot_questions"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Time = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade():
    """Make the table."""
    op.create_table(
        "garbage_bot_question",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", _Time, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("id", name="pk_garbage_bot_question"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_garbage_bot_question_at", "garbage_bot_question", ["at"])
