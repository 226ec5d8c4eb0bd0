"""One decision opened to its last source: what a page needs of it, gathered and acted on by plain functions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlmodel import Session, col

from bot import decisions, journal, people, turns
from bot.app import Parts
from bot.card import Card
from bot.console import journal_words, listing
from bot.conversation import Turn
from bot.decision import Decision, DecisionId, ReasonKind, State
from bot.desk import Desk
from bot.errors import InvalidInput, NotAllowed, NotFound
from bot.outward import as_told
from bot.people import Person, Role
from bot.reading_rights import may_read, reader_of
from bot.tables import ActionRow, ConfirmationRow, CorrectionRow
from knowledge import Library
from prompts import phrase

LONGEST_COMMENT = 1000


@dataclass(frozen=True)
class Line:
    """A line of the journal as people read it; `body` is None where it was forgotten."""

    at: str
    who: str
    what: str
    body: dict[str, Any] | None


@dataclass(frozen=True)
class Change:
    """What a rep changed: a field's name, what the card said, what they made of it."""

    name: str
    was: str
    is_now: str


@dataclass(frozen=True)
class Side:
    """A card as it stood: which version it was, and by which hash a confirmation names it."""

    decision: str
    version: int
    content_hash: str
    card: Card


@dataclass(frozen=True)
class Receipt:
    kind: str
    state: str
    shown: str
    error: str


@dataclass(frozen=True)
class Opened:
    """Everything about one decision that its viewer may see."""

    decision: Decision
    card: Card
    rep: Person
    receipts: Sequence[Receipt]
    changes: Sequence[Change]
    lines: Sequence[Line]
    comments: Sequence[Line]
    may_decide: bool
    others: dict[str, str]
    """To whom it may be handed: id → name."""
    before: Sequence[Side] = ()
    """What the card said before it changed, oldest first: the last is what the rep saw and corrected."""
    before_undo: str = ""
    """Who had decided what was undone later; the card says who undid it."""
    after: Side | None = None
    """What a correction made of it: this card's new content, or the card that took its place. None: nobody corrected it."""

    @property
    def note(self) -> str:
        """Why, in somebody's words. Of a card that another replaced it is a code, which the card's status says in words."""
        return "" if self.decision.state is State.SUPERSEDED else self.decision.note


@dataclass(frozen=True)
class Replay:
    """What today's model, documents and prices make of the same words."""

    decision: Decision
    same_intent: bool
    same_draft: bool
    same_actions: bool


def open_it(session: Session, parts: Parts, viewer: Person, decision: str) -> Opened:
    """Raises `NotFound` for what the viewer may not see, as for what there is not."""
    found = listing.open_one(session, viewer, decision)
    if found is None:
        raise NotFound(phrase("console_no_decision"))
    _, card = parts.cards.load(session, decision)
    rep = people.by_id(session, found.rep)
    written = list(journal.lines(session, decision))
    names = journal_words.names(session, [found.decided_by or "", *(row.who for row in written)])
    lines = [_line(row, names) for row in written]
    may_decide = viewer.may_decide_for(rep)
    before, after = _sides(session, parts, found)
    return Opened(
        decision=as_told(found, parts.copilot.policy, viewer.role.value, "card"),
        card=card,
        rep=rep,
        receipts=_receipts(session, decision),
        changes=_changes(session, decision),
        lines=[line for line in lines if line.what != "DecisionCommented"],
        comments=[line for line in lines if line.what == "DecisionCommented"],
        may_decide=may_decide,
        others=_others(session, viewer, rep) if may_decide and found.is_open else {},
        before=before,
        before_undo=_before_undo(found, names),
        after=after,
    )


def comment(session: Session, parts: Parts, viewer: Person, decision: str, words: str) -> None:
    """Raises `InvalidInput`, `NotFound`."""
    said = words.strip()
    if not said or len(said) > LONGEST_COMMENT:
        raise InvalidInput(phrase("console_comment_length", most=LONGEST_COMMENT))
    if listing.open_one(session, viewer, decision) is None:
        raise NotFound(phrase("console_no_decision"))
    journal.append(
        session,
        who=viewer.id,
        what="DecisionCommented",
        subject=decision,
        at=parts.clock(),
        body={"words": said},
    )


