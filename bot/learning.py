"""What reps said was wrong becomes a question to a trainer: corrections and declines as proposed labels.

Changed words or fields under the same intent are no label: they say that the intent was right. Neither is what a rep made
of an event (a contract that ends): nobody said its words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from bot import decisions, turns
from bot.decision import Decision
from bot.drifting import DriftWatch
from bot.jobs import Every
from bot.leases import Leases
from bot.outbox import Outbox
from bot.retraining import Retraining, in_process
from bot.settings import Settings
from bot.store import Store
from bot.tables import CorrectionRow, DecisionRow
from crm_bridge import CrmAdapter, CrmError
from intents import Labels, Proposal, Registry

log = structlog.get_logger()
PROPOSE_EVERY_S, RETRAIN_LOOK_S, DRIFT_LOOK_S = 20, 600, 3600
SOURCES = {"intent": "correction", "declined": "decline"}
"""Kind of correction → where a label says it comes from."""
AT_ONCE = 100
CONTEXT = 4
"""Earlier texts that a label keeps, as many as the model is given."""


def learning_jobs(
    settings: Settings,
    store: Store,
    registry: Registry,
    outbox: Outbox,
    crm: CrmAdapter,
    leases: Leases,
    clock: Callable[[], datetime],
) -> tuple[Every, ...]:
    """What the clock does for the loop: labels are proposed, a retraining or a look at drift starts where it is due."""
    plan = settings.learning
    every = timedelta(days=plan.retrain_every_days)
    retraining = Retraining(
        store,
        registry,
        outbox,
        leases,
        clock,
        in_process(settings),
        plan.new_labels,
        every,
        settings.public_url,
    )
    return (
        Every(PROPOSE_EVERY_S, Learning(store, registry.labels, crm, clock).propose_labels),
        Every(RETRAIN_LOOK_S, retraining.retrain_when_due),
        Every(DRIFT_LOOK_S, DriftWatch(store, registry, outbox, leases, clock).watch_when_due),
    )


class Learning:
    """Turns what was corrected into proposed labels. Safe to run twice and to kill: a label of a decision is queued once."""

    def __init__(self, store: Store, labels: Labels, crm: CrmAdapter, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._labels = labels
        self._crm = crm
        self._clock = clock

    async def propose_labels(self) -> int:
        """Queue what is not queued yet, oldest first. Returns how many."""
        found = await self._store.read(self._new)
        for correction, decision, earlier in found:
            proposal = proposed(correction, decision, earlier, await self._industry(decision))
            await asyncio.to_thread(self._labels.propose, proposal)
        if found:
            log.info("labels_proposed", count=len(found))
        return len(found)

    def _new(self, session: Session) -> list[tuple[CorrectionRow, Decision, tuple[str, ...]]]:
        known = self._labels.came_from(*SOURCES.values())
        query = (
            select(CorrectionRow)
            .join(DecisionRow, col(DecisionRow.id) == col(CorrectionRow.decision))
            .where(col(CorrectionRow.kind).in_(SOURCES), col(CorrectionRow.decision).not_in(known))
            .where(turns.was_said(DecisionRow.conversation))
            .order_by(col(CorrectionRow.at))
            .limit(AT_ONCE)
        )
        found = []
        for row in session.execute(query).scalars():
            decision = decisions.load(session, row.decision)
            found.append((row, decision, turns.of(session, decision).earlier))
        return found

    async def _industry(self, decision: Decision) -> str:
        """As the CRM names it; empty where it does not say or is asleep."""
        if decision.customer is None:
            return ""
        try:
            account = await self._crm.account(decision.customer)
        except CrmError as error:
            log.info("industry_unknown", decision=decision.id, reason=str(error))
            return ""
        return account.industry if account else ""


def proposed(
    correction: CorrectionRow, decision: Decision, earlier: tuple[str, ...], industry: str
) -> Proposal:
    """The label that a correction suggests. Where the model abstained, `read_as` is empty."""
    return Proposal(
        text=decision.words,
        speaker=decision.speaker.value,
        source=SOURCES[correction.kind],
        source_id=decision.id,
        proposed=correction.corrected or "",
        read_as=decision.reading.intent or "",
        confidence=decision.reading.confidence,
        context=earlier[-CONTEXT:],
        industry=industry,
        note=correction.note,
    )
