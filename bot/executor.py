"""Carries out what was confirmed: each action once per write key, then says so on the card.

It takes rows of `bot_action`, which exist only with a confirmation. After a time-out or a crash the target is asked
what the key wrote before anything is written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import select
from sqlmodel import Session, col

from bot import actions, decisions, journal, people
from bot.channels import Channel, ChannelError
from bot.conversation import UserId
from bot.decision import Decision
from bot.metrics import CARRIED_OUT
from bot.outbox import Outbox
from bot.people import Person
from bot.queues import Queue
from bot.store import Store
from bot.tables import ActionRow, ConfirmationRow
from crm_bridge import CrmAdapter, CrmUnavailable, Receipt, UnknownAccount, WriteKey, WriteRefused
from prompts import phrase

log = structlog.get_logger()
PATIENCE = 60
"""Attempts while a system sleeps, with pauses up to five minutes: over four hours."""
UNDO = "undo:"
"""In front of the kind of an action that takes another back."""
_RECEIPT = TypeAdapter(Receipt)


@dataclass(frozen=True)
class Site:
    """Where an action works: the systems it may touch, on whose behalf, under which write key."""

    crm: CrmAdapter
    key: WriteKey
    by: Person
    decision: Decision
    channel: Channel | None
    tell: Callable[[str, str], None]
    """(user id, words): queued now, sent when the receipt is saved."""

    async def book(self, meeting: Mapping[str, Any]) -> str | None:
        """Into the calendar of the channel, once per key. None where there is none or it said no."""
        organizer = self.by.address(self.decision.channel)
        if self.channel is None or organizer is None:
            return None
        try:
            return await self.channel.book(meeting, organizer, f"{self.key}-calendar")
        except ChannelError as error:
            log.warning("calendar_refused", key=self.key, code=error.code, reason=str(error))
            return None


@dataclass(frozen=True)
class Executor:
    store: Store
    queue: Queue[ActionRow]
    outbox: Outbox
    crm: CrmAdapter
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]

    async def work(self, rows: Sequence[ActionRow]) -> None:
        """Carry out the first waiting action of a decision."""
        row = rows[0]
        told: list[tuple[str, str]] = []
        try:
            receipt = await self._carry_out(row, told)
        except CrmUnavailable as asleep:
            await self._wait(row, str(asleep))
        except (WriteRefused, UnknownAccount) as refused:
            why = str(refused)
            await self.store.write(lambda session: self._refused(session, row, why))
        else:
            await self.store.write(lambda session: self._done(session, row, receipt, told))

    def give_up(self, session: Session, row: ActionRow, error: str) -> None:
        """The row is being buried after unexpected errors: the card says so and offers another try."""
        why = phrase("internal_error")  # the log has the error itself, which tells a rep nothing
        session.get_one(ActionRow, row.seq, populate_existing=True).error = why
        self._failed(session, row, why)

    async def _carry_out(self, row: ActionRow, told: list[tuple[str, str]]) -> Receipt:
        key = WriteKey(row.key)
        decision, person, again = await self.store.read(lambda session: _confirmed(session, row))
        written = await self.crm.receipt(key) if again or row.attempts else None
        if row.kind.startswith(UNDO):
            receipt = _RECEIPT.validate_python(row.params["receipt"])
            return written or await self.crm.undo(receipt, person.id, key)
        channel = self.channels.get(decision.channel)
        site = Site(self.crm, key, person, decision, channel, lambda user, words: told.append((user, words)))
        action = actions.by_name(row.kind)
        if written:  # a crash came after the write: what follows it may still be due
            return await action.finish(row.params, written, site)
        return await action.carry_out(row.params, site)

    def _done(self, session: Session, row: ActionRow, receipt: Receipt, told: list[tuple[str, str]]) -> None:
        now = self.clock()
        self.queue.finish(session, row, now, receipt=_RECEIPT.dump_python(receipt, mode="json"))
        CARRIED_OUT.labels(row.kind, "done").inc()
        confirmation = session.get_one(ConfirmationRow, row.confirmation)
        body = {
            "action": row.kind,
            "key": row.key,
            "confirmation": row.confirmation,
            "receipt": asdict(receipt),
        }
        what = "ActionUndone" if row.kind.startswith(UNDO) else "ActionCarriedOut"
        self._settle(session, row, now)
        journal.append(session, who=confirmation.person, what=what, subject=row.decision, at=now, body=body)
        for number, (user, words) in enumerate(told):
            person = people.by_id(session, user)
            channel = self.outbox.channel_of(person)
            if channel:
                self.outbox.say(session, person, channel, words, f"told:{row.key}:{number}", now)

    def _refused(self, session: Session, row: ActionRow, why: str) -> None:
        now = self.clock()
        self.queue.bury(session, row, now, why)
        CARRIED_OUT.labels(row.kind, "refused").inc()
        self._failed(session, row, why)

    def _failed(self, session: Session, row: ActionRow, why: str) -> None:
        now = self.clock()
        self._settle(session, row, now)
        body = {"action": row.kind, "key": row.key, "confirmation": row.confirmation, "why": why}
        journal.append(session, who="copilot", what="ActionFailed", subject=row.decision, at=now, body=body)
        if row.kind.startswith(UNDO):
            decision = decisions.load(session, row.decision)
            rep = people.by_id(session, session.get_one(ConfirmationRow, row.confirmation).person)
            words = phrase("undo_failed", why=why)
            self.outbox.say(session, rep, decision.channel, words, f"undo-failed:{row.key}", now)
            self.outbox.refresh(session, decision, now, because=f"undo-failed:{row.key}")

    def _settle(self, session: Session, row: ActionRow, now: datetime) -> None:
        """When the last action of a decision is through, the decision moves and its card says so.

        Not before: as long as one is waiting, nobody can retry, decline or undo what is still being carried out.
        The decision is saved before the journal is written, as everywhere: two transactions that lock the two in
        different order would wait for each other.
        """
        rows = _companions(session, row)
        if any(other.state == "waiting" for other in rows):
            return
        confirmation = session.get_one(ConfirmationRow, row.confirmation)
        dead = [other.error for other in rows if other.state == "dead"]
        decision = decisions.load(session, row.decision)
        if row.kind.startswith(UNDO):
            if not dead:
                self._move(session, decision.undo(UserId(confirmation.person), now), "DecisionUndone", now)
        elif dead:
            self._move(session, decision.fail("；".join(dict.fromkeys(dead))), "DecisionFailed", now)
        else:
            self._move(session, decision.carry_out(), "DecisionCarriedOut", now)

    def _move(self, session: Session, moved: Decision, what: str, now: datetime) -> None:
        decisions.save(session, moved)
        body = {"version": moved.version, "state": moved.state.value}
        journal.append(session, who="copilot", what=what, subject=moved.id, at=now, body=body)
        self.outbox.refresh(session, moved, now)

    async def _wait(self, row: ActionRow, why: str) -> None:
        CARRIED_OUT.labels(row.kind, "waits").inc()
        log.warning("action_waits", key=row.key, reason=why, attempt=row.attempts + 1)
        if row.attempts + 1 >= PATIENCE:
            given_up = phrase(
                "system_silent"
            )  # the log has what it did not answer to, which tells a rep nothing
            await self.store.write(lambda session: self._refused(session, row, given_up))
            return
        pause = min(300.0, 0.5 * 2 ** min(row.attempts, 10))

        def postpone(session: Session) -> None:
            now = self.clock()
            self.queue.postpone(session, row, now, why, pause)
            if row.attempts == 0:
                self.outbox.refresh(
                    session, decisions.load(session, row.decision), now, because=f"waits:{row.key}"
                )

        await self.store.write(postpone)


def _confirmed(session: Session, row: ActionRow) -> tuple[Decision, Person, bool]:
    """The decision, who said yes, and whether it was tried before under an earlier confirmation."""
    confirmation = session.get_one(ConfirmationRow, row.confirmation)
    person = people.by_id(session, confirmation.person)
    return decisions.load(session, row.decision), person, confirmation.kind == "retry"


def _companions(session: Session, row: ActionRow) -> list[ActionRow]:
    """All actions of the decision, or all that take them back; the row itself among them, as it is now."""
    query = select(ActionRow).where(col(ActionRow.decision) == row.decision).order_by(col(ActionRow.seq))
    found = session.execute(query, execution_options={"populate_existing": True}).scalars()
    return [other for other in found if other.kind.startswith(UNDO) == row.kind.startswith(UNDO)]
