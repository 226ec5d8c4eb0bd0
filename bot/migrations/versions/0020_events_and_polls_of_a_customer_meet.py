"""Events of a customer and polls of its record are one history, and every change says what kind of thing it is of.

A customer was `customer` (or `tier`) to events and `account` to polls. Rows that processes from before 0017 wrote while it ran
lack their kind: it stands in their subject.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

CHANGE, VALUE, EVENT = "crm_event_change", "crm_event_value", "crm_event"
BEFORE = ("customer", "tier")


def upgrade() -> None:
    place = "instr" if op.get_bind().dialect.name == "sqlite" else "strpos"
    op.execute(f"UPDATE {CHANGE} SET kind = substr(subject, 1, {place}(subject, ':') - 1) WHERE kind IS NULL")
    for kind in BEFORE:
        same = (
            f"EXISTS (SELECT 1 FROM {VALUE} b WHERE b.subject = '{{other}}' || substr({VALUE}.subject, {{rest}})"
            f" AND b.field = {VALUE}.field {{newer}})"
        )
        older = same.format(other=kind, rest=len("account:"), newer=f"AND b.second > {VALUE}.second")
        there = same.format(other="account", rest=len(f"{kind}:"), newer="")
        op.execute(f"DELETE FROM {VALUE} WHERE kind = 'account' AND {older}")
        op.execute(f"DELETE FROM {VALUE} WHERE kind = '{kind}' AND {there}")
        for table in (CHANGE, VALUE):
            renamed = f"subject = 'account' || substr(subject, {len(kind) + 1}), kind = 'account'"
            op.execute(f"UPDATE {table} SET {renamed} WHERE kind = '{kind}'")
        op.execute(f"UPDATE {EVENT} SET kind = 'account' WHERE kind = '{kind}'")


def downgrade() -> None:
    """Which of the two names a row had is not known any more; either is read."""
