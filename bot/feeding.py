"""Words of a customer that an authorised feed brings: the card goes to the account's owner, wherever they are reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlmodel import Session

from bot import decisions, people, turns
from bot.channels import Fed
from bot.conversation import ConversationId, Turn, TurnId
from bot.decision import Decision, DecisionId
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.errors import NotFound
from bot.metrics import TURN
from bot.people import Person
from bot.tables import DeliveryRow
from crm_bridge import AccountName, accounts_named
from intents import Speaker

log = structlog.get_logger()


class Feed:
    """Works `Fed` deliveries. Raises where nobody is found to show the card to: the row is then kept as a dead letter."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        row, fed = rows[0], outcome_of(rows[0])
        assert isinstance(fed, Fed)
        account = await self._account(fed.customer)
        owner, channel, before = await self._desk.store.read(
            lambda session: self._owner(session, account, fed)
        )
        text = turns.extended(before, fed.text) if before else fed.text
        turn = Turn(
            id=TurnId(row.key),
            conversation=ConversationId(fed.conversation),
            channel=channel,
            rep=owner.id,
            speaker=Speaker.CUSTOMER,
            text=text,
            at=fed.at,
            customer=account.id,
            customer_name=account.short_name,
            industry=account.industry,
        )
        cards = await self._desk.store.read(
            lambda session: turns.carded(session, turn.conversation, self._desk.clock())
        )
        said = turns.before(cards, turn.customer, but=before)
        turn = replace(turn, earlier=said.earlier, card_before=said.card)
        with TURN.labels("card").time():
            follows = DecisionId(before.id) if before else None
            reading = self._desk.copilot.read(turn)
            decision = await self._desk.copilot.propose(turn, owner, reading, follows=follows)

        def save(session: Session) -> None:
            self._desk.keep_turn(session, turn, row.key, "card")
            self._desk.propose(session, decision, owner, before, "newer_words")
            self._desk.finish(session, rows[:1])

        await self._desk.store.write(save)

    async def _account(self, customer: str) -> AccountName:
        directory = await self._desk.copilot.crm.directory()
        found = accounts_named(directory, customer)
        if len(found) != 1:
            named = "、".join(account.name for account in found) or "none"
            raise NotFound(f"feed customer {customer!r} fits {named}; send the account id or its full name")
        return found[0]

    def _owner(self, session: Session, account: AccountName, fed: Fed) -> tuple[Person, str, Decision | None]:
        owner = people.by_id(session, account.owner)
        channel = self._desk.outbox.channel_of(owner)
        if channel is None:
            raise NotFound(
                f"{owner.id} cannot be reached on any channel that is on; set an address with `yiju users add`"
            )
        since = self._desk.clock() - self._desk.extend_within
        open_cards = decisions.open_in(session, ConversationId(fed.conversation))
        before = next(
            (
                one
                for one in open_cards
                if one.created_at >= since and one.customer == account.id and not one.told
            ),
            None,
        )
        return owner, channel, before
