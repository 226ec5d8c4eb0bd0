"""What the store knows around a turn: the conversation, what was said before, the turn a decision came from."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.conversation import Turn
from bot.decision import Decision
from bot.tables import ConversationRow, TurnRow

REMEMBERED_FOR = timedelta(hours=8)
"""How long a conversation stays about the customer it was about."""
QUESTION_WAITS = timedelta(minutes=15)
MOST_EARLIER = 6


def conversation(session: Session, key: str, channel: str, rep: str, now: datetime) -> ConversationRow:
    """The conversation as remembered; what is too old to hold is forgotten."""
    row = session.get(ConversationRow, key)
    if row is None:
        return ConversationRow(id=key, channel=channel, rep=rep, updated_at=now)
    if row.updated_at + REMEMBERED_FOR < now:
        row.customer, row.customer_name = None, ""
    if row.updated_at + QUESTION_WAITS < now:
        row.pending = {}
    return row


def keep(session: Session, row: ConversationRow, now: datetime, **values: Any) -> None:
    """Save what a turn leaves behind in its conversation."""
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = now
    session.merge(row)


def earlier(session: Session, key: str, customer: str | None, now: datetime) -> tuple[str, ...]:
    """Texts of the same conversation and customer, oldest first."""
    query = (
        select(TurnRow)
        .where(
            col(TurnRow.conversation) == key,
            col(TurnRow.at) >= now - REMEMBERED_FOR,
            col(TurnRow.at) <= now,  # asked later, what was said since is not earlier
        )
        .order_by(col(TurnRow.at).desc())
        .limit(MOST_EARLIER)
    )
    rows = [row for row in session.execute(query).scalars() if row.customer == customer]
    return tuple(row.text for row in reversed(rows))


def add(session: Session, turn: Turn, delivery: str, outcome: str, answer: str = "") -> None:
    session.add(
        TurnRow(
            id=turn.id,
            conversation=turn.conversation,
            delivery=delivery,
            rep=turn.rep,
            speaker=turn.speaker.value,
            text=turn.text,
            customer=turn.customer,
            at=turn.at,
            outcome=outcome,
            answer=answer,
        )
    )


def of(session: Session, decision: Decision) -> Turn:
    """The turn that a decision answers, for proposing again with another intent or another customer."""
    before = earlier(session, decision.conversation, decision.customer, decision.created_at)
    return Turn(
        id=decision.turn,
        conversation=decision.conversation,
        channel=decision.channel,
        rep=decision.rep,
        speaker=decision.speaker,
        text=decision.words,
        at=decision.created_at,
        customer=decision.customer,
        customer_name=decision.customer_name,
        earlier=tuple(text for text in before if text != decision.words),
    )


def extended(before: Decision, words: str) -> str:
    """The open card's words with newer ones after them; what was said already is not said twice."""
    known = before.words.splitlines()
    return "\n".join([*known, *(line for line in words.splitlines() if line not in known)])
