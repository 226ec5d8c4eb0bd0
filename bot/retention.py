"""What is not kept for ever: words after their time, and everything about somebody who asks to be forgotten.

Who proposed, confirmed and carried out what, and when, stays: it is the record of what the company did. What was said
and written goes; the journal keeps the hash of each forgotten body, so its chain still proves that no line was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, String, cast, delete, or_, select
from sqlmodel import Session, SQLModel, col

from bot import contacts, journal
from bot.decision import ReasonKind, State
from bot.settings import RetentionSettings
from bot.store import Store
from bot.tables import (
    ActionRow,
    ConfirmationRow,
    ContentRow,
    CorrectionRow,
    DecisionRow,
    DeliveryRow,
    JournalRow,
    OutboxRow,
    SimMessageRow,
    TurnRow,
)
from crm_bridge.events.tables import EventChangeRow, EventRow
from crm_bridge.tables import ValueRow
from prompts import phrase

log = structlog.get_logger()
AT_ONCE = 200
_NOTHING = "{}"
"""An empty payload, as a JSON column holds it."""
_OPEN = (State.PROPOSED.value, State.CONFIRMED.value, State.CORRECTED.value)
"""Decisions that still need their words."""


@dataclass(frozen=True)
class Forgotten:
    """How much was taken away."""

    turns: int = 0
    decisions: int = 0
    rows: int = 0
    """Deliveries, messages and actions; who of a customer's people was which contact."""
    lines: int = 0
    """Of the journal."""

    def __bool__(self) -> bool:
        return bool(self.turns or self.decisions or self.rows or self.lines)


@dataclass(frozen=True)
class Retention:
    """The daily job."""

    store: Store
    settings: RetentionSettings

    async def expire(self, now: datetime) -> Forgotten:
        """Take away what is older than the settings allow, some rows a transaction."""
        total = Forgotten()
        while gone := await self.store.write(lambda session: expire(session, self.settings, now)):
            total = Forgotten(
                *(one + other for one, other in zip(_counts(total), _counts(gone), strict=True))
            )
        if total:
            log.info("words_expired", **vars(total))
        return total


def expire(session: Session, settings: RetentionSettings, now: datetime) -> Forgotten:
    """One step of it; nothing left to take away is falsy."""
    rows = 0
    worked = now - timedelta(days=settings.queues_days)
    for table in (DeliveryRow, OutboxRow):
        old = select(col(table.seq)).where(col(table.state) != "waiting", col(table.finished_at) < worked)
        found = session.execute(old.limit(AT_ONCE)).scalars().all()
        session.execute(delete(table).where(col(table.seq).in_(found)))
        rows += len(found)
    if not settings.words_days:
        return Forgotten(rows=rows)
    said = now - timedelta(days=settings.words_days)
    turns = _first(session, TurnRow, col(TurnRow.at) < said, col(TurnRow.text) != "")
    decisions = _first(
        session,
        DecisionRow,
        col(DecisionRow.created_at) < said,
        col(DecisionRow.state).not_in(_OPEN),
        cast(DecisionRow.body["words"], String) != '""',
    )
    payloads = _first(
        session,
        EventRow,
        col(EventRow.received_at) < said,
        col(EventRow.state) != "held",
        cast(col(EventRow.payload), String) != _NOTHING,
    )
    for event in payloads:
        _empty_event(session, event)
    return _forget(session, turns, decisions, rows + len(payloads))


def forget(
    session: Session, names: Sequence[str], customer: str | None, who: str, now: datetime
) -> Forgotten:
    """Everything in which one of these names or numbers stands, or that is about this customer.

    Open cards are closed with it: their words are part of what is to be forgotten. The request is in the journal by
    its counts, never by the name.
    """
    about_turn = [col(TurnRow.text).contains(name, autoescape=True) for name in names]
    about = []
    for name in names:
        about.append(_holds(DecisionRow.body, name))
        said_before = select(col(ContentRow.decision)).where(_holds(ContentRow.body, name))
        about.append(col(DecisionRow.id).in_(said_before))
    if customer:
        about_turn.append(col(TurnRow.customer) == customer)
        about.append(col(DecisionRow.customer) == customer)
    turns = session.execute(select(TurnRow).where(or_(*about_turn))).scalars().all()
    decisions = session.execute(select(DecisionRow).where(or_(*about))).scalars().all()
    rows = 0
    for table in (DeliveryRow, OutboxRow, SimMessageRow):
        holds = [_payload(table).contains(_in_json(name), autoescape=True) for name in names]
        if customer and table is DeliveryRow:
            keys = [turn.delivery for turn in turns]
            holds.append(col(DeliveryRow.key).in_(keys))
        found = session.execute(select(table).where(or_(*holds))).scalars().all() if holds else []
        for row in found:
            session.delete(row)
        rows += len(found)
    rows += _forget_in_events(session, names) + (contacts.forget(session, customer) if customer else 0)
    gone = _forget(session, turns, decisions, rows)
    journal.append(session, who=who, what="WordsForgotten", subject="retention", at=now, body=vars(gone))
    return gone


