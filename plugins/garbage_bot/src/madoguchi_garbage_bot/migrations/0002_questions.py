"""Questions without an answer, who wants to be told, weeks; uploaded lists and what staff add."""

import sqlalchemy as sa
from alembic import op

revision = "garbage_bot_questions"
down_revision = "garbage_days1"

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Time = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade():
    """Make them."""
    op.create_table(
        "garbage_bot_question",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", _Time, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("settled", sa.Text),
        sa.Column("message_key", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_garbage_bot_question"),
        sqlite_autoincrement=True,
    )
    for column in ("at", "settled", "message_key"):
        name = f"ix_garbage_bot_question_{column}"
        op.create_index(name, "garbage_bot_question", [column])
    op.create_table(
        "garbage_bot_teller",
        sa.Column("resident_id", _Id, autoincrement=False, nullable=False),
        sa.Column("question_id", _Id, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_garbage_bot_teller_resident_id_resident",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["garbage_bot_question.id"],
            name="fk_garbage_bot_teller_question_id_garbage_bot_question",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resident_id", "question_id", name="pk_garbage_bot_teller"),
    )
    op.create_index("ix_garbage_bot_teller_question_id", "garbage_bot_teller", ["question_id"])
    op.create_table(
        "garbage_bot_week",
        sa.Column("monday", sa.Date, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("unanswered", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("monday", name="pk_garbage_bot_week"),
    )
    op.create_table(
        "garbage_bot_list",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", _Time, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("live_at", _Time),
        sa.Column("live_by", sa.Text),
        sa.Column("live", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="pk_garbage_bot_list"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "garbage_bot_addition",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", _Time, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_garbage_bot_addition"),
        sqlite_autoincrement=True,
    )
