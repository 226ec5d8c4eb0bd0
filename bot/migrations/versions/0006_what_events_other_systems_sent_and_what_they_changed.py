"""What events other systems sent and what they changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "crm_event",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("causation", sa.String(), nullable=False),
        sa.Column("correlation", sa.String(), nullable=False),
        sa.Column("echo_of", sa.String(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )
    op.create_index(op.f("ix_crm_event_causation"), "crm_event", ["causation"], unique=False)
    op.create_index(op.f("ix_crm_event_correlation"), "crm_event", ["correlation"], unique=False)
    op.create_index("ix_crm_event_entity", "crm_event", ["kind", "entity"], unique=False)
    op.create_index(op.f("ix_crm_event_id"), "crm_event", ["id"], unique=False)
    op.create_index(op.f("ix_crm_event_received_at"), "crm_event", ["received_at"], unique=False)
    op.create_index("ix_crm_event_state", "crm_event", ["state", "due_at"], unique=False)
    op.create_table(
        "crm_event_change",
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("sequence", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event", "field"),
    )
    op.create_index(
        "ix_crm_event_change_order", "crm_event_change", ["subject", "field", "second"], unique=False
    )
    op.create_table(
        "crm_event_value",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "field"),
    )
    op.create_index(op.f("ix_crm_event_value_kind"), "crm_event_value", ["kind"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_crm_event_value_kind"), table_name="crm_event_value")
    op.drop_table("crm_event_value")
    op.drop_index("ix_crm_event_change_order", table_name="crm_event_change")
    op.drop_table("crm_event_change")
    op.drop_index("ix_crm_event_state", table_name="crm_event")
    op.drop_index(op.f("ix_crm_event_received_at"), table_name="crm_event")
    op.drop_index(op.f("ix_crm_event_id"), table_name="crm_event")
    op.drop_index("ix_crm_event_entity", table_name="crm_event")
    op.drop_index(op.f("ix_crm_event_correlation"), table_name="crm_event")
    op.drop_index(op.f("ix_crm_event_causation"), table_name="crm_event")
    op.drop_table("crm_event")
