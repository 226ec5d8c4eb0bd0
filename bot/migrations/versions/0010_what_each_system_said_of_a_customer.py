"""What each system said of a customer, and which records of which systems are one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "crm_identity",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("external", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("system", "external"),
    )
    op.create_index(op.f("ix_crm_identity_account"), "crm_identity", ["account"], unique=False)
    op.create_table(
        "crm_identity_move",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("external", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_crm_identity_move_record", "crm_identity_move", ["system", "external"], unique=False)
    op.create_table(
        "crm_value",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("source_field", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(op.f("ix_crm_value_event"), "crm_value", ["event"], unique=False)
    op.create_index("ix_crm_value_field", "crm_value", ["account", "field", "system"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_crm_value_field", table_name="crm_value")
    op.drop_index(op.f("ix_crm_value_event"), table_name="crm_value")
    op.drop_table("crm_value")
    op.drop_index("ix_crm_identity_move_record", table_name="crm_identity_move")
    op.drop_table("crm_identity_move")
    op.drop_index(op.f("ix_crm_identity_account"), table_name="crm_identity")
    op.drop_table("crm_identity")
