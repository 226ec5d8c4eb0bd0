"""The turn: read, look up, draft, explain, propose. Start reading here.

Nothing is written or sent from here: what comes out waits for a rep (bot/confirmation.py).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from bot.actions import Case, CatalogItem, propose
from bot.comparing import lookups
from bot.conversation import Turn
from bot.decision import Decision, DecisionId, Draft, Provenance
from bot.drafting import DraftText
from bot.people import Person
from bot.questions import questions
from bot.rationale import explain
from crm_bridge import Account, CrmAdapter, CrmUnavailable
from intents import Intent, Reading
from knowledge import Evidence, Findings

log = structlog.get_logger()
ASIA_SHANGHAI = ZoneInfo("Asia/Shanghai")
MOST_PASSAGES = 16
"""Passages looked at: enough that each of several questions in one message has more than its best."""


class Classifier(Protocol):
    """Reads words: ranked intents with calibrated confidence, or why it abstains. Milliseconds, no I/O."""

    def read(self, text: str, *, speaker: str, context: tuple[str, ...]) -> Reading: ...


class KnowledgeBase(Protocol):
    """Finds passages; those of a customer's contracts only where that customer is named. Blocks: call in a thread."""

    def search(
        self, question: str, *, customer: str | None, k: int, earlier: tuple[str, ...], today: date
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

    def read(self, turn: Turn) -> Reading:
        return self.classifier.read(turn.text, speaker=turn.speaker.value, context=turn.earlier[-4:])

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
        account, findings = await self._look_up(turn, questions(turn.text, reading))
        now = self.clock()
        draft, cites = Draft(""), tuple[str, ...]()
        if intent is not None:
            words = self.writer.draft(turn, reading, intent, account, findings, tone=rep.tone)
            actions = propose(intent, Case(turn, reading, intent, account, now, rep.id, self.catalog))
            draft, cites = Draft(words.text, actions, words.removed), words.cites
        rationale = explain(turn, reading, intent, account, findings, draft, cites)
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

    async def answer(self, turn: Turn, intent: Intent) -> str:
        """A rep's question, answered at once with sources; read-only, so no card."""
        (account, findings), more = await asyncio.gather(self._look_up(turn, turn.text), self._compared(turn))
        found = replace(findings, evidence=(*findings.evidence, *more))
        return self.writer.answer(turn, intent, account, found)

    async def _look_up(self, turn: Turn, asked: str) -> tuple[Account | None, Findings]:
        """CRM fields and passages side by side."""
        return await asyncio.gather(self._account(turn), self._search(turn, asked))

    async def _account(self, turn: Turn) -> Account | None:
        if turn.customer is None:
            return None
        try:
            return await self.crm.account(turn.customer)
        except CrmUnavailable as asleep:
            log.warning("crm_unavailable", turn=turn.id, reason=str(asleep))
            return None

    async def _compared(self, turn: Turn) -> list[Evidence]:
        """Where products are set against each other, what the documents say of each."""
        found = await asyncio.gather(*(self._search(turn, question) for question in lookups(turn.text)))
        return [one for findings in found for one in findings.evidence]

    async def _search(self, turn: Turn, question: str) -> Findings:
        return await asyncio.to_thread(
            self.knowledge.search,
            question,
            customer=turn.customer,
            k=MOST_PASSAGES,
            earlier=turn.earlier[-4:],
            today=self.clock().astimezone(ASIA_SHANGHAI).date(),
        )
