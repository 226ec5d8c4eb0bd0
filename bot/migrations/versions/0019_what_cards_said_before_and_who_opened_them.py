"""What cards said before they changed, who opened them, and in which turns a question found no answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "bot_opening",
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["bot_decision.id"]),
        sa.PrimaryKeyConstraint("decision", "person"),
    )
    op.create_table(
        "bot_content",
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["bot_decision.id"]),
        sa.PrimaryKeyConstraint("decision", "content_hash"),
    )
    op.create_table(
        "knowledge_gap_asking",
        sa.Column("gap", sa.String(), nullable=False),
        sa.Column("asked_in", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("gap", "asked_in"),
    )
    op.add_column("bot_confirmation", sa.Column("opened", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_bot_confirmation_counted", "bot_confirmation", ["kind", "opened", "decision"], unique=False
    )
    op.create_index("ix_bot_decision_turn", "bot_decision", ["turn"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_bot_decision_turn", table_name="bot_decision")
    op.drop_index("ix_bot_confirmation_counted", table_name="bot_confirmation")
    op.drop_column("bot_confirmation", "opened")
    for table in ("knowledge_gap_asking", "bot_content", "bot_opening"):
        op.drop_table(table)
