"""Seen before? Stored, acknowledged, worked in order: what channels bring becomes rows before anybody is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from bot.channels import (
    CardReply,
    Entered,
    Expiring,
    Fed,
    FileSent,
    Happened,
    Heard,
    Hinted,
    Inquired,
    Outcome,
    Signalled,
    Unsupported,
)
from bot.queues import Queue
from bot.tables import DeliveryRow

_KINDS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (
        Heard,
        CardReply,
        Entered,
        Unsupported,
        FileSent,
        Fed,
        Expiring,
        Happened,
        Signalled,
        Inquired,
        Hinted,
    )
}


def store_outcome(
    session: Session, queue: Queue[DeliveryRow], channel: str, outcome: Outcome, now: datetime
) -> bool:
    """Save what arrived under its key. False: it had arrived before, and nothing more is to be done."""
    kind = type(outcome).__name__
    return queue.put(
        session,
        key=outcome.key,
        lane=f"{channel}:{outcome.conversation}",
        now=now,
        channel=channel,
        kind=kind,
        payload=_KINDS[kind].dump_python(outcome, mode="json"),
    )


def outcome_of(row: DeliveryRow) -> Outcome:
    outcome: Outcome = _KINDS[row.kind].validate_python(row.payload)
    return outcome
