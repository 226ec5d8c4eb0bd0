"""A conversation's open cards, found without walking through everybody's."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index(
        "ix_bot_decision_thread", "bot_decision", ["conversation", "state", "created_at"], unique=False
    )
    op.drop_index("ix_bot_decision_conversation", table_name="bot_decision")


def downgrade() -> None:
    op.create_index("ix_bot_decision_conversation", "bot_decision", ["conversation"], unique=False)
    op.drop_index("ix_bot_decision_thread", table_name="bot_decision")
