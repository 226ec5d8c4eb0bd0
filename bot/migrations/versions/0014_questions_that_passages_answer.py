"""Questions that passages answer, as a language model puts them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "knowledge_likely_question",
        sa.Column("passage_id", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("questions", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("failed", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["passage_id"], ["knowledge_passage.id"]),
        sa.ForeignKeyConstraint(["version_id"], ["knowledge_document_version.id"]),
        sa.PrimaryKeyConstraint("passage_id"),
    )
    for column in ("version_id", "tried_at"):
        op.create_index(
            f"ix_knowledge_likely_question_{column}", "knowledge_likely_question", [column], unique=False
        )


def downgrade() -> None:
    op.drop_table("knowledge_likely_question")
