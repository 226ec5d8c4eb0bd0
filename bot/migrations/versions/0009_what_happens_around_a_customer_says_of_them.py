"""what happens around a customer says of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "crm_quality_alert",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "crm_signal",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "sheet", "dimension"),
    )
    op.create_index("ix_crm_signal_account", "crm_signal", ["account", "sheet", "at"], unique=False)
    op.create_table(
        "crm_signal_read",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    op.create_index(op.f("ix_crm_signal_read_at"), "crm_signal_read", ["at"], unique=False)
    op.create_table(
        "crm_signal_window",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "sheet"),
    )


def downgrade() -> None:
    op.drop_table("crm_signal_window")
    op.drop_index(op.f("ix_crm_signal_read_at"), table_name="crm_signal_read")
    op.drop_table("crm_signal_read")
    op.drop_index("ix_crm_signal_account", table_name="crm_signal")
    op.drop_table("crm_signal")
    op.drop_table("crm_quality_alert")
