"""Things of the graph, sayings and gaps of the company's documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "knowledge_gap",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("example", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_knowledge_gap_last_at"), "knowledge_gap", ["last_at"], unique=False)
    op.create_table(
        "knowledge_saying",
        sa.Column("say", sa.String(), nullable=False),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("say"),
    )
    op.create_table(
        "knowledge_thing",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_knowledge_thing_document_id"), "knowledge_thing", ["document_id"], unique=False)
    op.create_index(op.f("ix_knowledge_thing_kind"), "knowledge_thing", ["kind"], unique=False)
    op.create_index(op.f("ix_knowledge_thing_status"), "knowledge_thing", ["status"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_knowledge_thing_status"), table_name="knowledge_thing")
    op.drop_index(op.f("ix_knowledge_thing_kind"), table_name="knowledge_thing")
    op.drop_index(op.f("ix_knowledge_thing_document_id"), table_name="knowledge_thing")
    op.drop_table("knowledge_thing")
    op.drop_table("knowledge_saying")
    op.drop_index(op.f("ix_knowledge_gap_last_at"), table_name="knowledge_gap")
    op.drop_table("knowledge_gap")
