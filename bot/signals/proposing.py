"""A window that opened, or an offer that another system asks for: the owner gets a card with its reasons and a package.

It is a proposal like any other: nothing is sent or written before the rep confirms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from bot import actions, decisions, people
from bot.actions.params import unfit, validate
from bot.actions.said import workday_after
from bot.channels import Signalled
from bot.conversation import ConversationId, Turn, TurnId
from bot.copilot import ASIA_SHANGHAI
from bot.decision import Decision, DecisionId, Proposal, Reason, ReasonKind
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.errors import NotFound
from bot.markdown_table import in_lines
from bot.people import Person
from bot.quoting import place, spoken
from bot.rationale import because_of, retold
from bot.signals.package import Package, headline, pack
from bot.tables import DeliveryRow
from crm_bridge import Account, AccountId, UnknownAccount
from crm_bridge.signals import Sheet
from intents import Intent, Speaker
from prompts import phrase, render

log = structlog.get_logger()
MOST_REASONS = 8
OFFER, RISK = Intent("quote_request"), "risk"


@dataclass(frozen=True)
class Approaches:
    """Works `Signalled` deliveries."""

    desk: Desk
    sheets: Mapping[str, Sheet]

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        """Raises `CrmUnavailable` (tried again later) and `NotFound` where no one can be shown the card."""
        row, told = rows[0], outcome_of(rows[0])
        assert isinstance(told, Signalled)
        desk = self.desk
        try:
            account = await desk.copilot.crm.account(AccountId(told.customer))
        except UnknownAccount:
            log.warning("signal_of_nobody", customer=told.customer)
            await desk.store.write(lambda session: desk.finish(session, [row]))
            return
        owner, channel = await desk.store.read(lambda session: self._owner(session, account))
        turn = self._turn(row, told, account, owner, channel)
        before = await desk.store.read(
            lambda session: next(iter(decisions.open_in(session, turn.conversation)), None)
        )
        follows = DecisionId(before.id) if before else None
        proposed = await desk.copilot.propose(
            turn, owner, desk.copilot.read(turn), self._means(told), follows
        )
        decision = await self._with_package(proposed, told, account, owner)

        def save(session: Session) -> None:
            desk.keep_turn(session, turn, row.key, "card")
            desk.propose(session, decision, owner, before, "newer_event")
            desk.finish(session, [row])

        await desk.store.write(save)

    async def _with_package(
        self, proposed: Decision, told: Signalled, account: Account, owner: Person
    ) -> Decision:
        copilot, today = self.desk.copilot, self.desk.clock().astimezone(ASIA_SHANGHAI).date()
        packed = Package()
        if told.sheet != RISK:
            packed = await pack(copilot.knowledge, copilot.catalog, account, today, told.product)
        draft = replace(
            proposed.draft,
            text=_letter(told, account, packed),
            actions=(self._task(told, account, owner),),
            removed=(),
        )
        reasons = [*_reasons(told), *_passages(packed)]
        kept = [one for one in proposed.rationale.reasons if one.kind is ReasonKind.CRM]
        rationale = because_of(replace(proposed.rationale, reasons=tuple(kept)), reasons)
        unknowns = (
            *(phrase("unknown_field", label=name) for name in account.missing),
            *_unknowns(told, packed),
        )
        rationale = replace(rationale, unknowns=unknowns, compared=packed.compared)
        rationale = retold(rationale, proposed.draft, draft)
        return replace(proposed, draft=draft, rationale=rationale)

    def _task(self, told: Signalled, account: Account, owner: Person) -> Proposal:
        action = actions.by_name("task.create")
        today = self.desk.clock().astimezone(ASIA_SHANGHAI).date()
        name = "offer" if told.asked_by else told.sheet
        params: dict[str, Any] = {
            "title": phrase(f"signal_task_{name}", customer=account.short_name),
            "due": workday_after(today, 1).isoformat(),
            "assignee": str(owner.id),
            "priority": "紧急" if told.sheet == RISK else "普通",
        }
        lacking = action.missing(params) or unfit(action.Params, params)
        return Proposal(action.kind, params if lacking else validate(action.Params, params), lacking)

    def _means(self, told: Signalled) -> Intent:
        """The intent of the dimension that says most; what no installation's sheet may get wrong is checked here."""
        if told.asked_by:
            return OFFER
        dimensions = self.sheets[told.sheet].dimensions
        known = self.desk.taxonomies().intents
        named = (
            dimensions[one["dimension"]].card
            for one in told.reasons
            if one["points"] > 0 and one["dimension"] in dimensions
        )
        return Intent(next((name for name in named if name in known), OFFER))

    def _turn(self, row: DeliveryRow, told: Signalled, account: Account, owner: Person, channel: str) -> Turn:
        return Turn(
            id=TurnId(row.key),
            conversation=ConversationId(told.conversation),
            channel=channel,
            rep=owner.id,
            speaker=Speaker.CUSTOMER,  # whose deal it is: a rep's own words would be an instruction
            text=happened(told),
            at=told.at,
            customer=account.id,
            customer_name=account.short_name,
            industry=account.industry,
        )

    def _owner(self, session: Session, account: Account) -> tuple[Person, str]:
        owner = people.by_id(session, account.owner)
        channel = self.desk.outbox.channel_of(owner)
        if channel is None:
            raise NotFound(
                f"{owner.id} cannot be reached on any channel that is on; set an address with `yiju users add`"
            )
        return owner, channel


def happened(told: Signalled) -> str:
    if told.asked_by:
        about = phrase("offer_product", product=told.product) if told.product else ""
        return phrase("offer_asked", by=told.asked_by, about=about, note=told.note).strip()
    score = f"{told.score:.0f}"
    signs = "、".join(one["label"] for one in told.reasons[:4] if one["points"] > 0)
    return phrase(f"signal_opened_{told.sheet}", score=score, signs=signs)


def _reasons(told: Signalled) -> Iterator[Reason]:
    """Each signal's part with its + or −, and the occurrence that says most of it."""
    if told.asked_by:
        source = phrase("source_event", system=told.asked_by)
        yield Reason(ReasonKind.EVENT, happened(told), source, told.key, told.at)
    for one in told.reasons[:MOST_REASONS]:
        shares = one["because"]
        if not shares:
            continue
        first, count = shares[0], len(shares)
        text = phrase("signal_reason", label=one["label"], points=f"{one['points']:+.1f}", count=count)
        kind, _, address = str(first["ref"]).partition(":")
        source = phrase("source_signal_event" if kind == "event" else "source_signal_words")
        ref = address if kind == "event" else first["ref"]
        yield Reason(ReasonKind.EVENT, text, source, ref, datetime.fromisoformat(first["at"]))


def _passages(packed: Package) -> Iterator[Reason]:
    for one in packed.evidence:
        yield Reason(ReasonKind.PASSAGE, one.excerpt, str(one.passage.citation).strip(), one.passage.id)


def _unknowns(told: Signalled, packed: Package) -> Iterator[str]:
    if told.sheet == RISK:
        return
    if not packed.product:
        yield phrase("package_no_product")
    elif packed.case is None:
        yield phrase("package_no_case")


def _letter(told: Signalled, account: Account, packed: Package) -> str:
    if told.sheet == RISK:
        return phrase("risk_letter", customer=account.short_name)
    case = packed.case
    alike = phrase("package_case", about=headline(case), told=spoken(case), place=place(case)) if case else ""
    return render(
        "drafts/package",
        customer=account.short_name,
        product=packed.product,
        compared=in_lines(packed.compared),
        case=alike,
        materials=packed.materials,
    )
