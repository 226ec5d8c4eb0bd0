"""The turn: read, look up, draft, explain, propose. Start reading here.

Nothing is written or sent from here: what comes out waits for a rep (bot/confirmation.py).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from bot.actions import Case, CatalogItem, propose
from bot.comparing import lookups, side_by_side
from bot.conversation import Turn
from bot.decision import Decision, DecisionId, Draft, Provenance
from bot.drafting import DraftText
from bot.people import Person, Role
from bot.questions import questions
from bot.rationale import explain
from bot.reading_rights import reader_of
from crm_bridge import Account, CrmAdapter, CrmUnavailable
from crm_bridge.contracts import FieldPolicy
from intents import Intent, Reading, Taxonomy, load_taxonomy
from knowledge import ANYONE, Evidence, Findings, Past, Reader, asks_for_past

log = structlog.get_logger()
ASIA_SHANGHAI = ZoneInfo("Asia/Shanghai")
MOST_PASSAGES = 16
"""Passages looked at: enough that each of several questions in one message has more than its best."""


class Classifier(Protocol):
    """Reads words: ranked intents with calibrated confidence, or why it abstains. Milliseconds, no I/O."""

    def read(
        self, text: str, *, speaker: str, context: tuple[str, ...], industry: str, card: str | None = None
    ) -> Reading: ...


class KnowledgeBase(Protocol):
    """Finds passages; those of a customer's contracts only where that customer is named, those that not everyone may read
    only for a reader who may. Blocks: call in a thread."""

    def search(
        self,
        question: str,
        *,
        customer: str | None,
        k: int,
        earlier: tuple[str, ...],
        today: date,
        past: Past | None = None,
        reader: Reader = ANYONE,
        asked_in: str = "",
    ) -> Findings: ...


class Writer(Protocol):
    """Writes from evidence and fields only."""

    def draft(
        self,
        turn: Turn,
        reading: Reading,
        intent: Intent,
        account: Account | None,
        findings: Findings,
        *,
        tone: str,
    ) -> DraftText: ...

    def answer(self, turn: Turn, intent: Intent, account: Account | None, findings: Findings) -> str: ...


@dataclass(frozen=True)
class Copilot:
    """Turns what was said into one proposed decision, which waits for a rep."""

    classifier: Classifier
    knowledge: KnowledgeBase
    crm: CrmAdapter
    writer: Writer
    catalog: Mapping[str, CatalogItem]
    clock: Callable[[], datetime]
    prompts: str
    """Content hash of every prompt and phrase."""
    expire_after: timedelta
    policy: FieldPolicy = field(default_factory=FieldPolicy)
    """What of a customer's fields a card shows and a draft may say."""
    taxonomies: Callable[[], Taxonomy] = load_taxonomy
    """The intents as the company has them now."""

    def read(self, turn: Turn) -> Reading:
        return self.classifier.read(
            turn.text,
            speaker=turn.speaker.value,
            context=turn.earlier[-4:],
            industry=turn.industry,
            card=turn.card_before,
        )

    async def propose(
        self,
        turn: Turn,
        rep: Person,
        reading: Reading,
        meant: Intent | None = None,
        follows: DecisionId | None = None,
    ) -> Decision:
        """One decision for the turn. `meant`: the intent a rep corrected to, otherwise what was read.

        Where neither names an intent, the decision asks and proposes nothing. A CRM that sleeps is an unknown on the
        card.
        """
        intent = meant or reading.intent
        reader = reader_of(rep)
        (account, findings), more = await asyncio.gather(
            self._look_up(turn, questions(turn.text, reading), reader), self._compared(turn, reader)
        )
        now, taxonomy = self.clock(), self.taxonomies()
        draft, cites = Draft(""), tuple[str, ...]()
        if intent is not None:
            told = self._seen(account, rep.role, "draft")
            words = self.writer.draft(turn, reading, intent, told, findings, tone=rep.tone)
            actions = propose(
                intent, Case(turn, reading, intent, account, now, rep.id, self.catalog), taxonomy
            )
            draft, cites = Draft(words.text, actions, words.removed), words.cites
        shown = self._seen(account, rep.role, "card")
        compared = side_by_side(turn.text, (*findings.evidence, *more))
        rationale = explain(turn, reading, intent, shown, findings, draft, cites, taxonomy, compared)
        return Decision(
            id=DecisionId(uuid.uuid4().hex[:20]),
            turn=turn.id,
            conversation=turn.conversation,
            channel=turn.channel,
            rep=turn.rep,
            words=turn.text,
            speaker=turn.speaker,
            customer=turn.customer,
            customer_name=account.short_name if account else turn.customer_name,
            reading=reading,
            intent=intent,
            draft=draft,
            rationale=rationale,
            created_at=now,
            expires_at=now + self.expire_after,
            provenance=Provenance(reading.model, findings.index, self.prompts),
            follows=follows,
        )

    async def answer(self, turn: Turn, intent: Intent, asker: Person) -> str:
        """A colleague's question, answered at once with sources; read-only, so no card. Only here papers of the past are
        looked into, where they are asked for."""
        past, reader = asks_for_past(turn.text, self._today()), reader_of(asker)
        account, findings, more = await asyncio.gather(
            self._account(turn), self._search(turn, turn.text, reader, past), self._compared(turn, reader)
        )
        found = replace(findings, evidence=(*findings.evidence, *more))
        return self.writer.answer(turn, intent, self._seen(account, Role.REP, "card"), found)

    def _seen(self, account: Account | None, role: str, purpose: str) -> Account | None:
        return account and self.policy.visible(account, role, purpose)

    async def _look_up(self, turn: Turn, asked: str, reader: Reader) -> tuple[Account | None, Findings]:
        """CRM fields and passages side by side."""
        return await asyncio.gather(self._account(turn), self._search(turn, asked, reader))

    async def _account(self, turn: Turn) -> Account | None:
        if turn.customer is None:
            return None
        try:
            return await self.crm.account(turn.customer)
        except CrmUnavailable as asleep:
            log.warning("crm_unavailable", turn=turn.id, reason=str(asleep))
            return None

    async def _compared(self, turn: Turn, reader: Reader) -> list[Evidence]:
        """Where products are set against each other, what the documents say of each."""
        found = await asyncio.gather(
            *(self._search(turn, question, reader) for question in lookups(turn.text))
        )
        return [one for findings in found for one in findings.evidence]

    def _today(self) -> date:
        return self.clock().astimezone(ASIA_SHANGHAI).date()

    async def _search(self, turn: Turn, question: str, reader: Reader, past: Past | None = None) -> Findings:
        return await asyncio.to_thread(
            self.knowledge.search,
            question,
            customer=turn.customer,
            k=MOST_PASSAGES,
            earlier=turn.earlier[-4:],
            today=self._today(),
            past=past,
            reader=reader,
            asked_in=turn.id,
        )
