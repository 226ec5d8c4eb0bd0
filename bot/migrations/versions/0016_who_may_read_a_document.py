"""Who may read a document, besides for whose customer it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    visibility = sa.Column("visibility", sa.String(), nullable=False, server_default="everyone")
    op.add_column("knowledge_document", visibility)


def downgrade() -> None:
    with op.batch_alter_table("knowledge_document") as table:
        table.drop_column("visibility")
