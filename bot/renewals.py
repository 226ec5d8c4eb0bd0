"""Contracts that end soon: once per contract and date, the account's owner gets a card that proposes to renew it.

The card is a proposal like any other; nothing is sent to the customer before its rep confirms.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import structlog
from sqlmodel import Session

from bot import people
from bot.channels import Expiring
from bot.conversation import ConversationId, Turn, TurnId
from bot.copilot import ASIA_SHANGHAI
from bot.decision import Decision, Proposal, Reason, ReasonKind
from bot.deliveries import outcome_of, store_outcome
from bot.desk import Desk
from bot.errors import NotFound
from bot.people import Person
from bot.rationale import because_of, retold
from bot.reading_rights import reader_of
from bot.tables import DeliveryRow
from crm_bridge import Account, AccountId, UnknownAccount
from intents import Intent, Speaker
from knowledge import DocumentInfo, DocumentKind
from prompts import phrase

log = structlog.get_logger()
AHEAD = timedelta(days=60)
RENEWAL = Intent("renewal_expansion")
CHANNEL = "feed"
"""What nobody said in a chat arrives as what a feed brings: no sender hears of it."""


class Shelf(Protocol):
    """The documents as they stand in their current versions (`knowledge.Library`). Blocks."""

    def list(self) -> tuple[DocumentInfo, ...]: ...


@dataclass(frozen=True)
class Renewals:
    """Finds such contracts (`look`, by the clock) and works them (`work`, from the queue of deliveries)."""

    desk: Desk
    shelf: Shelf

    async def look(self) -> int:
        """Queue every contract that ends within `AHEAD` and was not queued for that date. Returns how many are new."""
        now = self.desk.clock()
        today = now.astimezone(ASIA_SHANGHAI).date()
        documents = await asyncio.to_thread(self.shelf.list)
        ending = [
            one
            for one in documents
            if _ends_soon(one) and today <= (one.valid_until or today) <= today + AHEAD
        ]

        def queue(session: Session) -> int:
            outcomes = [self._expiring(one) for one in ending]
            return sum(store_outcome(session, self.desk.deliveries, CHANNEL, one, now) for one in outcomes)

        new = await self.desk.store.write(queue) if ending else 0
        if new:
            log.info("contracts_expiring", count=new)
        return new

    def _expiring(self, document: DocumentInfo) -> Expiring:
        assert document.customer
        assert document.valid_until
        return Expiring(
            key=f"expiring:{document.id}:{document.valid_until}",
            conversation=f"expiring:{document.id}",
            customer=document.customer,
            document=document.id,
            title=document.title,
            ends=document.valid_until,
            at=self.desk.clock(),
        )

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        """Raises `CrmUnavailable` (tried again later) and `NotFound` where no one can be shown the card."""
        row, ends = rows[0], outcome_of(rows[0])
        assert isinstance(ends, Expiring)
        account = await self._account(ends)
        document = await self._still_ends(ends)
        if account is None or document is None:
            await self.desk.store.write(lambda session: self.desk.finish(session, [row]))
            return
        owner, channel = await self.desk.store.read(lambda session: self._owner(session, account, document))
        turn = _turn(row, ends, account, owner, channel)
        reading = self.desk.copilot.read(turn)
        proposed = await self.desk.copilot.propose(turn, owner, reading, RENEWAL)
        decision = because(proposed, ends, turn.text, _letter(ends, account))

        def save(session: Session) -> None:
            self.desk.keep_turn(session, turn, row.key, "card")
            self.desk.propose(session, decision, owner, None, "")
            self.desk.finish(session, [row])

        await self.desk.store.write(save)

    async def _account(self, ends: Expiring) -> Account | None:
        """None for a customer that the CRM does not know: a contract may be filed under a bare name."""
        try:
            return await self.desk.copilot.crm.account(AccountId(ends.customer))
        except UnknownAccount:
            log.warning("contract_of_nobody", document=ends.document)
            return None

    async def _still_ends(self, ends: Expiring) -> DocumentInfo | None:
        """A contract that was removed or prolonged while the card waited is no news."""
        documents = await asyncio.to_thread(self.shelf.list)
        return next(
            (one for one in documents if one.id == ends.document and one.valid_until == ends.ends), None
        )

    def _owner(self, session: Session, account: Account, document: DocumentInfo) -> tuple[Person, str]:
        """Of a contract that the account's owner may not read, their manager is told."""
        owner = people.by_id(session, account.owner)
        if not reader_of(owner).may_read(document.visibility) and owner.manager:
            owner = people.by_id(session, owner.manager)
        if not reader_of(owner).may_read(document.visibility):
            raise NotFound(
                f"neither {account.owner} nor their manager may read document {document.id} "
                f"({document.visibility}); change who may read it, or the account's owner"
            )
        channel = self.desk.outbox.channel_of(owner)
        if channel is None:
            raise NotFound(
                f"{owner.id} cannot be reached on any channel that is on; set an address with `yiju users add`"
            )
        return owner, channel


def because(proposed: Decision, ends: Expiring, event: str, letter: str) -> Decision:
    """The contract's end in place of words that nobody said, and a letter that answers none."""
    reason = Reason(
        ReasonKind.EVENT,
        event,
        phrase("source_contract", title=ends.title),
        f"{ends.document}:{ends.ends}",
        ends.at,
    )
    actions = tuple(_unquoted(action, event) for action in proposed.draft.actions)
    draft = replace(proposed.draft, text=letter, actions=actions, removed=())
    rationale = retold(because_of(proposed.rationale, [reason]), proposed.draft, draft)
    return replace(proposed, draft=draft, rationale=rationale)


def _unquoted(action: Proposal, event: str) -> Proposal:
    """A note of the event must not enter the CRM as the customer's words."""
    said = re.compile(rf"客户说[:：]\s*(?={re.escape(event)})")
    params = {
        name: said.sub("", value) if isinstance(value, str) else value
        for name, value in action.params.items()
    }
    return replace(action, params=params)


def _turn(row: DeliveryRow, ends: Expiring, account: Account, owner: Person, channel: str) -> Turn:
    return Turn(
        id=TurnId(row.key),
        conversation=ConversationId(ends.conversation),
        channel=channel,
        rep=owner.id,
        speaker=Speaker.CUSTOMER,  # whose deal it is: a rep's own words would be an instruction
        text=phrase("contract_ends", contract=_named(ends, account), on=ends.ends.isoformat()),
        at=ends.at,
        customer=account.id,
        customer_name=account.short_name,
        industry=account.industry,
    )


def _letter(ends: Expiring, account: Account) -> str:
    return phrase(
        "renewal_draft",
        customer=account.short_name,
        contract=_named(ends, account),
        on=ends.ends.isoformat(),
    )


def _named(ends: Expiring, account: Account) -> str:
    return f"{_number(account, ends)}《{ends.title}》"


def _number(account: Account, ends: Expiring) -> str:
    """The number of the CRM's contract that ends on the same day, where there is exactly one."""
    ending = [
        one
        for one in account.of("contract")
        if (field := one.get("valid_until")) and str(field.value)[:10] == ends.ends.isoformat()
    ]
    number = ending[0].get("number") if len(ending) == 1 else None
    return str(number.value) if number and number.value else ""


def _ends_soon(document: DocumentInfo) -> bool:
    return (
        document.kind is DocumentKind.CONTRACT
        and bool(document.customer)
        and document.valid_until is not None
    )
