"""What a system's webhook only hints at: each hint a delivery, each event that is none a dead letter to be tried again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from bot.channels import Hinted
from bot.deliveries import store_outcome
from bot.queues import Queue
from bot.tables import DeliveryRow
from crm_bridge.events import EventUnreadable, Taken, bury, revive
from crm_bridge.events.tables import EventRow
from crm_bridge.feed import Hint

FEED = "feed"
ReadHints = Callable[[Any], Sequence[Hint]]
"""One event of a webhook → the records to look at. Raises `EventUnreadable`."""
_OF_THE_SENDING = {"attemptNumber", "eventId"}
"""Differ each time the same event is sent."""


def source_of(system: str) -> str:
    return f"/crm/{system}/webhook"


def keep(session: Session, deliveries: Queue[DeliveryRow], hint: Hint, now: datetime) -> None:
    told = Hinted(hint.key, f"hint:{hint.kind}:{hint.record}", hint.kind, hint.record, hint.at, hint.deleted)
    store_outcome(session, deliveries, FEED, told, now)


def bury_broken(session: Session, system: str, event: Any, reason: str, now: datetime) -> Taken:
    """The same event sent again is the same dead letter."""
    said = (
        {name: value for name, value in event.items() if name not in _OF_THE_SENDING}
        if isinstance(event, dict)
        else event
    )
    content = orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    kind = str(event.get("subscriptionType") or "?")[:500] if isinstance(event, dict) else "?"
    whole = {
        "specversion": "1.0",
        "id": f"hint-{hashlib.sha256(content).hexdigest()[:24]}",
        "source": source_of(system),
        "type": kind,
        "data": event,
    }
    return bury(session, whole, reason, now)


def is_buried(row: EventRow) -> bool:
    """Whether it is a webhook's event, which `replay` reads as such."""
    return row.source.startswith("/crm/") and row.source.endswith("/webhook")


def again(
    session: Session, deliveries: Queue[DeliveryRow], read: ReadHints | None, row: EventRow, now: datetime
) -> Taken:
    """Read a buried event once more, as mapping and program are now."""
    try:
        if read is None:
            raise EventUnreadable("no system that sends webhooks is connected")
        hints = read(row.payload["data"])
    except EventUnreadable as error:
        revive(session, row.uid, str(error))
        return Taken(row.uid, "dead", str(error))
    if not revive(session, row.uid):
        return Taken(row.uid, "duplicate")
    for one in hints:
        keep(session, deliveries, one, now)
    return Taken(row.uid, "accepted")
