"""Forms: drafts, submissions, photos and files, and what residents told about themselves."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    """A foreign key whose rows go with what they refer to."""
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "draft",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("at_field", sa.Text()),
        sa.Column("partial", sa.JSON()),
        sa.Column("heard", sa.JSON(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        refers("draft", "resident_id", "resident"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.UniqueConstraint("key", name="uq_draft_key"),
        sa.UniqueConstraint("resident_id", "form", name="uq_draft_resident_id_form"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_draft_updated", "draft", ["updated"])
    op.create_index(
        "ix_draft_in_chat",
        "draft",
        ["resident_id"],
        unique=True,
        sqlite_where=sa.text("place = 'chat'"),
        postgresql_where=sa.text("place = 'chat'"),
    )

    op.create_table(
        "submission",
        sa.Column("id", ID, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        refers("submission", "resident_id", "resident"),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
        sa.UniqueConstraint("key", name="uq_submission_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_submission_form_at", "submission", ["form", "at"])
    op.create_index("ix_submission_resident_id", "submission", ["resident_id"])

    op.create_table(
        "media",
        sa.Column("id", ID, nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("draft_id", ID),
        sa.Column("submission_id", ID),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("original", sa.LargeBinary()),
        sa.Column("message_key", sa.Text()),
        sa.Column("image_set", sa.Text()),
        sa.Column("at", UTCDateTime(), nullable=False),
        refers("media", "resident_id", "resident"),
        refers("media", "draft_id", "draft"),
        refers("media", "submission_id", "submission"),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sqlite_autoincrement=True,
    )
    for column in ("resident_id", "draft_id", "submission_id", "message_key", "at"):
        op.create_index(f"ix_media_{column}", "media", [column])

    op.create_table(
        "profile",
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        refers("profile", "resident_id", "resident"),
        sa.PrimaryKeyConstraint("resident_id", "field", name="pk_profile"),
    )
