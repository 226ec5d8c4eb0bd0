"""Events and words since the last look, as occurrences around a customer. Read from the store; nothing else is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from bot.tables import DecisionRow
from crm_bridge.events import EventMap, EventUnreadable, read, subject_of, system_of, translate
from crm_bridge.events.tables import EventRow, EventStateRow
from crm_bridge.signals import Occurrence
from crm_bridge.signals.tables import SignalReadRow

log = structlog.get_logger()
Resolve = Callable[[str, str], str | None]
"""(system, a customer as it names it) → account id."""
AT_ONCE = 500
EVENT, DECISION = "event:", "decision:"
SETTLES = timedelta(minutes=15)
"""How long a card may wait before what was read counts, right or wrong."""
_NOT_SAID = ("event:", "signal:")
"""Conversations that we began: what they propose is no news of the customer."""


def new_events(
    session: Session, maps: Sequence[EventMap], resolve: Resolve, now: datetime, horizon: timedelta
) -> list[Occurrence]:
    """Applied events that were not looked at. Our own writes that came back say nothing new of the customer."""
    seen = select(col(SignalReadRow.ref)).where(col(SignalReadRow.ref) == EVENT + col(EventRow.uid)).exists()
    query = (
        select(EventRow)
        .where(col(EventRow.state) == "applied", col(EventRow.echo_of) == "")
        .where(col(EventRow.at) >= now - horizon, ~seen)
        .order_by(col(EventRow.received_at))
        .limit(AT_ONCE)
    )
    return [_of_event(session, maps, row, resolve) for row in session.execute(query).scalars()]


def new_words(session: Session, now: datetime, horizon: timedelta) -> list[Occurrence]:
    """What customers said, as it was read (or as a rep corrected it). A card that still waits may be corrected: it is
    looked at once somebody decided, or after a quarter of an hour."""
    seen = (
        select(col(SignalReadRow.ref))
        .where(col(SignalReadRow.ref) == DECISION + col(DecisionRow.id))
        .exists()
    )
    settled = (col(DecisionRow.state) != "proposed") | (col(DecisionRow.created_at) <= now - SETTLES)
    query = (
        select(DecisionRow)
        .where(col(DecisionRow.customer).is_not(None), col(DecisionRow.intent).is_not(None), settled)
        .where(col(DecisionRow.state) != "superseded", col(DecisionRow.created_at) >= now - horizon, ~seen)
        .where(*(col(DecisionRow.conversation).not_like(f"{one}%") for one in _NOT_SAID))
        .order_by(col(DecisionRow.created_at))
        .limit(AT_ONCE)
    )
    return [_of_words(row) for row in session.execute(query).scalars()]


def _of_event(session: Session, maps: Sequence[EventMap], row: EventRow, resolve: Resolve) -> Occurrence:
    at = row.at or row.received_at
    try:
        change = translate(maps, read(row.payload), row.received_at)
    except EventUnreadable as error:  # a map changed since
        log.warning("signal_unreadable", uid=row.uid, reason=str(error))
        return Occurrence(f"{EVENT}{row.means}", "", at, EVENT + row.uid)
    known = session.get(EventStateRow, {"subject": subject_of(row.kind, row.entity), "field": "account"})
    named = change.account or str((known and known.value) or "")
    account = resolve(system_of(maps, change.source), named) if named else None
    return Occurrence(
        f"{EVENT}{change.type}", account or "", at, EVENT + row.uid, change.fields, change.details
    )


def _of_words(row: DecisionRow) -> Occurrence:
    said = row.body.get("speaker") == "customer"
    what = f"said:{row.intent}" if said else "rep"
    words = str(row.body.get("words") or "")
    return Occurrence(what, row.customer or "", row.created_at, DECISION + row.id, words=words)
