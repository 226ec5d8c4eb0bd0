"""What everybody at the reception works with, and the few ways in which a delivery ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import event
from sqlmodel import Session

from bot import decisions, journal, turns
from bot.channels import ReplyAddress
from bot.confirmation import Confirmations
from bot.conversation import Turn
from bot.copilot import Copilot
from bot.customers import Customers
from bot.decision import Decision
from bot.outbox import Outbox
from bot.people import Person
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from intents import Taxonomy

log = structlog.get_logger()


@dataclass(frozen=True)
class Desk:
    """What everybody at the reception works with."""

    store: Store
    deliveries: Queue[DeliveryRow]
    outbox: Outbox
    copilot: Copilot
    customers: Customers
    confirmations: Confirmations
    taxonomies: Callable[[], Taxonomy]
    clock: Callable[[], datetime]
    extend_within: timedelta
    """Newer words of a customer within this time join an open card's turn."""
    page: Callable[[Decision], str]
    """The link of a decision's page, for its rep."""
    proposed: Callable[[Decision], None] | None = None
    """Told of each proposal whose card is on its way, once that is committed; called in the store's thread."""

    def say(self, session: Session, row: DeliveryRow, address: str, words: str) -> None:
        """Answer whoever sent this delivery, once."""
        reply_to = row.payload.get("reply_to") or {}
        back = ReplyAddress(reply_to["data"]) if reply_to.get("data") else None
        self.outbox.say_to_address(
            session, address, row.channel, words, f"{row.key}:answer", self.clock(), back
        )

    async def answer(self, rows: Sequence[DeliveryRow], address: str, words: str) -> None:
        """Say something and be done with these deliveries."""

        def save(session: Session) -> None:
            self.say(session, rows[0], address, words)
            self.finish(session, rows)

        await self.store.write(save)

    def finish(self, session: Session, rows: Sequence[DeliveryRow]) -> None:
        for row in rows:
            self.deliveries.finish(session, row, self.clock())

    def propose(
        self, session: Session, decision: Decision, rep: Person, replaced: Decision | None, why: str
    ) -> None:
        """Save a proposal and have its card sent; the one whose place it takes is closed first."""
        now = self.clock()
        if replaced is not None:
            before = decisions.load(session, replaced.id)
            if before.is_open:
                self.confirmations.supersede(session, before, why, now)
        self.record(session, decision)
        if not self.outbox.card(session, decision, rep, now):
            log.warning("card_unreachable", decision=decision.id, rep=rep.id, channel=decision.channel)
        elif (tell := self.proposed) is not None:
            event.listen(session, "after_commit", lambda _: tell(decision), once=True)

    def record(self, session: Session, decision: Decision) -> None:
        """Save a proposal with its line in the journal, which names all that it was made with."""
        decisions.insert(session, decision)
        body = {
            "turn": decision.turn,
            "rep": decision.rep,
            "customer": decision.customer,
            "intent": decision.intent,
            "confidence": round(decision.reading.confidence, 4),
            "content_hash": decision.content_hash,
            "made_with": vars(decision.provenance),
            "follows": decision.follows,
        }
        journal.append(
            session, who="copilot", what="DecisionProposed", subject=decision.id, at=self.clock(), body=body
        )

    def keep_turn(
        self, session: Session, turn: Turn, delivery: str, outcome: str, answer: str = "", **left: Any
    ) -> None:
        """Save a turn and what its conversation remembers of it."""
        now = self.clock()
        turns.add(session, turn, delivery, outcome, answer)
        row = turns.conversation(session, turn.conversation, turn.channel, turn.rep, now)
        values = {"pending": {}, **left}
        if turn.customer is not None:
            values |= {"customer": turn.customer, "customer_name": turn.customer_name}
        turns.keep(session, row, now, **values)
