"""A tap on a card: what the person may do with it, and the words for what they may not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlmodel import Session

from bot import decisions, people, turns
from bot.cards import ASIA_SHANGHAI
from bot.channels import CardReply
from bot.confirmation import Applied, Move, Refusal, Reply
from bot.conversation import UserId
from bot.decision import Decision, DecisionId, ReasonKind
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.errors import NotFound
from bot.metrics import MOVED
from bot.outbox import Tap
from bot.people import Person
from bot.rationale import because_of
from bot.rechecking import Lapsed, in_words, lapsed
from bot.tables import DeliveryRow
from intents import Intent
from knowledge import Library
from prompts import phrase

PICK = "pick:"


class Taps:
    """Works `CardReply` deliveries; the decision page uses `reply` as well."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self._desk = desk
        self._library = library

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        row = rows[0]
        tapped = outcome_of(row)
        assert isinstance(tapped, CardReply)
        person = await self._desk.store.read(
            lambda session: people.by_address(session, row.channel, tapped.sender)
        )
        if person is None:
            await self._desk.answer(rows, tapped.sender, phrase("card_not_yours", rep="收到它的同事"))
            return
        reply = _reply(tapped, person)
        if reply is None or not self._is_known(reply.intent):
            await self._desk.answer(rows, tapped.sender, phrase("card_unknown"))
            return

        def done(session: Session, applied: Applied) -> None:
            if applied.refused:
                self._desk.say(session, row, tapped.sender, self.refusal(applied))
            self._desk.finish(session, rows)

        await self.reply(reply, person, done)

    async def reply(self, reply: Reply, person: Person, done: Callable[[Session, Applied], None]) -> Applied:
        """Apply a reply in one transaction, with the new proposal in it where another intent was meant, or where a
        document that the draft rests on cannot carry it any more."""
        reply, again = await self._looked_again(reply)

        def apply(session: Session) -> Applied:
            applied = self._desk.confirmations.apply(session, reply, self._desk.clock())
            if applied.propose_as and again is not None:
                rep = people.by_id(session, again.rep)
                self._desk.propose(session, again, rep, None, "")
            elif applied.refused is Refusal.SOURCE_LAPSED and again is not None:
                rep = people.by_id(session, again.rep)
                self._desk.propose(session, again, rep, applied.decision, "source_lapsed")
            done(session, applied)
            return applied

        applied = await self._desk.store.write(apply)
        MOVED.labels(reply.move.value, applied.refused.value if applied.refused else "done").inc()
        return applied

    def refusal(self, applied: Applied) -> str:
        """Why a reply changed nothing, in the person's words."""
        decision = applied.decision
        match applied.refused:
            case Refusal.DECIDED if decision and not decision.decided_by:  # newer words took its place
                return phrase("card_closed")
            case Refusal.DECIDED | Refusal.NOT_YOURS | Refusal.SOURCE_LAPSED:
                return phrase(applied.refused.value, **applied.details)
            case Refusal.INCOMPLETE | Refusal.UNCHANGED if decision:
                url = self._desk.page(decision)
                return phrase(applied.refused.value, **applied.details, url=url)
            case Refusal():
                return phrase(applied.refused.value)
        return ""

    async def overtaken(self, decision: Decision) -> str:
        """Why a reply to an earlier version of a card changed nothing: who was first and when, or that it says something
        else by now."""
        if decision.is_open:
            return phrase(Refusal.CHANGED.value)
        return self.refusal(
            await self._desk.store.read(lambda session: self._desk.confirmations.too_late(session, decision))
        )

    def _is_known(self, intent: Intent | None) -> bool:
        """False for a choice that no card of ours offers."""
        return intent is None or intent in self._desk.taxonomies().intents

    async def lapsed(self, decision: Decision, rep: Person) -> tuple[Lapsed, ...]:
        """Which of its documents cannot carry a decision any more, as its rep may read them today."""
        today = self._desk.clock().astimezone(ASIA_SHANGHAI).date()
        return await asyncio.to_thread(lapsed, self._library, decision, rep, today)

    async def _looked_again(self, reply: Reply) -> tuple[Reply, Decision | None]:
        """The reply with what became of the sources, and the proposal that takes the card's place where one has to;
        both made before the transaction that closes the old card."""
        if reply.move not in {Move.CONFIRM, Move.CORRECT}:
            return reply, None

        def load(session: Session) -> tuple[Decision, Person] | None:
            try:
                decision = decisions.load(session, reply.decision)
            except NotFound:
                return None
            return decision, people.by_id(session, decision.rep)

        found = await self._desk.store.read(load)
        if found is None or not found[0].is_open:
            return reply, None
        decision, rep = found
        if reply.move is Move.CORRECT and reply.intent not in {None, decision.intent}:
            return reply, await self._again(decision, rep, reply.intent)
        said = reply.draft.text if reply.draft else None
        gone = [one for one in await self.lapsed(decision, rep) if said is None or one.carries(said)]
        if not gone:
            return reply, None
        return replace(reply, lapsed=in_words(gone)), await self._again(decision, rep, decision.intent)

    async def _again(self, decision: Decision, rep: Person, intent: Intent | None) -> Decision:
        """The turn proposed once more, with this intent and the documents of today."""
        turn = await self._desk.store.read(lambda session: turns.of(session, decision))
        again = await self._desk.copilot.propose(turn, rep, decision.reading, intent, DecisionId(decision.id))
        events = [one for one in decision.rationale.reasons if one.kind is ReasonKind.EVENT]
        corrected = [one for one in again.rationale.reasons if one.kind is ReasonKind.RULE]
        kept = because_of(again.rationale, [*events, *corrected])
        return replace(again, rationale=kept) if events else again


def _reply(tapped: CardReply, person: Person) -> Reply | None:
    """None for a button that is none of ours: a card of another program, or a forged one."""
    intent = None
    button = tapped.button
    if button.startswith(PICK):
        intent, button = Intent(button.removeprefix(PICK)), Move.CORRECT.value
    elif button == Move.CORRECT.value:
        intent = next((Intent(chosen) for chosen in tapped.selected.values() if chosen), None)
    if button not in set(Move):
        return None
    return Reply(
        decision=tapped.decision,
        by=UserId(person.id),
        move=Move(button),
        version=tapped.version,
        content_hash=tapped.content_hash,
        intent=intent,
        tap=Tap(tapped.key, tapped.sender, tapped.reply_to),
    )
