"""Questions that passages answer, asked of a language model in the background, document by document.

They help to find a passage and are evidence of nothing. A passage without any is found by its own words.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import structlog

from bot.figures import plain
from bot.injection import find_order
from bot.language_model import LanguageModel, ModelFailed, Quoted
from bot.metrics import POSED
from bot.outward import numberless
from bot.rewording import leaving_out
from crm_bridge import Account, AccountId, CrmError
from crm_bridge.contracts import FieldPolicy
from knowledge import Library, Passage

log = structlog.get_logger()
POSE_EVERY_S = 60
AT_ONCE = 60
"""Passages of one look: the index takes in what came of them together."""
PARALLEL = 2
GIVES_UP = 3
"""Failures in a row after which the endpoint is left alone until the next look."""
SHORTEST, LONGEST = 3, 60
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LATIN = re.compile(r"[a-z]{2,}")
_REACH = re.compile(r"https?:|www\.|@|\*|[〔〕<>＜＞{}]")
_HAN = re.compile(r"[\u4e00-\u9fff].*[\u4e00-\u9fff]")


class Outcome(StrEnum):
    """What came of asking about a passage."""

    KEPT = "kept"
    NONE = "none"
    FAILED = "failed"
    NAMES_UNKNOWN = "names_unknown"


class Accounts(Protocol):
    """Says who a customer's people are (`crm_bridge.CrmAdapter`)."""

    async def account(self, account: AccountId) -> Account:
        """Raises `CrmError`."""


@dataclass(frozen=True)
class Posing:
    """Asks about passages that have no questions yet, as many in 24 hours as was allowed."""

    library: Library
    crm: Accounts
    model: LanguageModel
    clock: Callable[[], datetime]
    questions: int
    """How many a passage gets at most."""
    a_day: int
    policy: FieldPolicy

    async def pose_questions(self) -> list[Outcome]:
        """One look; what came of each passage that was asked about."""
        waiting = iter(await asyncio.to_thread(self._due))
        outcomes: list[Outcome] = []
        await asyncio.gather(*(self._work(waiting, outcomes) for _ in range(PARALLEL)))
        if Outcome.KEPT in outcomes:
            await asyncio.to_thread(self.library.likely.publish)
        return outcomes

    def _due(self) -> Sequence[str]:
        now = self.clock()
        left = self.a_day - self.library.likely.spent(now - timedelta(days=1))
        return self.library.likely.due(now, min(left, AT_ONCE)) if left > 0 else ()

    async def _work(self, waiting: Iterator[str], outcomes: list[Outcome]) -> None:
        for passage_id in waiting:
            passage = await asyncio.to_thread(self.library.passage, passage_id)
            if passage is None:
                continue
            outcome, why = await self._pose(passage)
            outcomes.append(outcome)
            POSED.labels(outcome.value).inc()
            if why:
                log.warning(
                    "passage_without_questions", passage=passage_id, reason=why, next="asked again later"
                )
            if len(outcomes) >= GIVES_UP and set(outcomes[-GIVES_UP:]) == {Outcome.FAILED}:
                return

    async def _pose(self, passage: Passage) -> tuple[Outcome, str]:
        likely, now = self.library.likely, self.clock()
        try:
            hidden = leaving_out(await self._names(passage))
            told = Quoted(hidden(passage.text), hidden(str(passage.citation)))
            said = await self.model.questions(told, self.questions)
        except CrmError as asleep:
            await asyncio.to_thread(likely.fail, passage.id, type(asleep).__name__, now)
            return Outcome.NAMES_UNKNOWN, type(asleep).__name__
        except ModelFailed as failed:
            await asyncio.to_thread(likely.fail, passage.id, failed.reason, now)
            return Outcome.FAILED, failed.reason
        kept = accept(said, passage)[: self.questions]
        await asyncio.to_thread(likely.keep, passage.id, kept, self.model.name, now)
        return (Outcome.KEPT if kept else Outcome.NONE), ""

    async def _names(self, passage: Passage) -> tuple[str, ...]:
        """What is left out of what is sent of a customer's own papers. Raises `CrmError` where the CRM cannot say."""
        if passage.customer is None:
            return ()
        return self.policy.untold(await self.crm.account(AccountId(passage.customer)))


def accept(said: Sequence[str], passage: Passage) -> tuple[str, ...]:
    """Questions that may be searched by, each once: short, Chinese, and without any figure, name in Latin letters, link,
    person or order that the passage does not hold."""
    known = plain(f"{passage.citation}\n{passage.text}")
    cleaned = dict.fromkeys(" ".join(one.split()) for one in said)
    return tuple(one for one in cleaned if _fits(one, known))


def _fits(question: str, known: str) -> bool:
    spelled = plain(question)
    strange = set(_NUMBER.findall(spelled)) - set(_NUMBER.findall(known))
    strange |= set(_LATIN.findall(spelled)) - set(_LATIN.findall(known))
    private = numberless(question) != question
    return (
        SHORTEST <= len(question) <= LONGEST
        and bool(_HAN.search(question))
        and not (strange or private or _REACH.search(question) or find_order(question))
    )
