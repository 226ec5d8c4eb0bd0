"""What events say of each field, and when a trouble of the quality board is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

CHANGE, ALERT = "crm_event_change", "crm_quality_alert"
ODD = sa.text("(reason <> '' OR seen > 1 OR at > received_at)")


def upgrade() -> None:
    op.add_column(CHANGE, sa.Column("kind", sa.String(), nullable=True))
    place = "instr" if op.get_bind().dialect.name == "sqlite" else "strpos"
    op.execute(f"UPDATE {CHANGE} SET kind = substr(subject, 1, {place}(subject, ':') - 1)")
    op.create_index("ix_crm_event_change_source", CHANGE, ["source", "kind", "field", "at"], unique=False)
    op.create_index("ix_crm_event_source", "crm_event", ["source", "received_at"], unique=False)
    op.create_index(
        "ix_crm_event_odd",
        "crm_event",
        ["source", "received_at"],
        unique=False,
        sqlite_where=ODD,
        postgresql_where=ODD,
    )
    op.add_column(ALERT, sa.Column("over_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(f"UPDATE {ALERT} SET over_at = cleared_at")  # of what is over already nobody needs to hear


def downgrade() -> None:
    op.drop_column(ALERT, "over_at")
    op.drop_index("ix_crm_event_odd", table_name="crm_event")
    op.drop_index("ix_crm_event_source", table_name="crm_event")
    op.drop_index("ix_crm_event_change_source", table_name=CHANGE)
    op.drop_column(CHANGE, "kind")
