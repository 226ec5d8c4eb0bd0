"""What the store knows around a turn: the conversation, what was said before, the turn a decision came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, insert, select
from sqlmodel import Session, col

from bot.conversation import Turn
from bot.decision import Decision, State
from bot.tables import ConversationRow, DecisionRow, TurnRow
from intents import Intent, Speaker

_NEW = insert(TurnRow.__table__)  # type: ignore[attr-defined]
REMEMBERED_FOR = timedelta(hours=8)
"""How long a conversation stays about the customer it was about."""
QUESTION_WAITS = timedelta(minutes=15)
STANDING = [one.value for one in State if one is not State.SUPERSEDED]
"""States of cards that no other took the place of; listed, so that the index of a conversation's cards serves."""
MOST_EARLIER, MOST_LOOKED_AT = 6, 24
"""Earlier texts that a turn is given; cards of a conversation that they are chosen from, whoever they were about."""
EVENTS = ("expiring:", "event:", "signal:")
"""Conversations that begin so are contracts that end (renewals.py), what other systems report (events/) and scores that
crossed a threshold (signals/), worked like turns though nobody spoke."""


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
    session.add(row)


class Carded(NamedTuple):
    """Words that had a card, and what the card is about now: as it was read, or as a rep corrected it."""

    decision: str
    turn: str
    speaker: str
    customer: str | None
    words: str
    intent: Intent | None
    """None where the card asked, or was declined."""


class Before(NamedTuple):
    """What a turn comes after: earlier texts, oldest first, and what the card of the last one is about."""

    earlier: tuple[str, ...] = ()
    card: Intent | None = None


def carded(session: Session, key: str, now: datetime) -> Sequence[Carded]:
    """The conversation's words that had a card, oldest first; of cards that took another's place only the last."""
    columns = (
        col(DecisionRow.id),
        col(DecisionRow.turn),
        col(TurnRow.speaker),
        col(DecisionRow.customer),
        col(TurnRow.text),
    )
    query = (
        select(*columns, col(DecisionRow.intent), col(DecisionRow.state))
        .join(TurnRow, col(TurnRow.id) == col(DecisionRow.turn))
        .where(
            col(DecisionRow.conversation) == key,
            col(DecisionRow.state).in_(STANDING),
            col(DecisionRow.created_at) >= now - REMEMBERED_FOR,
            col(DecisionRow.created_at) <= now,  # asked later, what was said since is not earlier
            col(TurnRow.text) != "",
        )
        .order_by(col(DecisionRow.created_at).desc())
        .limit(MOST_LOOKED_AT)
    )  # fmt: skip
    rows = session.execute(query).all()
    return [
        Carded(
            decision,
            turn,
            speaker,
            about,
            words,
            None if intent is None or state == State.DECLINED else Intent(intent),
        )
        for decision, turn, speaker, about, words, intent, state in reversed(rows)
    ]


def before(
    cards: Sequence[Carded], customer: str | None, *, but: Decision | None = None, turn: str = ""
) -> Before:
    """What was said about the same customer. `but`: the open card that the turn goes on with; `turn`: its own id."""
    known = but.id if but else None
    found = [one for one in cards if one.customer == customer and one.decision != known and one.turn != turn][
        -MOST_EARLIER:
    ]
    asked = found[-1].intent if found and found[-1].speaker == Speaker.CUSTOMER else None
    return Before(tuple(one.words for one in found), asked)


def add(session: Session, turn: Turn, delivery: str, outcome: str, answer: str = "") -> None:
    values = {
        "id": turn.id,
        "conversation": turn.conversation,
        "delivery": delivery,
        "rep": turn.rep,
        "speaker": turn.speaker.value,
        "text": turn.text,
        "customer": turn.customer,
        "at": turn.at,
        "outcome": outcome,
        "answer": answer,
    }
    session.execute(_NEW, values)


def of(session: Session, decision: Decision) -> Turn:
    """The turn that a decision answers, for proposing again with another intent or another customer."""
    cards = carded(session, decision.conversation, decision.created_at)
    said = before(cards, decision.customer, but=decision, turn=decision.turn)
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
        earlier=said.earlier,
        card_before=said.card,
    )


def was_said(conversation: Any) -> ColumnElement[bool]:
    """Of a row's conversation: somebody spoke in it. What an event tells in our own words teaches no model."""
    return and_(*(col(conversation).not_like(f"{one}%") for one in EVENTS))


def extended(before: Decision, words: str) -> str:
    """The open card's words with newer ones after them; what was said already is not said twice."""
    known = before.words.splitlines()
    return "\n".join([*known, *(line for line in words.splitlines() if line not in known)])
