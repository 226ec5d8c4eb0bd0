"""What became of an event: what was behind it, what it changed, which cards, actions and events came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from bot.copilot import ASIA_SHANGHAI
from bot.decision import DecisionId
from bot.errors import NotFound
from bot.events.effects import causes_of
from bot.events.intake import cause_of
from bot.tables import ActionRow, DecisionRow
from crm_bridge.events.tables import EventChangeRow, EventRow, EventStateRow

MOST = 100


def trace(session: Session, name: str) -> dict[str, Any]:
    """By address, or by the source's id where one event has it. Raises `NotFound`."""
    row = _found(session, name)
    decided = session.execute(
        select(DecisionRow)
        .where(col(DecisionRow.turn).like(f"event:{row.uid}%"))
        .order_by(col(DecisionRow.created_at))
    ).scalars()
    return {
        **summary(row),
        "changed": _changed(session, row),
        "because_of": [summary(one) for one in causes_of(session, row.uid)],
        "caused": {
            "decisions": [_decision(session, one) for one in decided],
            "events": [summary(one) for one in effects_of(session, [row.id])],
        },
        "payload": row.payload,
    }


_UNPLACED = and_(col(EventRow.state) == "applied", col(EventRow.reason) != "")
_DEAD = or_(col(EventRow.state) == "dead", _UNPLACED)


def dead_letters(session: Session, most: int = MOST, first: int = 0) -> list[dict[str, Any]]:
    """Events that could not be read, and those whose effect found nobody; newest first, from the number `first` on."""
    query = select(EventRow).where(_DEAD).order_by(col(EventRow.received_at).desc(), col(EventRow.uid))
    rows = session.execute(query.limit(most).offset(first)).scalars()
    return [summary(row) | {"payload": row.payload} for row in rows]


def count_dead_letters(session: Session) -> int:
    count: int = session.execute(select(func.count()).select_from(EventRow).where(_DEAD)).scalar_one()
    return count


def summary(row: EventRow) -> dict[str, Any]:
    """The event without its content."""
    return {
        "event": row.uid,
        "id": row.id,
        "source": row.source,
        "type": row.type,
        "means": row.means,
        "state": row.state,
        "reason": row.reason,
        "entity": f"{row.kind}:{row.entity}" if row.kind else "",
        "account": row.account,
        "at": row.at.isoformat() if row.at else None,
        "precision": row.precision,
        "received_at": row.received_at.isoformat(),
        "seen": row.seen,
        "causation": row.causation,
        "correlation": row.correlation,
        "echo_of": row.echo_of,
    }


def effects_of(session: Session, ids: Sequence[str]) -> list[EventRow]:
    """The events that name one of these as their cause, and those that these caused in turn."""
    found: dict[str, EventRow] = {}
    names = list(ids)
    while names and len(found) < MOST:
        query = select(EventRow).where(col(EventRow.causation).in_(names)).order_by(col(EventRow.received_at))
        new = [row for row in session.execute(query.limit(MOST)).scalars() if row.uid not in found]
        found |= {row.uid: row for row in new}
        names = [row.id for row in new]
    return list(found.values())


def _found(session: Session, name: str) -> EventRow:
    row = session.get(EventRow, name)
    if row is not None:
        return row
    rows = session.execute(select(EventRow).where(col(EventRow.id) == name).limit(2)).scalars().all()
    if len(rows) == 1:
        only: EventRow = rows[0]
        return only
    problem = "several sources sent one" if rows else "there is none"
    raise NotFound(f"event {name!r}: {problem}; use the address that was answered when it was sent")


def _changed(session: Session, row: EventRow) -> list[dict[str, Any]]:
    """Each field that it set, and whether that is what counts now."""
    changes = session.execute(select(EventChangeRow).where(col(EventChangeRow.event) == row.uid)).scalars()
    made = []
    for one in changes:
        state = session.get(EventStateRow, {"subject": one.subject, "field": one.field})
        made.append(
            {"field": one.field, "value": one.value, "counts": bool(state and state.event == row.uid)}
        )
    return sorted(made, key=lambda change: str(change["field"]))


def _decision(session: Session, row: DecisionRow) -> dict[str, Any]:
    actions = session.execute(select(ActionRow).where(col(ActionRow.decision) == row.id)).scalars().all()
    return {
        "decision": row.id,
        "state": row.state,
        "rep": row.rep,
        "actions": [
            {
                "kind": one.kind,
                "state": one.state,
                "key": one.key,
                "record": (one.receipt or {}).get("record_id"),
            }
            for one in actions
        ],
        "events": [summary(one) for one in effects_of(session, [cause_of(DecisionId(row.id))])],
    }


def local_time(at: str | None, precision: str) -> str:
    """As people here read it, with as many digits as the source gave."""
    if at is None:
        return ""
    there = datetime.fromisoformat(at).astimezone(ASIA_SHANGHAI)
    fraction = {"ms": f".{there.microsecond // 1000:03d}", "us": f".{there.microsecond:06d}"}
    return f"{there:%Y-%m-%d %H:%M:%S}{fraction.get(precision, '')}"
