"""What lists and the board count decisions by."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index(
        "ix_bot_decision_counted",
        "bot_decision",
        ["rep", "created_at", "state", "intent", "decided_by", "decided_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_bot_decision_counted", table_name="bot_decision")
