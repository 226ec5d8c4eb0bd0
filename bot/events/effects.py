"""What an event does: its customer's owner gets a card that proposes something because of it, or a word in chat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from bot import actions, decisions, people
from bot.actions.params import unfit, validate
from bot.actions.said import workday_after
from bot.channels import Happened
from bot.conversation import ConversationId, Turn, TurnId
from bot.copilot import ASIA_SHANGHAI
from bot.decision import Decision, DecisionId, Proposal, Reason, ReasonKind
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.events.intake import mark
from bot.events.rules import ABOUT_ACCOUNTS, Rule, filled
from bot.people import Person
from bot.rationale import because_of, retold
from bot.tables import DeliveryRow
from crm_bridge import Account, AccountId, UnknownAccount, accounts_named
from crm_bridge.events.tables import EventRow
from crm_bridge.lineage import keep_event
from intents import Speaker
from prompts import EventWords, event_words, phrase

log = structlog.get_logger()
Resolve = Callable[[str, str], Awaitable[str | None]]
"""(system, external id) → account id, where the identity map knows it."""
MOST_CAUSES = 4
"""Events of a chain that a card names; all of them stand behind its event's page."""


class Unplaced(Exception):
    """Nobody can be shown what the event does; the message says why."""


@dataclass(frozen=True)
class Effects:
    """Works `Happened` deliveries."""

    desk: Desk
    rules: Mapping[str, Rule]
    resolve: Resolve | None = None

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        """Raises `CrmUnavailable` (tried again later). An event that concerns nobody we know joins the dead letters."""
        row, event = rows[0], outcome_of(rows[0])
        assert isinstance(event, Happened)
        rule = self.rules.get(event.means)
        if rule is None and event.means in ABOUT_ACCOUNTS:
            await self._only_keep(row, event)
            return
        try:
            account = await self._account(event)
            owner, channel = await self.desk.store.read(lambda session: self._owner(session, account))
        except Unplaced as nobody:
            why = str(nobody)
            log.warning("event_unplaced", uid=event.event, reason=why)
            await self.desk.store.write(lambda session: self._unplaced(session, row, event, why))
            return
        if event.means in ABOUT_ACCOUNTS:
            await self.desk.store.write(lambda session: self._keep_values(session, event, account))
        words = event_words(event.means, _values(event, account))
        if rule is None or rule.tell:
            await self.desk.store.write(lambda session: self._tell(session, row, owner, channel, words))
        else:
            await self._propose(row, event, rule, account, owner, channel, words)

    async def _only_keep(self, row: DeliveryRow, event: Happened) -> None:
        """Nobody hears of it; of a customer whom nobody knows nothing is kept either."""
        try:
            account = await self._account(event)
        except Unplaced as nobody:
            log.info("values_not_kept", uid=event.event, reason=str(nobody))
            await self.desk.store.write(lambda session: self.desk.finish(session, [row]))
            return

        def save(session: Session) -> None:
            self._keep_values(session, event, account)
            self.desk.finish(session, [row])

        await self.desk.store.write(save)

    def _keep_values(self, session: Session, event: Happened, account: Account) -> None:
        """Before anything is proposed: the card then says where the system that reports it differs."""
        contract = getattr(self.desk.copilot.crm, "contract", None)
        keep_event(session, account.id, event.event, event.system, event.current, contract)

    async def _propose(
        self,
        row: DeliveryRow,
        event: Happened,
        rule: Rule,
        account: Account,
        owner: Person,
        channel: str,
        words: EventWords,
    ) -> None:
        turn = Turn(
            id=TurnId(row.key),
            conversation=ConversationId(event.conversation),
            channel=channel,
            rep=owner.id,
            speaker=Speaker.CUSTOMER,  # whose deal it is: a rep's own words would be an instruction
            text=words.happened,
            at=event.at,
            customer=account.id,
            customer_name=account.short_name,
            industry=account.industry,
        )
        before, chain = await self.desk.store.read(lambda session: self._known(session, turn, event, words))
        reading = self.desk.copilot.read(turn)
        follows = DecisionId(before.id) if before else None
        proposed = await self.desk.copilot.propose(turn, owner, reading, rule.means, follows)
        proposal = self._proposal(rule, event, account, words, owner)
        draft = replace(
            proposed.draft, text=words.letter, actions=(proposal,) if proposal else (), removed=()
        )
        rationale = retold(because_of(proposed.rationale, chain), proposed.draft, draft)
        decision = replace(proposed, draft=draft, rationale=rationale)

        def save(session: Session) -> None:
            self.desk.keep_turn(session, turn, row.key, "card")
            self.desk.propose(session, decision, owner, before, "newer_event")
            self.desk.finish(session, [row])

        await self.desk.store.write(save)

    def _proposal(
        self, rule: Rule, event: Happened, account: Account, words: EventWords, owner: Person
    ) -> Proposal | None:
        if not rule.action:
            return None
        action = actions.by_name(rule.action)
        values = _values(event, account) | {"happened": words.happened, "task": words.task}
        params: dict[str, Any] = dict(filled(rule, values))
        if rule.due_days:
            today = self.desk.clock().astimezone(ASIA_SHANGHAI).date()
            params |= {"due": workday_after(today, rule.due_days).isoformat(), "assignee": str(owner.id)}
        lacking = action.missing(params) or unfit(action.Params, params)
        return Proposal(action.kind, params if lacking else validate(action.Params, params), lacking)

    def _known(
        self, session: Session, turn: Turn, event: Happened, words: EventWords
    ) -> tuple[Decision | None, list[Reason]]:
        """The open card of the same matter, whose place a new one takes; and why, back to the first cause."""
        before = next(iter(decisions.open_in(session, turn.conversation)), None)
        first = Reason(
            ReasonKind.EVENT,
            words.happened,
            phrase("source_event", system=event.system),
            event.event,
            event.at,
        )
        causes = []
        for row in causes_of(session, event.event, MOST_CAUSES):
            told = phrase("event_caused_by", type=row.means or row.type, entity=row.entity or row.id)
            source = phrase("source_event", system=row.source)
            causes.append(Reason(ReasonKind.EVENT, told, source, row.uid, row.at or row.received_at))
        return before, [first, *causes]

    async def _account(self, event: Happened) -> Account:
        crm = self.desk.copilot.crm
        if not event.customer:
            raise Unplaced(f"{event.means} of {event.entity} names no customer")
        found = await self.resolve(event.system, event.customer) if self.resolve else None
        if found is None:
            named = accounts_named(await crm.directory(), event.customer)
            if len(named) != 1:
                fits = ", ".join(one.name for one in named) or "no account"
                raise Unplaced(f"customer {event.customer!r} fits {fits}")
            found = named[0].id
        try:
            return await crm.account(AccountId(found))
        except UnknownAccount as unknown:
            raise Unplaced(str(unknown)) from unknown

    def _owner(self, session: Session, account: Account) -> tuple[Person, str]:
        owner = people.find(session, account.owner)
        channel = self.desk.outbox.channel_of(owner) if owner else None
        if owner is None or channel is None:
            raise Unplaced(f"{account.owner!r}, who owns {account.name}, cannot be reached on any channel")
        return owner, channel

    def _unplaced(self, session: Session, row: DeliveryRow, event: Happened, why: str) -> None:
        mark(session, event.event, why)
        self.desk.finish(session, [row])

    def _tell(
        self, session: Session, row: DeliveryRow, owner: Person, channel: str, words: EventWords
    ) -> None:
        self.desk.outbox.say(session, owner, channel, words.happened, f"{row.key}:told", self.desk.clock())
        self.desk.finish(session, [row])


def causes_of(session: Session, uid: str, most: int = 20) -> list[EventRow]:
    """The events behind an event, nearest first."""
    found: list[EventRow] = []
    row, seen = session.get(EventRow, uid), {uid}
    while row is not None and row.causation and len(found) < most:
        query = select(EventRow).where(col(EventRow.id) == row.causation, col(EventRow.uid).not_in(seen))
        row = session.execute(query.order_by(col(EventRow.received_at)).limit(1)).scalar()
        if row is not None:
            found.append(row)
            seen.add(row.uid)
    return found


def _values(event: Happened, account: Account) -> dict[str, Any]:
    """What words and parameters may use."""
    return {
        **event.details,
        **event.current,
        **{f"was_{name}": value for name, value in event.before.items()},
        "customer": account.short_name,
        "entity": event.entity,
        "system": event.system,
    }
