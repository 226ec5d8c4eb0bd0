"""Our own writes that come back as events of the system they were written to: recognised, so that they do not loop."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.tables import ActionRow
from crm_bridge.events import ChangeEvent

WINDOW = timedelta(minutes=10)
"""How long after a write an event without its key may still be its echo."""


def echo_of(session: Session, change: ChangeEvent, now: datetime) -> str:
    """The key of the write that the event repeats; empty for news.

    With the key it is certain. Without, the event must speak of the record that was written within `WINDOW`, and repeat
    a value that was written and contradict none: a change by somebody else to the same record is news.
    """
    if change.write_key:
        query = select(col(ActionRow.key)).where(col(ActionRow.key) == change.write_key)
        if session.execute(query).scalar():
            return change.write_key
    done = select(ActionRow).where(col(ActionRow.state) == "done", col(ActionRow.finished_at) >= now - WINDOW)
    for row in session.execute(done.order_by(col(ActionRow.seq).desc())).scalars():
        receipt = row.receipt or {}
        if (receipt.get("record_kind"), receipt.get("record_id")) == (
            change.kind,
            change.entity,
        ) and _is_told(row, change.fields):
            return str(row.key)
    return ""


def _is_told(row: ActionRow, fields: Any) -> bool:
    """An undo wrote what was there before; where nothing was, it took the record back, and that is what is told."""
    if not row.kind.startswith("undo:"):
        return _repeats(row.params, fields)
    before = row.params["receipt"].get("before")
    return _repeats(before, fields) if before else True


def _repeats(written: Any, fields: Any) -> bool:
    if written.get("field") in fields:  # account.set_field names the field among its parameters
        return same(fields[written["field"]], written.get("value"))
    if "to" in written and "stage" in fields:  # opportunity.move_stage
        return same(fields["stage"], written["to"])
    both = written.keys() & fields.keys()
    return bool(both) and all(same(written[name], fields[name]) for name in both)


def same(one: Any, other: Any) -> bool:
    """Amounts come back with more digits than they were written with, and an event writes fewer than a poll reads."""
    if str(one) == str(other):
        return True
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False
