"""Draws a decision as a card: from the decision as it is now, the same bytes for the same state.

Nothing here depends on the present moment or on chance: a card that is sent twice after a crash is equal, so the
platform's own check for duplicates can drop the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from bot import actions, decisions, people
from bot.card import Button, Card, CardAction, CardReason, Choice, Tone
from bot.decision import Decision, Reason, ReasonKind, State
from bot.people import Person
from bot.security import Links
from bot.tables import ActionRow
from intents import Abstention, Intent, Taxonomy
from prompts import phrase

ASIA_SHANGHAI = ZoneInfo("Asia/Shanghai")
LINK_LASTS = timedelta(days=90)
MOST_CHOICES = 10
_ACTIONS = (
    select(ActionRow).where(col(ActionRow.decision) == bindparam("decision")).order_by(col(ActionRow.seq))
)


@dataclass(frozen=True)
class CardMaker:
    taxonomies: Callable[[], Taxonomy]
    """The intents as they are called now."""
    links: Links
    passage_url: Callable[[str, str], str]
    """(decision page, passage id) → where the passage can be read in its document."""

    def load(self, session: Session, decision: str) -> tuple[Decision, Card]:
        """The decision and its card as they are now."""
        found = decisions.load(session, decision)
        mover = people.by_id(session, found.last_by) if found.last_by else None
        rows = session.execute(_ACTIONS, {"decision": decision}).scalars()
        return found, self.draw(found, mover, list(rows))

    def draw(self, decision: Decision, mover: Person | None, rows: list[ActionRow]) -> Card:
        """`mover`: who moved it last; `rows`: its actions."""
        url = self.url(decision)
        return Card(
            decision=decision.id,
            version=decision.version,
            content_hash=decision.content_hash,
            title=self._title(decision),
            subtitle=_subtitle(decision),
            confidence=_confidence(decision),
            reasons=tuple(self._reason(reason, url) for reason in decision.rationale.reasons),
            unknowns=decision.rationale.unknowns,
            warnings=decision.rationale.warnings,
            compared=decision.rationale.compared,
            draft=decision.draft.text,
            actions=tuple(
                CardAction(
                    actions.by_name(action.kind).label, actions.by_name(action.kind).describe(action.params)
                )
                for action in decision.draft.actions
            ),
            choices_title=phrase("correct_to") if decision.is_open else "",
            choices=self.choices(decision) if decision.is_open else (),
            chosen=decision.intent or "",
            buttons=self._buttons(decision, rows, url),
            url=url,
            status=_status(decision, mover, rows),
            receipts=tuple(row.receipt["shown"] for row in rows if row.receipt and row.state == "done"),
            tone=_TONES.get(decision.state, Tone.QUIET),
            in_hand=decision.state in {State.CONFIRMED, State.CORRECTED},
        )

    def url(self, decision: Decision, user: str | None = None) -> str:
        return self.links.to(decision.id, user or decision.rep, decision.created_at + LINK_LASTS)

    def path(self, decision: Decision) -> str:
        """The same page within this server."""
        return "/d/" + self.url(decision).rsplit("/d/", 1)[1]

    def choices(self, decision: Decision, most: int = MOST_CHOICES) -> tuple[Choice, ...]:
        """Intents to correct to: the likeliest first, then the speaker's others, as many as a card holds.

        A page holds them all (`most`)."""
        ranked = [ranked.intent for ranked in decision.reading.ranked]
        others = [intent.name for intent in self.taxonomies().for_speaker(decision.speaker)]
        names = list(dict.fromkeys([*ranked, *others]))[:most]
        if decision.intent and decision.intent not in names:
            names[-1] = decision.intent
        return tuple(Choice(name, self.taxonomies().label(name)) for name in names)

    def _title(self, decision: Decision) -> str:
        if decision.intent is not None:
            return self.taxonomies().label(decision.intent)
        if decision.reading.abstained is Abstention.OUT_OF_SCOPE:
            return phrase("card_out_of_scope")
        return self.taxonomies().question(*(ranked.intent for ranked in decision.reading.ranked[:2]))

    def _reason(self, reason: Reason, url: str) -> CardReason:
        link = self.passage_url(url, reason.ref) if reason.kind is ReasonKind.PASSAGE and reason.ref else ""
        if reason.kind is ReasonKind.EVENT and ":" not in reason.ref:  # with one, it is a contract that ends
            link = f"{url}/event/{reason.ref}"
        source = f"{reason.source} · {when(reason.at)}" if reason.at else reason.source
        return CardReason(reason.kind.value, reason.text, source, link)

    def _buttons(self, decision: Decision, rows: list[ActionRow], url: str) -> tuple[Button, ...]:
        match decision.state:
            case State.PROPOSED if decision.asks:
                return (
                    *(
                        Button(f"pick:{name}", self._short(name), Tone.GOOD)
                        for name in self._offered(decision)
                    ),
                    _CORRECT,
                    _DECLINE,
                )
            case State.PROPOSED if any(action.missing for action in decision.draft.actions):
                return (Button("open", phrase("button_complete"), Tone.GOOD, url), _CORRECT, _DECLINE)
            case State.PROPOSED:
                return (_CONFIRM, _CORRECT, _DECLINE)
            case State.FAILED:
                return (_RETRY, _DECLINE)
            case State.CARRIED_OUT if rows and all((row.receipt or {}).get("undoable") for row in rows):
                return (_UNDO,)
        return ()

    def _offered(self, decision: Decision) -> list[Intent]:
        """The two likeliest; of strangers' words only that nothing is wanted."""
        if decision.reading.abstained is Abstention.OUT_OF_SCOPE:
            return [one for one in self.taxonomies().intents if one == "smalltalk"]
        return [ranked.intent for ranked in decision.reading.ranked[:2]]

    def _short(self, intent: Intent) -> str:
        return self.taxonomies().label(intent)


