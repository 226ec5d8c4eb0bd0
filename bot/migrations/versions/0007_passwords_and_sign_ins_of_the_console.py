"""Passwords and sign-ins of the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "bot_console_session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["bot_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_bot_console_session_person"), "bot_console_session", ["person"], unique=False)
    op.create_index(op.f("ix_bot_console_session_until"), "bot_console_session", ["until"], unique=False)
    op.create_table(
        "bot_password",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["bot_user.id"],
        ),
        sa.PrimaryKeyConstraint("person"),
    )


def downgrade() -> None:
    op.drop_table("bot_password")
    op.drop_index(op.f("ix_bot_console_session_until"), table_name="bot_console_session")
    op.drop_index(op.f("ix_bot_console_session_person"), table_name="bot_console_session")
    op.drop_table("bot_console_session")
