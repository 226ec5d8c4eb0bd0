"""What the copilot proposes, why, and what a person made of it (values, no I/O)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NewType

import orjson

from bot.conversation import ConversationId, TurnId, UserId
from bot.errors import MoveRefused
from crm_bridge import AccountId
from intents import Intent, Reading, Speaker

DecisionId = NewType("DecisionId", str)


class State(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CARRIED_OUT = "carried_out"
    FAILED = "failed"
    UNDONE = "undone"


FOLLOWED_BY: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PROPOSED: frozenset(
            {State.CONFIRMED, State.CORRECTED, State.DECLINED, State.EXPIRED, State.SUPERSEDED}
        ),
        State.CONFIRMED: frozenset({State.CARRIED_OUT, State.FAILED}),
        State.CORRECTED: frozenset({State.CARRIED_OUT, State.FAILED}),
        State.FAILED: frozenset({State.CONFIRMED, State.DECLINED}),  # a rep may try again
        State.CARRIED_OUT: frozenset({State.UNDONE}),
        State.DECLINED: frozenset(),
        State.EXPIRED: frozenset(),
        State.SUPERSEDED: frozenset(),
        State.UNDONE: frozenset(),
    }
)


class ReasonKind(StrEnum):
    """Where a reason comes from; each kind opens its own source."""

    WORDS = "words"
    CRM = "crm"
    PASSAGE = "passage"
    EVENT = "event"
    RULE = "rule"


@dataclass(frozen=True)
class Reason:
    """One reason, pointing at what it rests on: `source` in a rep's words, `ref` for the machine.

    `ref` is a passage id for PASSAGE, `object.field` for CRM, an event id for EVENT. `at` is the source's own time.
    """

    kind: ReasonKind
    text: str
    source: str
    ref: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Rationale:
    """Because of what; what is not known; and what a reader should beware of."""

    reasons: tuple[Reason, ...]
    unknowns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    quotes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Unknown or warning → the customer's fields (`account.tier`) whose values it tells."""
    compared: str = ""
    """The products it is about side by side, with a table (bot/markdown_table.py)."""


@dataclass(frozen=True)
class Proposal:
    """One action that would be carried out: its kind, its parameters, and required ones nobody named yet."""

    kind: str
    params: Mapping[str, Any]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """Words to send to the customer, and the actions that go with them. `removed`: what no source supported."""

    text: str
    actions: tuple[Proposal, ...] = ()
    removed: tuple[str, ...] = ()
    written_by: str = "template"


@dataclass(frozen=True)
class Provenance:
    """What a decision was made with, by content hash, so that it can be replayed."""

    model: str = ""
    index: str = ""
    prompts: str = ""


@dataclass(frozen=True)
class Decision:
    """A proposal that waits for a rep, or what became of it. Every move returns a new value."""

    id: DecisionId
    turn: TurnId
    conversation: ConversationId
    channel: str
    rep: UserId
    words: str
    speaker: Speaker
    customer: AccountId | None
    customer_name: str
    reading: Reading
    intent: Intent | None
    """None where the reading abstained and the card asks."""
    draft: Draft
    rationale: Rationale
    created_at: datetime
    expires_at: datetime
    provenance: Provenance = Provenance()
    state: State = State.PROPOSED
    version: int = 0
    """The store refuses to save over a newer one: two taps, one winner."""
    decided_by: UserId | None = None
    decided_at: datetime | None = None
    undone_by: UserId | None = None
    undone_at: datetime | None = None
    """Beside who decided it: taking back what was carried out changes nothing about that."""
    note: str = ""
    """Why it was declined, or what followed it."""
    follows: DecisionId | None = None
    """The decision whose place this one took."""

    @property
    def content_hash(self) -> str:
        """Of what a rep is shown and would confirm; a confirmation is bound to it."""
        shown = {
            "words": self.words,
            "customer": self.customer,
            "intent": self.intent,
            "draft": self.draft.text,
            "actions": [[action.kind, dict(action.params)] for action in self.draft.actions],
        }
        raw = orjson.dumps(shown, default=str, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(raw).hexdigest()[:16]

    @property
    def is_open(self) -> bool:
        return self.state is State.PROPOSED

    @property
    def asks(self) -> bool:
        """Whether the card asks which intent is meant instead of proposing."""
        return self.intent is None

    @property
    def last_by(self) -> UserId | None:
        """Who moved it last: what a card says of it."""
        return self.undone_by or self.decided_by

    @property
    def last_at(self) -> datetime | None:
        return self.undone_at or self.decided_at

    @property
    def told(self) -> bool:
        """Whether a rep said what is meant, so that the card is about another intent than was read."""
        return self.intent is not None and self.intent != self.reading.intent

    @property
    def actions(self) -> tuple[Proposal, ...]:
        """What may be written now: nothing, until a rep has said so."""
        return self.draft.actions if self.state in {State.CONFIRMED, State.CORRECTED} else ()

    def redraft(self, draft: Draft, rationale: Rationale) -> Decision:
        """Other words for the same proposal; still open. A confirmation of the words before no longer fits."""
        if not self.is_open:
            raise MoveRefused(self.id, self.state, "redrafted")
        return replace(self, draft=draft, rationale=rationale, version=self.version + 1)

    def confirm(self, by: UserId, at: datetime) -> Decision:
        return replace(self._move(State.CONFIRMED), decided_by=by, decided_at=at)

    def correct(self, by: UserId, at: datetime, draft: Draft) -> Decision:
        return replace(self._move(State.CORRECTED), decided_by=by, decided_at=at, draft=draft)

    def decline(self, by: UserId, at: datetime, why: str) -> Decision:
        return replace(self._move(State.DECLINED), decided_by=by, decided_at=at, note=why)

    def expire(self) -> Decision:
        return self._move(State.EXPIRED)

    def supersede(self, why: str, by: UserId | None = None, at: datetime | None = None) -> Decision:
        return replace(self._move(State.SUPERSEDED), note=why, decided_by=by, decided_at=at)

    def carry_out(self) -> Decision:
        return self._move(State.CARRIED_OUT)

    def fail(self, why: str) -> Decision:
        return replace(self._move(State.FAILED), note=why)

    def undo(self, by: UserId, at: datetime) -> Decision:
        return replace(self._move(State.UNDONE), undone_by=by, undone_at=at)

    def _move(self, to: State) -> Decision:
        if to not in FOLLOWED_BY[self.state]:
            raise MoveRefused(self.id, self.state, to)
        return replace(self, state=to, version=self.version + 1)