def when(at: datetime) -> str:
    """A time as people here read it: `2026-11-26 15:04`."""
    return at.astimezone(ASIA_SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _confidence(decision: Decision) -> str:
    """How sure the reading was, where the card proposes what was read: not after a correction, not of an event."""
    if decision.asks or decision.intent != decision.reading.intent or _nobody_said(decision):
        return ""
    return phrase("confidence", percent=round(decision.reading.confidence * 100))


def _nobody_said(decision: Decision) -> bool:
    return any(reason.kind is ReasonKind.EVENT for reason in decision.rationale.reasons)


def _subtitle(decision: Decision) -> str:
    words = " ".join(decision.words.split())
    if _nobody_said(decision):
        return f"{decision.customer_name} {words}"
    said = phrase("customer_said" if decision.speaker == "customer" else "rep_said", words=words)
    return f"{decision.customer_name} {said}".strip()


def _status(decision: Decision, mover: Person | None, rows: list[ActionRow]) -> str:
    who = mover.name if mover else ""
    at = when(decision.last_at) if decision.last_at else ""
    waits = next((row.error for row in rows if row.state == "waiting" and row.attempts), "")
    match decision.state:
        case State.PROPOSED:
            return ""
        case State.CONFIRMED | State.CORRECTED if waits:
            return phrase("status_waiting", who=who, at=at)
        case State.FAILED | State.DECLINED:
            return phrase(f"status_{decision.state.value}", who=who, at=at, why=decision.note)
        case State.EXPIRED:
            return phrase("status_expired")
        case State.SUPERSEDED if decision.decided_by:
            return phrase("status_superseded_intent_corrected", who=who, at=at)
        case State.SUPERSEDED:
            return phrase(f"status_superseded_{decision.note}")
        case _:
            return phrase(f"status_{decision.state.value}", who=who, at=at)


_CONFIRM = Button("confirm", phrase("button_confirm"), Tone.GOOD)
_CORRECT = Button("correct", phrase("button_correct"), Tone.QUIET)
_DECLINE = Button("decline", phrase("button_decline"), Tone.WARNING)
_RETRY = Button("retry", phrase("button_retry"), Tone.GOOD)
_UNDO = Button("undo", phrase("button_undo"), Tone.QUIET)
_TONES = {State.PROPOSED: Tone.PROPOSAL, State.CARRIED_OUT: Tone.GOOD, State.FAILED: Tone.WARNING}
