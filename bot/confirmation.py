"""A person's reply to a card: confirm, correct, decline, try again, take back.

Everything that a reply changes is one transaction. Who may, what was shown and what state it is in are looked at
inside it, so of two taps, two people or two processes one wins and the other is told who and when.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot import decisions, journal, openings, people
from bot.cards import when
from bot.conversation import UserId
from bot.decision import Decision, Draft, Proposal, State
from bot.errors import NewerVersion, NotFound
from bot.outbox import Outbox, Tap
from bot.people import Person
from bot.queues import Queue
from bot.tables import ActionRow, ConfirmationRow, CorrectionRow
from intents import Intent


class Move(StrEnum):
    """What a person may do with a card; the keys of its buttons."""

    CONFIRM = "confirm"
    CORRECT = "correct"
    DECLINE = "decline"
    RETRY = "retry"
    UNDO = "undo"


class Refusal(StrEnum):
    """Why a reply changed nothing; each has its own words in `prompts/`."""

    UNKNOWN = "card_unknown"
    NOT_YOURS = "card_not_yours"
    CHANGED = "card_changed"
    EXPIRED = "card_expired"
    DECIDED = "card_decided"
    INCOMPLETE = "card_incomplete"
    ASKS = "card_asks"
    SOURCE_LAPSED = "card_source_lapsed"
    """Documents that the card rests on cannot carry it any more: a new proposal takes its place."""
    UNCHANGED = "card_unchanged"
    NOT_UNDOABLE = "card_not_undoable"


@dataclass(frozen=True)
class Reply:
    """A tap or a form: who, on which decision, bound to what they saw (`None`: the channel cannot carry it)."""

    decision: str
    by: UserId
    move: Move
    version: int | None = None
    content_hash: str | None = None
    intent: Intent | None = None
    """CORRECT with another intent: a new proposal takes this one's place."""
    draft: Draft | None = None
    """CORRECT with other words or fields: what is to be carried out instead."""
    note: str = ""
    tap: Tap | None = None
    lapsed: str = ""
    """What became of documents that the draft rests on; then a yes is none (bot/rechecking.py)."""


@dataclass(frozen=True)
class Applied:
    """What came of a reply: the decision as it is now, why nothing changed if nothing did, whom to name.

    `propose_as` asks the caller for a new proposal with that intent in place of this decision.
    """

    decision: Decision | None
    refused: Refusal | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    propose_as: Intent | None = None


