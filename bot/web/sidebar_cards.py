"""Which card WeCom's sidebar shows of a customer: the newest that waits, else the newest of the last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot import decisions, journal, people
from bot.decision import Decision, State
from bot.people import Person
from bot.tables import DecisionRow

LATELY = timedelta(hours=24)
MOST = 20
PLACEABLE = frozenset({State.CONFIRMED, State.CORRECTED, State.CARRIED_OUT})
"""A named person said yes to these words."""


@dataclass(frozen=True)
class Found:
    """The card to show, and the others of this customer that wait."""

    shown: Decision | None
    waiting: Sequence[Decision]


def find(session: Session, viewer: Person, account: str, chosen: str, now: datetime) -> Found:
    """`chosen`: the card that was asked for; one that another took the place of leads there."""
    recent = _recent(session, viewer, account, now)
    asked = next((one for one in recent if one.id == chosen), None)
    if asked and asked.state is State.SUPERSEDED:
        asked = decisions.following(session, asked.id) or asked
    open_ones = [one for one in recent if one.is_open]
    decided = (one for one in recent if one.state is not State.SUPERSEDED)
    shown = asked or next(iter(open_ones), None) or next(decided, None)
    return Found(shown, [one for one in open_ones if shown is None or one.id != shown.id])


def place(session: Session, decision: Decision, by: Person, now: datetime) -> None:
    """Note that the draft went into the chat."""
    body = {"version": decision.version, "content_hash": decision.content_hash}
    journal.append(session, who=by.id, what="DraftPlaced", subject=decision.id, at=now, body=body)


def placed_at(session: Session, decision: Decision) -> datetime | None:
    """When the draft went into the chat last."""
    lines = [line for line in journal.lines(session, decision.id) if line.what == "DraftPlaced"]
    return max((datetime.fromisoformat(line.at) for line in lines), default=None)


def _recent(session: Session, viewer: Person, account: str, now: datetime) -> list[Decision]:
    """Newest first: what waits, and what was proposed within a day, of people the viewer may decide for."""
    lately = col(DecisionRow.created_at) >= now - LATELY
    waits = col(DecisionRow.state) == State.PROPOSED.value
    reps = [viewer.id, *(one.id for one in people.team(session, viewer) if viewer.may_decide_for(one))]
    query = (
        select(DecisionRow)
        .where(col(DecisionRow.customer) == account, col(DecisionRow.rep).in_(reps), or_(waits, lately))
        .order_by(col(DecisionRow.created_at).desc())
        .limit(MOST)
    )
    return [decisions.read(row) for row in session.execute(query).scalars()]
