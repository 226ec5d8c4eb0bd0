"""Better words for drafts that are already on their cards, from a language model, in the background.

No delivery and no card waits for it. A process that dies forgets what it wanted to ask: the template draft stands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

import structlog
from sqlmodel import Session

from bot import decisions, journal, people
from bot.connections import Heard, nobody_listens
from bot.decision import Decision, DecisionId, Draft
from bot.errors import NewerVersion, NotFound
from bot.language_model import LanguageModel, ModelFailed
from bot.metrics import REDRAFTED
from bot.outbox import Outbox
from bot.rationale import retold
from bot.rewording import Rejected, accept, brief, watching
from bot.store import Store
from crm_bridge import CrmAdapter, CrmError
from crm_bridge.contracts import FieldPolicy
from prompts import content_hash

log = structlog.get_logger()
MOST_WAITING = 200
"""Beyond it the oldest are forgotten: a model that is slow must not fill the memory."""


class Outcome(StrEnum):
    """What came of asking for a better draft."""

    IMPROVED = "improved"
    FAILED = "failed"
    REJECTED = "rejected"
    MOVED_ON = "moved_on"
    NAMES_UNKNOWN = "names_unknown"


class Redrafting:
    """Asks for a better draft of each proposal, newest first, a few at a time."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        crm: CrmAdapter,
        model: LanguageModel,
        clock: Callable[[], datetime],
        *,
        parallel: int = 4,
        policy: FieldPolicy | None = None,
        heard: Heard = nobody_listens,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._crm = crm
        self.model = model
        self._clock = clock
        self._parallel = parallel
        self._policy = policy or FieldPolicy()
        self._heard = heard
        self._waiting: deque[DecisionId] = deque(maxlen=MOST_WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()

    def proposed(self, decision: Decision) -> None:
        """There is a new proposal, committed. Call from any thread."""
        if decision.is_open and decision.draft.text:
            self._waiting.append(decision.id)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Until `stop`; what is being asked then is dropped."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.model.warm)  # here and not at start: no turn needs it
        asking = [asyncio.create_task(self._ask()) for _ in range(self._parallel)]
        await self._stopped.wait()
        self._loop = None
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await self.model.close()

    def stop(self) -> None:
        self._stopped.set()

    async def drain(self) -> list[Outcome]:
        """Ask for everything that waits, then return what came of it (for tests and one-shot use)."""
        outcomes = []
        while self._waiting:
            outcomes.append(await self.improve(self._waiting.pop()))
        return outcomes

    async def improve(self, decision: DecisionId) -> Outcome:
        """Ask, judge, and put the better words in the template's place where the card is still as it was."""
        outcome, why = await self._improve(decision)
        REDRAFTED.labels(outcome.value).inc()
        log.info("redrafted", decision=decision, outcome=outcome.value, reason=why)
        return outcome

    async def _ask(self) -> None:
        while not self._stopped.is_set():  # being cancelled may get lost in a client library
            while not self._waiting:
                self._woken.clear()
                await self._woken.wait()
            try:
                await self.improve(self._waiting.pop())
            except Exception:
                log.exception("redrafting_failed")  # the store is away: the template draft stands

    async def _improve(self, decision_id: DecisionId) -> tuple[Outcome, str]:
        found = await self._store.read(lambda session: self._load(session, decision_id))
        if found is None:
            return Outcome.MOVED_ON, ""
        decision, tone = found
        try:
            names = await self._names(decision)
            words = await self.model.rewrite(brief(decision, tone, names), watching(decision))
            checked = accept(decision, words)
        except CrmError as asleep:
            return Outcome.NAMES_UNKNOWN, type(asleep).__name__
        except ModelFailed as failed:
            self._heard("language model", failed)
            return Outcome.FAILED, failed.reason
        except Rejected as rejected:
            self._heard("language model", None)
            return Outcome.REJECTED, rejected.reason
        self._heard("language model", None)
        draft = replace(
            decision.draft, text=checked.text, removed=checked.removed, written_by=self.model.name
        )
        saved = await self._store.write(lambda session: self._save(session, decision, draft))
        return (Outcome.IMPROVED if saved else Outcome.MOVED_ON), ""

    def _load(self, session: Session, decision_id: DecisionId) -> tuple[Decision, str] | None:
        """The decision and its rep's tone; None where nobody will read better words any more."""
        try:
            decision = decisions.load(session, decision_id)
        except NotFound:
            return None
        if not decision.is_open or decision.expires_at <= self._clock() or not decision.draft.text:
            return None
        return decision, people.by_id(session, decision.rep).tone

    async def _names(self, decision: Decision) -> tuple[str, ...]:
        """What is left out of what is sent: people's names, and fields that the policy keeps from a language model.

        Raises `CrmError` where the CRM cannot say.
        """
        if decision.customer is None:
            return ()
        return self._policy.untold(await self._crm.account(decision.customer))

    def _save(self, session: Session, asked: Decision, draft: Draft) -> bool:
        """False where the card changed meanwhile: a tap, newer words and the clock all win over better words."""
        now = self._clock()
        current = decisions.load(session, asked.id, alone=True)
        if not current.is_open or current.version != asked.version or current.expires_at <= now:
            return False
        better = current.redraft(draft, retold(current.rationale, current.draft, draft))
        try:
            decisions.save(session, better)
        except NewerVersion:
            return False
        body = {
            "version": better.version,
            "state": better.state.value,
            "content_hash": better.content_hash,
            "instead_of": current.content_hash,
            "written_by": draft.written_by,
            "prompts": content_hash(),
            "removed": len(draft.removed),
        }
        journal.append(session, who="copilot", what="DraftImproved", subject=better.id, at=now, body=body)
        self._outbox.refresh(session, better, now)
        return True