@dataclass(frozen=True)
class Confirmations:
    """Applies replies. Only here do decisions become confirmed, and only from confirmations do actions come."""

    outbox: Outbox
    actions: Queue[ActionRow]
    can_undo: Callable[[str], bool]
    """Whether an action of that kind can be taken back."""

    def apply(self, session: Session, reply: Reply, now: datetime) -> Applied:
        """One reply in one transaction. Raises nothing for expected refusals: they are outcomes."""
        try:
            decision = decisions.load(session, reply.decision, alone=True)
        except NotFound:
            return Applied(None, Refusal.UNKNOWN)
        person = people.by_id(session, reply.by)
        refused = self._refusal(session, decision, person, reply, now)
        if refused:
            return refused
        try:
            return self._move(session, decision, person, reply, now)
        except NewerVersion:
            return self.too_late(session, decisions.load(session, reply.decision))

    def expire(self, session: Session, decision: Decision, now: datetime) -> Decision:
        return self._close(session, decision.expire(), "DecisionExpired", "clock", now, {})

    def supersede(self, session: Session, decision: Decision, why: str, now: datetime) -> Decision:
        """Newer words changed the proposal: the old card closes and says so."""
        closed = decision.supersede(why, None, now)
        return self._close(session, closed, "DecisionSuperseded", "copilot", now, {"why": why})

    def too_late(self, session: Session, decision: Decision) -> Applied:
        """The outcome of a reply that came second: who was first, and when."""
        if decision.state is State.EXPIRED:
            return Applied(decision, Refusal.EXPIRED)
        return Applied(decision, Refusal.DECIDED, _who(session, decision.last_by, decision.last_at))

    def _refusal(
        self, session: Session, decision: Decision, person: Person, reply: Reply, now: datetime
    ) -> Applied | None:
        rep = people.by_id(session, decision.rep)
        if not person.may_decide_for(rep):
            return Applied(decision, Refusal.NOT_YOURS, {"rep": rep.name})
        if decision.is_open and decision.expires_at <= now:
            return Applied(self.expire(session, decision, now), Refusal.EXPIRED)
        if reply.move in _FROM and decision.state not in _FROM[reply.move]:
            return self.too_late(session, decision)
        if reply.version is not None and reply.version != decision.version:
            return Applied(decision, Refusal.CHANGED)
        if reply.content_hash is not None and not decision.content_hash.startswith(reply.content_hash):
            return Applied(decision, Refusal.CHANGED)
        if reply.lapsed and decision.is_open:
            return Applied(decision, Refusal.SOURCE_LAPSED, {"sources": reply.lapsed})
        return None

    def _move(
        self, session: Session, decision: Decision, person: Person, reply: Reply, now: datetime
    ) -> Applied:
        match reply.move:
            case Move.CORRECT if reply.intent is not None and reply.intent != decision.intent:
                return self._other_intent(session, decision, person, reply, now)
            case Move.CORRECT if reply.draft is None:
                return Applied(decision, Refusal.UNCHANGED)
            case Move.CORRECT if reply.draft and _changes(decision.draft, reply.draft):
                corrected = decision.correct(person.id, now, reply.draft)
                return self._confirmed(session, corrected, decision, reply, now)
            case Move.CONFIRM | Move.CORRECT:  # a form sent back as it was is a plain yes
                return self._confirmed(session, decision.confirm(person.id, now), decision, reply, now)
            case Move.DECLINE:
                return self._declined(session, decision, person, reply, now)
            case Move.RETRY:
                return self._retried(session, decision, person, reply, now)
            case Move.UNDO:
                return self._undoing(session, decision, person, reply, now)

    def _confirmed(
        self, session: Session, decided: Decision, shown: Decision, reply: Reply, now: datetime
    ) -> Applied:
        if shown.asks:
            return Applied(shown, Refusal.ASKS)
        if lacking := [name for action in decided.actions for name in action.missing]:
            return Applied(shown, Refusal.INCOMPLETE, {"missing": "、".join(lacking)})
        decisions.save(session, decided)
        changes = _changes(shown.draft, decided.draft) if decided.state is State.CORRECTED else {}
        confirmation = self._confirmation(session, shown, reply, decided.state.value, now, changes)
        for number, action in enumerate(decided.actions, 1):
            self._queue_action(session, decided, confirmation, f"{decided.id}-{number}", action, now)
        if changes:
            _note_correction(session, decided, "content", now, note=reply.note, changes=changes)
        what = "DecisionCorrected" if changes else "DecisionConfirmed"
        body = {
            "confirmation": confirmation.id,
            "content_hash": decided.content_hash,
            "changes": changes,
            "opened": confirmation.opened,
        }
        self._journal(session, decided, what, reply.by, now, body)
        if not decided.actions:
            return Applied(
                self._close(session, decided.carry_out(), "DecisionCarriedOut", "copilot", now, {}, reply.tap)
            )
        self.outbox.refresh(session, decided, now, reply.tap)
        return Applied(decided)

    def _other_intent(
        self, session: Session, decision: Decision, person: Person, reply: Reply, now: datetime
    ) -> Applied:
        """The old card is closed here; the caller proposes anew. Nothing is carried out."""
        closed = decision.supersede("intent_corrected", person.id, now)
        decisions.save(session, closed)
        _note_correction(
            session, closed, "intent", now, proposed=decision.intent, corrected=reply.intent, note=reply.note
        )
        body = {"from": decision.intent, "to": reply.intent}
        self._journal(session, closed, "IntentCorrected", person.id, now, body)
        self.outbox.refresh(session, closed, now, reply.tap)
        return Applied(closed, propose_as=reply.intent)

    def _declined(
        self, session: Session, decision: Decision, person: Person, reply: Reply, now: datetime
    ) -> Applied:
        closed = decision.decline(person.id, now, reply.note)
        _note_correction(session, closed, "declined", now, proposed=decision.intent, note=reply.note)
        return Applied(
            self._close(session, closed, "DecisionDeclined", person.id, now, {"why": reply.note}, reply.tap)
        )

    def _retried(
        self, session: Session, decision: Decision, person: Person, reply: Reply, now: datetime
    ) -> Applied:
        """A new confirmation for the same write keys: what was done already is not done again."""
        again = decision.confirm(person.id, now)
        decisions.save(session, again)
        confirmation = self._confirmation(session, decision, reply, "retry", now, {})
        for row in _actions_of(session, decision.id, "dead"):
            row.state, row.confirmation, row.next_at, row.attempts = "waiting", confirmation.id, now, 0
            row.finished_at, row.error = None, ""
            session.add(row)
        session.flush()
        self._journal(session, again, "DecisionRetried", person.id, now, {"confirmation": confirmation.id})
        self.outbox.refresh(session, again, now, reply.tap)
        return Applied(again)

    def _undoing(
        self, session: Session, decision: Decision, person: Person, reply: Reply, now: datetime
    ) -> Applied:
        done = _actions_of(session, decision.id, "done")
        tried = _actions_of(session, decision.id, "dead", undoing=True)
        if not tried and any(_actions_of(session, decision.id, state, True) for state in ("waiting", "done")):
            return self._being_undone(session, decision)
        if tried or not done or not all(self._undoable(row) for row in done):
            return Applied(decision, Refusal.NOT_UNDOABLE)
        confirmation = self._confirmation(session, decision, reply, "undo", now, {})
        for row in reversed(done):
            action = Proposal(f"undo:{row.kind}", {"receipt": row.receipt})
            self._queue_action(session, decision, confirmation, f"{row.key}-undo", action, now)
        self._journal(session, decision, "UndoConfirmed", person.id, now, {"confirmation": confirmation.id})
        self.outbox.keep_code(session, decision, reply.tap)
        return Applied(decision)

    def _undoable(self, row: ActionRow) -> bool:
        return self.can_undo(row.kind) and bool((row.receipt or {}).get("undoable"))

    def _being_undone(self, session: Session, decision: Decision) -> Applied:
        """A second tap while the first is being carried out: whose tap it was."""
        query = select(ConfirmationRow).where(
            col(ConfirmationRow.decision) == decision.id, col(ConfirmationRow.kind) == "undo"
        )
        first = session.execute(query).scalars().first()
        who = _who(session, first.person if first else None, first.at if first else None)
        return Applied(decision, Refusal.DECIDED, who)

    def _confirmation(
        self,
        session: Session,
        shown: Decision,
        reply: Reply,
        kind: str,
        now: datetime,
        changes: Mapping[str, Any],
    ) -> ConfirmationRow:
        row = ConfirmationRow(
            id=uuid.uuid4().hex,
            decision=shown.id,
            version=shown.version,
            content_hash=shown.content_hash,
            kind=kind,
            person=reply.by,
            at=now,
            changes=dict(changes),
            opened=openings.had_opened(session, shown.id, reply.by),
        )
        session.add(row)
        session.flush()
        return row

    def _queue_action(
        self,
        session: Session,
        decision: Decision,
        confirmation: ConfirmationRow,
        key: str,
        action: Proposal,
        now: datetime,
    ) -> None:
        self.actions.put(
            session,
            key=key,
            lane=decision.id,
            now=now,
            decision=decision.id,
            confirmation=confirmation.id,
            kind=action.kind,
            params=dict(action.params),
        )

    def _close(
        self,
        session: Session,
        closed: Decision,
        what: str,
        who: str,
        now: datetime,
        body: Mapping[str, Any],
        tap: Tap | None = None,
    ) -> Decision:
        decisions.save(session, closed)
        self._journal(session, closed, what, who, now, body)
        self.outbox.refresh(session, closed, now, tap)
        return closed

    def _journal(
        self,
        session: Session,
        decision: Decision,
        what: str,
        who: str,
        now: datetime,
        body: Mapping[str, Any],
    ) -> None:
        line = {"version": decision.version, "state": decision.state.value, **body}
        journal.append(session, who=who, what=what, subject=decision.id, at=now, body=line)


