"""Inquiries of the web form: read like words of a customer, matched to an account or a new lead, judged, shown as a card."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog
from sqlmodel import Session

from bot import people
from bot.channels import Inquired
from bot.conversation import ConversationId, Turn, TurnId
from bot.decision import Decision, Draft, Reason, ReasonKind
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.errors import NotFound
from bot.people import Person, Role
from bot.signals.judging import Judgement, judge
from bot.tables import DeliveryRow
from crm_bridge import AccountName, accounts_named
from intents import Intent, Speaker, find_entities
from prompts import phrase

log = structlog.get_logger()
Resolve = Callable[[str, str], Awaitable[str | None]]
"""(system, external id) → account id, where the identity map knows it."""
ASKED = Intent("quote_request")
"""What a form that names products and says nothing else asks for."""
SYSTEM = "web"


@dataclass(frozen=True)
class Inquiries:
    """Works `Inquired` deliveries."""

    desk: Desk
    products: tuple[str, ...]
    resolve: Resolve | None = None

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        """Raises `CrmUnavailable` (tried again later) and `NotFound` where no one at all can be shown the card."""
        row, asked = rows[0], outcome_of(rows[0])
        assert isinstance(asked, Inquired)
        desk, account = self.desk, await self._account(asked.company)
        owner, channel = await desk.store.read(lambda session: self._reader(session, account))
        turn = Turn(
            id=TurnId(row.key),
            conversation=ConversationId(asked.conversation),
            channel=channel,
            rep=owner.id,
            speaker=Speaker.CUSTOMER,
            text=asked.text,
            at=asked.at,
            customer=account.id if account else None,
            customer_name=account.short_name if account else asked.company,
            industry=account.industry if account else "",
        )
        reading = desk.copilot.read(turn)
        whole = f"{asked.text} {asked.budget}".strip()
        found = find_entities(whole, products=self.products, now=asked.at)
        judged = judge(whole, found, reading, account is not None, self.products)
        log.info("inquiry_judged", key=row.key, serious=judged.serious, known=account is not None)
        meant = None if reading.intent else ASKED
        proposed = await desk.copilot.propose(turn, owner, reading, meant)
        decision = _told(proposed, asked, account, judged)

        def save(session: Session) -> None:
            desk.keep_turn(session, turn, row.key, "card")
            desk.propose(session, decision, owner, None, "")
            desk.finish(session, [row])

        await desk.store.write(save)

    async def _account(self, company: str) -> AccountName | None:
        directory = await self.desk.copilot.crm.directory()
        known = await self.resolve(SYSTEM, company) if self.resolve and company else None
        if known is not None:
            return next((one for one in directory if one.id == known), None)
        named = accounts_named(directory, company) if company else ()
        return named[0] if len(named) == 1 else None

    def _reader(self, session: Session, account: AccountName | None) -> tuple[Person, str]:
        """The account's owner; of a new lead, or where the owner is gone, a manager who can assign it, else an admin."""
        owner = people.find(session, account.owner) if account else None
        order = {Role.MANAGER: 0, Role.ADMIN: 1}
        others = [one for one in people.everyone(session) if one.active and one.role in order]
        others.sort(key=lambda one: (owner is None or owner.manager != one.id, order[one.role], one.id))
        for person in [*([owner] if owner and owner.active else []), *others]:
            if channel := self.desk.outbox.channel_of(person):
                return person, channel
        raise NotFound("nobody can be shown inquiries: add a manager or an admin with an address")


def _told(proposed: Decision, asked: Inquired, account: AccountName | None, judged: Judgement) -> Decision:
    """The judgement among the reasons; noise and new leads propose no write, a rep sees first."""
    reason = Reason(
        ReasonKind.RULE,
        judged.because,
        phrase("source_inquiry", contact=asked.contact or "?", budget=asked.budget or "?"),
        asked.key,
        asked.at,
    )
    rationale = replace(proposed.rationale, reasons=(reason, *proposed.rationale.reasons))
    if not judged.serious:
        warnings = (phrase("inquiry_warning"), *rationale.warnings)
        rationale = replace(rationale, warnings=warnings, unknowns=())
        return replace(proposed, draft=Draft(""), rationale=rationale)
    if account is None:  # a write needs an account: it is made in the CRM first
        unknowns = (phrase("inquiry_new_lead", company=asked.company or "?"),)
        rationale = replace(rationale, unknowns=unknowns)
        return replace(proposed, draft=replace(proposed.draft, actions=()), rationale=rationale)
    return replace(proposed, rationale=rationale)