def hand_over(
    session: Session, desk: Desk, library: Library, viewer: Person, decision: str, to: str
) -> Decision:
    """An open decision becomes another rep's: a proposal of their own takes its place, and the old card says so.

    Raises `NotAllowed`, `NotFound`, `InvalidInput` (it was decided meanwhile, or quotes what the other may not read).
    """
    found, now = decisions.load(session, decision, alone=True), desk.clock()
    rep, other = people.by_id(session, found.rep), people.by_id(session, to)
    if not (viewer.may_decide_for(rep) and viewer.may_decide_for(other) and other.role is Role.REP):
        raise NotAllowed(phrase("console_not_your_team", name=other.name))
    if not found.is_open or other.id == rep.id:
        raise InvalidInput(phrase("console_decided_meanwhile"))
    quoted = [one.ref for one in found.rationale.reasons if one.kind is ReasonKind.PASSAGE]
    if not all(may_read(library, ref, reader_of(other)) for ref in quoted):
        raise InvalidInput(phrase("console_hidden_sources", name=other.name))
    channel = desk.outbox.channel_of(other)
    if channel is None:
        raise InvalidInput(phrase("console_unreachable", name=other.name))
    handed = replace(
        found,
        id=DecisionId(uuid.uuid4().hex[:20]),
        rep=other.id,
        channel=channel,
        created_at=now,
        expires_at=now + (found.expires_at - found.created_at),
        version=0,
        follows=found.id,
    )
    desk.propose(session, handed, other, found, "handed_over")
    body = {"from": rep.id, "to": other.id, "new": handed.id}
    journal.append(session, who=viewer.id, what="DecisionHandedOver", subject=found.id, at=now, body=body)
    return handed


async def replay(parts: Parts, decision: Decision, rep: Person) -> Replay:
    """Proposed again with what is known today; nothing is saved or sent.

    Raises `CrmError`: the customer was taken out of the CRM meanwhile, or it is asleep."""
    turn: Turn = await parts.store.read(lambda session: turns.of(session, decision))
    known = {one.id: one.industry for one in await parts.crm.directory()}
    turn = replace(turn, industry=known.get(turn.customer, "") if turn.customer else "")
    again = await parts.copilot.propose(turn, rep, parts.copilot.read(turn))
    before, now = decision.draft, again.draft
    return Replay(
        again,
        again.intent == decision.intent,
        now.text == before.text,
        [(one.kind, dict(one.params)) for one in now.actions]
        == [(one.kind, dict(one.params)) for one in before.actions],
    )


def can_undo(opened: Opened) -> bool:
    return opened.may_decide and any(button.key == "undo" for button in opened.card.buttons)


def can_decide(opened: Opened, now: datetime) -> bool:
    decision = opened.decision
    return opened.may_decide and decision.state is State.PROPOSED and decision.expires_at > now


def _before_undo(found: Decision, names: dict[str, str]) -> str:
    if found.state is not State.UNDONE or not found.decided_by or not found.decided_at:
        return ""
    who = names.get(found.decided_by, found.decided_by)
    return phrase("status_carried_out", who=who, at=listing.at(found.decided_at))


def _receipts(session: Session, decision: str) -> list[Receipt]:
    query = select(ActionRow).where(col(ActionRow.decision) == decision).order_by(col(ActionRow.seq))
    return [
        Receipt(row.kind, row.state, str((row.receipt or {}).get("shown", "")), row.error)
        for row in session.execute(query).scalars()
    ]


def _changes(session: Session, decision: str) -> list[Change]:
    """From the confirmation that carried them, or from the correction that asked for another intent."""
    confirmed = select(ConfirmationRow).where(col(ConfirmationRow.decision) == decision)
    found = [row.changes for row in session.execute(confirmed).scalars() if row.changes]
    corrected = select(CorrectionRow).where(
        col(CorrectionRow.decision) == decision, col(CorrectionRow.kind) == "intent"
    )
    changes = [Change(name, _plain(was), _plain(now)) for one in found for name, (was, now) in one.items()]
    for row in session.execute(corrected).scalars():
        changes.append(Change("intent", row.proposed or "", row.corrected or ""))
    return changes


def _sides(session: Session, parts: Parts, found: Decision) -> tuple[list[Side], Side | None]:
    """What the card said before, and what a correction made of it."""

    def side(decision: Decision) -> Side:
        card = parts.cards.draw(decision, None, [])
        return Side(decision.id, decision.version, decision.content_hash, card)

    before = [side(one) for one in decisions.as_it_was(session, found.id)]
    corrected = select(CorrectionRow).where(
        col(CorrectionRow.decision) == found.id, col(CorrectionRow.kind).in_(("content", "intent"))
    )
    kinds = {row.kind for row in session.execute(corrected).scalars()}
    if "intent" in kinds and (following := decisions.following(session, found.id)):
        return [*before, side(found)], side(following)
    return before, side(found) if "content" in kinds else None


def _plain(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _others(session: Session, viewer: Person, rep: Person) -> dict[str, str]:
    if viewer.role is not Role.MANAGER:
        return {}
    return {
        person.id: person.name
        for person in people.team(session, viewer)
        if person.active and person.role is Role.REP and person.id != rep.id
    }


def _line(row: Any, names: dict[str, str]) -> Line:
    body = None if journal.is_forgotten(row) else orjson.loads(row.body)
    at = listing.at(datetime.fromisoformat(row.at))
    return Line(at, names.get(row.who, row.who), row.what, body)
