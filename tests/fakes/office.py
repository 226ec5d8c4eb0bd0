"""The core put together on a store: decisions are proposed, tapped and carried out as in production, with fakes outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from bot import actions, decisions, journal
from bot.channels import Channel
from bot.confirmation import Applied, Confirmations, Move, Reply
from bot.conversation import UserId
from bot.decision import Decision
from bot.executor import Executor
from bot.outbox import Outbox
from bot.queues import Queue
from bot.store import Store
from bot.tables import ActionRow, CardRow, ConfirmationRow, CorrectionRow, OutboxRow
from bot.worker import Worker
from tests.fakes.clock import Clock
from tests.fakes.crm import FakeCrm
from tests.fakes.decisions import a_decision
from tests.fakes.queues import leases_for

Row = TypeVar("Row", bound=SQLModel)


class Office:
    def __init__(self, store: Store, clock: Clock, channels: Mapping[str, Channel] | None = None) -> None:
        leases = leases_for(store)
        self.store, self.clock, self.crm = store, clock, FakeCrm(clock)
        self.actions = Queue(store, ActionRow, leases)
        self.messages = Queue(store, OutboxRow, leases)
        self.outbox = Outbox(self.messages, frozenset({"sim", "wecom"}))
        self.confirmations = Confirmations(self.outbox, self.actions, actions.can_undo)
        self.executor = Executor(store, self.actions, self.outbox, self.crm, channels or {}, clock)
        self.worker = Worker(self.actions, self.executor.work, clock, on_dead=self.executor.give_up)

    def propose(self, decision: Decision | None = None, shown: bool = True) -> Decision:
        """Save a decision, by default with its card shown to its rep."""
        decision = decision or a_decision()
        with self.store.begin() as session:
            decisions.insert(session, decision)
            if shown:
                card = {"decision": decision.id, "recipient": decision.rep, "channel": decision.channel}
                session.add(CardRow(**card, ref={"id": "m1"}, shown_version=0, shown_at=self.clock()))
        return decision

    def tap(self, move: Move, by: str = "zhangsan", decision: str = "d1", **reply: Any) -> Applied:
        with self.store.begin() as session:
            return self.confirmations.apply(session, Reply(decision, UserId(by), move, **reply), self.clock())

    def decision(self, decision: str = "d1") -> Decision:
        with self.store.look() as session:
            return decisions.load(session, decision)

    def rows(self, table: type[Row], order: str = "") -> Sequence[Row]:
        with self.store.look() as session:
            query = select(table).order_by(getattr(table, order)) if order else select(table)
            return session.execute(query).scalars().all()

    def action_rows(self) -> Sequence[ActionRow]:
        return self.rows(ActionRow, "seq")

    def said(self) -> list[str]:
        """Every message waiting to be sent, as `kind:detail`."""
        return [row.key for row in self.rows(OutboxRow, "seq")]

    def confirmation_rows(self) -> Sequence[ConfirmationRow]:
        return self.rows(ConfirmationRow, "version")

    def corrections(self) -> Sequence[CorrectionRow]:
        return self.rows(CorrectionRow, "at")

    def journal(self, decision: str = "d1") -> list[str]:
        with self.store.look() as session:
            assert journal.verify(session) is None
            return [line.what for line in journal.lines(session, decision)]

    def break_in(self, change: Callable[[Session], object]) -> None:
        """Change the store behind the core's back."""
        with self.store.begin() as session:
            change(session)

    def dead_keys(self) -> list[str]:
        query = select(ActionRow).where(col(ActionRow.state) == "dead").order_by(col(ActionRow.seq))
        with self.store.look() as session:
            return [row.key for row in session.execute(query).scalars()]

    def versions(self, decision: str = "d1") -> list[int]:
        """The versions of a decision that the journal speaks of, each once."""
        with self.store.look() as session:
            bodies = [orjson.loads(line.body) for line in journal.lines(session, decision)]
        return sorted({body["version"] for body in bodies if "version" in body})
