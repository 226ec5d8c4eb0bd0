"""Decisions in the store: saved once, changed only from the version that was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.conversation import ConversationId
from bot.decision import Decision, State
from bot.errors import NewerVersion, NotFound
from bot.tables import DecisionRow

_BODY = TypeAdapter(Decision)


def insert(session: Session, decision: Decision) -> None:
    session.add(DecisionRow(**_columns(decision)))
    session.flush()


def load(session: Session, decision: str, *, alone: bool = False) -> Decision:
    """As it is now. `alone` makes others who ask so wait for the end of this transaction (PostgreSQL; SQLite always does)."""
    row = session.get(DecisionRow, decision, populate_existing=True, with_for_update=alone or None)
    if row is None:
        raise NotFound(f"there is no decision {decision}")
    return read(row)


def read(row: DecisionRow) -> Decision:
    return _BODY.validate_python(row.body)


def save(session: Session, decision: Decision) -> None:
    """Save a move. Raises `NewerVersion` where somebody else moved the decision since it was read."""
    was = decision.version - 1
    changed = (
        update(DecisionRow)
        .where(col(DecisionRow.id) == decision.id, col(DecisionRow.version) == was)
        .values(**_columns(decision))
        .execution_options(synchronize_session=False)
    )
    if not session.execute(changed).rowcount:  # type: ignore[attr-defined]
        raise NewerVersion(decision.id, was)


def open_in(session: Session, conversation: ConversationId) -> Sequence[Decision]:
    """The conversation's open decisions, newest first."""
    rows = session.execute(
        select(DecisionRow)
        .where(col(DecisionRow.conversation) == conversation, col(DecisionRow.state) == State.PROPOSED.value)
        .order_by(col(DecisionRow.created_at).desc())
    ).scalars()
    return [read(row) for row in rows]


def following(session: Session, decision: str) -> Decision | None:
    """The decision that took this one's place, if any did."""
    row = session.get(DecisionRow, decision)
    if row is None:
        return None
    later = select(DecisionRow).where(col(DecisionRow.turn) == row.turn, col(DecisionRow.id) != decision)
    found = (
        read(one) for one in session.execute(later.order_by(col(DecisionRow.created_at).desc())).scalars()
    )
    return next((one for one in found if one.follows == decision), None)


def overdue(session: Session, now: datetime, limit: int = 100) -> Sequence[Decision]:
    rows = session.execute(
        select(DecisionRow)
        .where(col(DecisionRow.state) == State.PROPOSED.value, col(DecisionRow.expires_at) <= now)
        .limit(limit)
    ).scalars()
    return [read(row) for row in rows]


def as_json(decision: Decision) -> dict[str, Any]:
    """The whole value as plain data, for the API and the terminal."""
    values: dict[str, Any] = _BODY.dump_python(decision, mode="json")
    return {**values, "content_hash": decision.content_hash}


def _columns(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "turn": decision.turn,
        "conversation": decision.conversation,
        "channel": decision.channel,
        "rep": decision.rep,
        "customer": decision.customer,
        "intent": decision.intent,
        "confidence": decision.reading.confidence,
        "state": decision.state.value,
        "version": decision.version,
        "content_hash": decision.content_hash,
        "created_at": decision.created_at,
        "expires_at": decision.expires_at,
        "decided_by": decision.decided_by,
        "decided_at": decision.decided_at,
        "body": _BODY.dump_python(decision, mode="json"),
    }