def _forget_in_events(session: Session, names: Sequence[str]) -> int:
    """What other systems sent and said: the event and the value stay as facts, the words in them go."""

    def holding(column: Any) -> ColumnElement[bool]:
        return or_(*(_holds(column, name) for name in names))

    if not names:
        return 0
    events = session.execute(select(EventRow).where(holding(col(EventRow.payload)))).scalars().all()
    for event in events:
        _empty_event(session, event)
    count = len(events)
    for table in (EventChangeRow, ValueRow):
        for row in session.execute(select(table).where(holding(table.value))).scalars().all():
            row.value = None
            if isinstance(row, ValueRow):
                row.shown = phrase("words_forgotten")
            session.add(row)
            count += 1
    return count


def _empty_event(session: Session, event: EventRow) -> None:
    event.payload = {}
    session.add(event)


def _forget(
    session: Session, turns: Sequence[TurnRow], decisions: Sequence[DecisionRow], rows: int
) -> Forgotten:
    for turn in turns:
        turn.text, turn.answer = "", ""
        session.add(turn)
    for decision in decisions:
        decision.body = _wordless(decision.body)
        if decision.state == State.PROPOSED.value:
            decision.state = decision.body["state"] = State.EXPIRED.value
        session.add(decision)
    ids = [decision.id for decision in decisions]
    lines = 0
    for action in _of(session, ActionRow, ids):
        action.params, action.receipt = {}, _without_words(action.receipt)
        session.add(action)
    for noted in (*_of(session, ConfirmationRow, ids), *_of(session, CorrectionRow, ids)):
        noted.changes = {}
        if isinstance(noted, CorrectionRow):
            noted.note = ""
        session.add(noted)
    session.execute(delete(ContentRow).where(col(ContentRow.decision).in_(ids)))
    if ids:
        for line in session.execute(select(JournalRow).where(col(JournalRow.subject).in_(ids))).scalars():
            lines += not journal.is_forgotten(line)
            journal.forget(session, line)
    session.flush()
    return Forgotten(len(turns), len(decisions), rows, lines)


def _wordless(body: dict[str, Any]) -> dict[str, Any]:
    """The decision without what anybody said or wrote; what was read, decided and cited stays."""
    reading = body["reading"]
    ranked = [{**one, "because": []} for one in reading["ranked"]]
    secondary = [{**one, "because": []} for one in reading.get("secondary", [])]
    reasons = [
        {**one, "text": phrase("words_forgotten")} if one["kind"] == ReasonKind.WORDS.value else one
        for one in body["rationale"]["reasons"]
    ]
    actions = [{**one, "params": {}} for one in body["draft"]["actions"]]
    return {
        **body,
        "words": "",
        "note": body["note"] if body["state"] == State.SUPERSEDED.value else "",
        "reading": {**reading, "ranked": ranked, "secondary": secondary, "entities": []},
        "rationale": {"reasons": reasons},
        "draft": {**body["draft"], "text": "", "actions": actions, "removed": []},
    }


def _without_words(receipt: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was written where, without what stood there before or how it read."""
    return receipt and {**receipt, "shown": receipt.get("record_id", ""), "before": {}, "undoable": False}


def _first(session: Session, table: Any, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    return session.execute(select(table).where(*conditions).limit(AT_ONCE)).scalars().all()


def _of(session: Session, table: Any, decisions: Iterable[str]) -> Sequence[Any]:
    return session.execute(select(table).where(col(table.decision).in_(list(decisions)))).scalars().all()


def _payload(table: type[SQLModel]) -> ColumnElement[str]:
    return cast(col(table.body if table is SimMessageRow else table.payload), String)  # type: ignore[attr-defined]


def _holds(column: Any, name: str) -> ColumnElement[bool]:
    """Of a JSON column: the name stands in it."""
    return cast(col(column), String).contains(_in_json(name), autoescape=True)


def _in_json(name: str) -> str:
    """As a JSON column's text holds it: its characters beyond ASCII are escaped."""
    import json

    return json.dumps(name)[1:-1]


def _counts(gone: Forgotten) -> tuple[int, int, int, int]:
    return gone.turns, gone.decisions, gone.rows, gone.lines
