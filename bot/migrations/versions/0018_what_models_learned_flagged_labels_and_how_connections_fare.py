"""What each model learned, labels that a trainer leaves to somebody else, and how each connection fares."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "intents_dataset",
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["intents_model.id"]),
        sa.PrimaryKeyConstraint("model_id"),
    )
    for column in ("flag", "flag_note", "flagged_by"):
        op.add_column("intents_label", sa.Column(column, sa.String(), nullable=False, server_default=""))
    op.create_table(
        "bot_connection",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("bot_connection")
    for column in ("flagged_by", "flag_note", "flag"):
        op.drop_column("intents_label", column)
    op.drop_table("intents_dataset")
