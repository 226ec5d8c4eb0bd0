"""A tap on a card: what the person may do with it, and the words for what they may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session

from bot import decisions, people, turns
from bot.channels import CardReply
from bot.confirmation import Applied, Move, Refusal, Reply
from bot.conversation import UserId
from bot.decision import Decision, DecisionId, State
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.errors import NotFound
from bot.metrics import MOVED
from bot.outbox import Tap
from bot.people import Person
from bot.tables import DeliveryRow
from intents import Intent
from prompts import phrase

PICK = "pick:"


class Taps:
    """Works `CardReply` deliveries; the decision page uses `reply` as well."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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
        """Apply a reply in one transaction, with the new proposal in it where another intent was meant."""
        again = await self._again(reply)

        def apply(session: Session) -> Applied:
            applied = self._desk.confirmations.apply(session, reply, self._desk.clock())
            if applied.propose_as and again is not None:
                rep = people.by_id(session, again.rep)
                self._desk.propose(session, again, rep, None, "")
            done(session, applied)
            return applied

        applied = await self._desk.store.write(apply)
        MOVED.labels(reply.move.value, applied.refused.value if applied.refused else "done").inc()
        return applied

    def refusal(self, applied: Applied) -> str:
        """Why a reply changed nothing, in the person's words."""
        decision = applied.decision
        match applied.refused:
            case Refusal.DECIDED if decision and decision.state is State.SUPERSEDED:
                return phrase("card_closed")
            case Refusal.DECIDED | Refusal.NOT_YOURS:
                return phrase(applied.refused.value, **applied.details)
            case Refusal.INCOMPLETE | Refusal.UNCHANGED if decision:
                url = self._desk.page(decision)
                return phrase(applied.refused.value, **applied.details, url=url)
            case Refusal():
                return phrase(applied.refused.value)
        return ""

    def _is_known(self, intent: Intent | None) -> bool:
        """False for a choice that no card of ours offers."""
        return intent is None or intent in self._desk.taxonomy.intents

    async def _again(self, reply: Reply) -> Decision | None:
        """The proposal with the corrected intent, made before the transaction that closes the old card."""
        if reply.move is not Move.CORRECT or reply.intent is None:
            return None
        intent = reply.intent

        def load(session: Session) -> tuple[Decision, Person] | None:
            try:
                decision = decisions.load(session, reply.decision)
            except NotFound:
                return None
            return decision, people.by_id(session, decision.rep)

        found = await self._desk.store.read(load)
        if found is None or not found[0].is_open or found[0].intent == intent:
            return None
        decision, rep = found
        turn = await self._desk.store.read(lambda session: turns.of(session, decision))
        return await self._desk.copilot.propose(turn, rep, decision.reading, intent, DecisionId(decision.id))


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
