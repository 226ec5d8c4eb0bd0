"""A field's history for people: each value with the system, place and moment it came from, and what brought it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from bot.errors import NotFound
from bot.events.effects import causes_of
from crm_bridge import Account, Field
from crm_bridge.events.tables import EventRow
from crm_bridge.lineage import history, is_same_system, sentence, shown_time
from crm_bridge.tables import ValueRow


def field_of(account: Account, words: str) -> Field:
    """By name or label. Raises `NotFound`."""
    found = next((one for one in account.fields if words in (one.name, one.label)), None)
    if found is None:
        known = ", ".join(f"{one.name} {one.label}" for one in account.fields)
        raise NotFound(f"{account.name} has no field {words!r}; there are: {known}")
    return found


def chain(session: Session, account: Account, field: Field) -> list[dict[str, Any]]:
    """Every value that any system gave, the latest first, each down to the event or read that brought it."""
    return [_told(session, row, field) for row in history(session, account.id, field.name)]


def _told(session: Session, row: ValueRow, field: Field) -> dict[str, Any]:
    now = row.value == field.value and is_same_system(row.system, field.lineage.system)
    return {
        "sentence": sentence(row),
        "value": row.value,
        "shown": row.shown,
        "system": row.system,
        "object": row.object,
        "source_field": row.source_field,
        "at": shown_time(row.at, row.precision),
        "precision": row.precision,
        "event": row.event,
        "behind": _behind(session, row.event) if row.event else [],
        "read_at": row.read_at.isoformat(),
        "contract": row.contract,
        "counts": now and row.at == field.lineage.at,
    }


def _behind(session: Session, uid: str) -> list[str]:
    """The event itself and what caused it, nearest first."""
    event = session.get(EventRow, uid)
    rows = [event, *causes_of(session, uid)] if event else []
    return [f"{one.source} {one.type} {one.id}" for one in rows]


def as_lines(told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """For a terminal."""
    for one in told:
        yield f"{one['sentence']}{'  ← counts' if one['counts'] else ''}"
        brought = f"event {one['event']}" if one["event"] else f"read {one['read_at'][:19]}"
        under = f", {one['contract']}" if one["contract"] else ""
        yield f"    {one['system']}·{one['object']}·{one['source_field']}, {brought}{under}"
        yield from (f"    because of {cause}" for cause in one["behind"])
