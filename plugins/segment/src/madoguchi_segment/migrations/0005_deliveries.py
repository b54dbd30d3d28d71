"""Deliveries: drafts, versions, approvals, runs, reminders, links."""

import sqlalchemy as sa
from alembic import op

from madoguchi.store import UTCDateTime

revision = "segment5"
down_revision = "segment4"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    """Make the tables."""
    op.create_table(
        "segment_delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("number", sa.Text()),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("condition", sa.JSON()),
        sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("topic", sa.Text()),
        sa.Column("timing", sa.JSON()),
        sa.Column("channel", sa.Text(), server_default=sa.text("'live'"), nullable=False),
        sa.Column("emergency", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("chosen_time", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("spread", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ceiling", sa.Integer()),
        sa.Column("until", sa.Text()),
        sa.Column("count_then", sa.Integer()),
        sa.Column("corrects", ID),
        sa.Column("created", UTCDateTime, nullable=False),
        sa.Column("changed", UTCDateTime, nullable=False),
        sa.Column("planned", UTCDateTime),
        sa.ForeignKeyConstraint(
            ["corrects"], ["segment_delivery.id"], name="fk_segment_delivery_corrects"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_segment_delivery"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_delivery_section", "segment_delivery", ["section"])
    op.create_index("ix_segment_delivery_state", "segment_delivery", ["state"])
    op.create_table(
        "segment_deputy",
        sa.Column("id", ID, nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("deputy_id", sa.Text(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segment_deputy"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_deputy_section", "segment_deputy", ["section"])
    op.create_table(
        "segment_phone",
        sa.Column("id", ID, nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_segment_phone_resident_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_segment_phone"),
        sa.UniqueConstraint("section", "resident_id", name="uq_segment_phone_section_resident_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_phone_section", "segment_phone", ["section"])
    op.create_table(
        "segment_route",
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("section", name="pk_segment_route"),
    )
    op.create_table(
        "segment_template",
        sa.Column("id", ID, nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("changed", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segment_template"),
        sa.UniqueConstraint("section", "name", name="uq_segment_template_section_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_template_section", "segment_template", ["section"])
    op.create_table(
        "segment_approval",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("deputy_for", sa.Text()),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("count_then", sa.Integer()),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["segment_delivery.id"],
            name="fk_segment_approval_delivery_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_segment_approval"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_approval_delivery_id", "segment_approval", ["delivery_id"])
    op.create_table(
        "segment_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("taps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["segment_delivery.id"],
            name="fk_segment_link_delivery_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_segment_link"),
        sa.UniqueConstraint(
            "delivery_id",
            "language",
            "label",
            "url",
            name="uq_segment_link_delivery_id_language_label_url",
        ),
        sa.UniqueConstraint("token", name="uq_segment_link_token"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "segment_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("planned", UTCDateTime, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("released", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("expected", sa.Integer()),
        sa.Column("found", sa.Integer()),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("started", UTCDateTime),
        sa.Column("ended", UTCDateTime),
        sa.Column("blocks", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["segment_delivery.id"],
            name="fk_segment_run_delivery_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_segment_run"),
        sa.UniqueConstraint("delivery_id", "occasion", name="uq_segment_run_delivery_id_occasion"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_segment_run_open",
        "segment_run",
        ["state"],
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    )
    op.create_table(
        "segment_view",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["segment_delivery.id"],
            name="fk_segment_view_delivery_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "version", "staff_id", name="pk_segment_view"),
    )
    op.create_table(
        "segment_reminded",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["segment_delivery.id"],
            name="fk_segment_reminded_delivery_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["resident.id"],
            name="fk_segment_reminded_resident_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["segment_run.id"], name="fk_segment_reminded_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "delivery_id", "resident_id", "person", "occasion", name="pk_segment_reminded"
        ),
    )
    op.create_index("ix_segment_reminded_run_id", "segment_reminded", ["run_id"])
