"""Decisions in the store: saved once, changed only from the version that was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from pydantic import TypeAdapter
from sqlalchemy import bindparam, exists, select, update
from sqlmodel import Session, col

from bot.conversation import ConversationId
from bot.decision import Decision, State
from bot.errors import NewerVersion, NotFound
from bot.tables import ContentRow, DecisionRow

_BODY = TypeAdapter(Decision)
_ROWS = DecisionRow.__table__  # type: ignore[attr-defined]
# The statements of every turn are plain and built once: as objects that watch themselves, rows cost three times as much.
_NEW = sqlalchemy.insert(_ROWS)
_ITS_BODY = select(_ROWS.c.body).where(_ROWS.c.id == bindparam("decision"))
_ALONE = _ITS_BODY.with_for_update()
_OPEN = (
    select(_ROWS.c.body)
    .where(_ROWS.c.conversation == bindparam("conversation"), _ROWS.c.state == State.PROPOSED.value)
    .order_by(_ROWS.c.created_at.desc())
)


def insert(session: Session, decision: Decision) -> None:
    session.execute(_NEW, columns(decision))


def load(session: Session, decision: str, *, alone: bool = False) -> Decision:
    """As it is now. `alone` makes others who ask so wait for the end of this transaction (PostgreSQL; SQLite always does)."""
    body = session.execute(_ALONE if alone else _ITS_BODY, {"decision": decision}).scalar()
    if body is None:
        raise NotFound(f"there is no decision {decision}")
    return _BODY.validate_python(body)


def read(row: DecisionRow) -> Decision:
    return _BODY.validate_python(row.body)


def save(session: Session, decision: Decision) -> None:
    """Save a move. Raises `NewerVersion` where somebody else moved the decision since it was read."""
    was = decision.version - 1
    _keep_content(session, decision, was)
    changed = (
        update(DecisionRow)
        .where(col(DecisionRow.id) == decision.id, col(DecisionRow.version) == was)
        .values(**columns(decision))
        .execution_options(synchronize_session=False)
    )
    if not session.execute(changed).rowcount:  # type: ignore[attr-defined]
        raise NewerVersion(decision.id, was)


def open_in(session: Session, conversation: ConversationId) -> Sequence[Decision]:
    """The conversation's open decisions, newest first."""
    bodies = session.execute(_OPEN, {"conversation": conversation}).scalars()
    return [_BODY.validate_python(body) for body in bodies]


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


def as_it_was(session: Session, decision: str) -> Sequence[Decision]:
    """What a card said before it changed, each time, oldest first; nothing where that was forgotten."""
    query = select(ContentRow).where(col(ContentRow.decision) == decision).order_by(col(ContentRow.version))
    return [_BODY.validate_python(row.body) for row in session.execute(query).scalars()]


def as_json(decision: Decision) -> dict[str, Any]:
    """The whole value as plain data, for the API and the terminal."""
    values: dict[str, Any] = _BODY.dump_python(decision, mode="json")
    return {**values, "content_hash": decision.content_hash}


def _keep_content(session: Session, decision: Decision, was: int) -> None:
    """What the card said so far, where this move changes it: a confirmation is bound to it, and people look it up."""
    row, kept = DecisionRow, ContentRow
    known = exists().where(col(kept.decision) == col(row.id), col(kept.content_hash) == col(row.content_hash))
    before = select(col(row.id), col(row.content_hash), col(row.version), col(row.body)).where(
        col(row.id) == decision.id,
        col(row.version) == was,
        col(row.content_hash) != decision.content_hash,
        ~known,
    )
    session.execute(
        sqlalchemy.insert(kept).from_select(["decision", "content_hash", "version", "body"], before)
    )


def columns(decision: Decision) -> dict[str, Any]:
    """As its row holds it."""
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