def _who(session: Session, person: str | None, at: datetime | None) -> dict[str, str]:
    """Who was first and when, for the one who came second."""
    name = people.by_id(session, person).name if person else ""
    return {"by": name, "at": when(at) if at else ""}


_FROM: Mapping[Move, frozenset[State]] = {
    Move.CONFIRM: frozenset({State.PROPOSED}),
    Move.CORRECT: frozenset({State.PROPOSED}),
    Move.DECLINE: frozenset({State.PROPOSED, State.FAILED}),
    Move.RETRY: frozenset({State.FAILED}),
    Move.UNDO: frozenset({State.CARRIED_OUT}),
}


def _actions_of(session: Session, decision: str, state: str, undoing: bool = False) -> list[ActionRow]:
    """A decision's actions in a state; `undoing`: those that take them back instead."""
    query = select(ActionRow).where(col(ActionRow.decision) == decision, col(ActionRow.state) == state)
    rows = session.execute(query.order_by(col(ActionRow.seq))).scalars()
    return [row for row in rows if row.kind.startswith("undo:") == undoing]


def _changes(shown: Draft, decided: Draft) -> dict[str, Any]:
    """What a correction changed: field by field, before and after; a whole action where it was dropped or added."""
    changes: dict[str, Any] = {}
    if shown.text != decided.text:
        changes["draft"] = [shown.text, decided.text]
    before, after = _numbered(shown), _numbered(decided)
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after or name not in before:
            changes[name] = ["proposed", None] if name in before else [None, "added"]
            continue
        for field_name in sorted({*before[name].params, *after[name].params}):
            was, is_now = before[name].params.get(field_name), after[name].params.get(field_name)
            if was != is_now:
                changes[f"{name}.{field_name}"] = [was, is_now]
    return changes


def _numbered(draft: Draft) -> dict[str, Proposal]:
    """Actions by kind; a second one of a kind gets a number: `create_task`, `create_task 2`."""
    found: dict[str, Proposal] = {}
    for action in draft.actions:
        same = sum(other.kind == action.kind for other in found.values())
        found[f"{action.kind} {same + 1}" if same else action.kind] = action
    return found


def _note_correction(session: Session, decision: Decision, kind: str, now: datetime, **values: Any) -> None:
    session.add(
        CorrectionRow(
            id=uuid.uuid4().hex,
            decision=decision.id,
            person=decision.decided_by or "",
            at=now,
            kind=kind,
            **values,
        )
    )
