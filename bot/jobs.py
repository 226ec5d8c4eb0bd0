"""What the clock does: cards expire, queues are measured, tokens are warm before somebody waits for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bot import decisions
from bot.channels import Channel, ChannelError
from bot.confirmation import Confirmations
from bot.copilot import ASIA_SHANGHAI
from bot.decision import Decision
from bot.errors import NewerVersion
from bot.inbox import Inbox
from bot.leases import Leases
from bot.metrics import WAITING
from bot.queues import Queue
from bot.renewals import Renewals
from bot.store import Store
from crm_bridge import CrmUnavailable

log = structlog.get_logger()
EXPIRE_EVERY_S, MEASURE_EVERY_S, WARM_EVERY_S, RENEW_EVERY_S = 15, 10, 240, 5
LOOK_EVERY_S = 30
OFFICE_HOURS = CronTrigger(hour="9-17", minute=0, timezone=ASIA_SHANGHAI)
"""When contracts that end soon are looked for: a card comes while its rep works. What was found before is not new."""


class Every(NamedTuple):
    """Work of another part that the clock does as well, under the name of its method."""

    seconds: int
    work: Callable[[], Awaitable[Any]]


class Jobs:
    """The scheduled jobs of a process. In several processes they may run side by side: each is safe to run twice."""

    def __init__(
        self,
        store: Store,
        confirmations: Confirmations,
        queues: Sequence[Queue[Any]],
        channels: Mapping[str, Channel],
        leases: Leases,
        clock: Callable[[], datetime],
        renewals: Renewals | None = None,
        inbox: Inbox | None = None,
        others: Sequence[Every] = (),
    ) -> None:
        self._store = store
        self._confirmations = confirmations
        self._queues = queues
        self._channels = channels
        self._leases = leases
        self._clock = clock
        self._renewals = renewals
        self._inbox = inbox
        self._others = others

    def schedule(self) -> AsyncIOScheduler:
        """A scheduler with all jobs, not started. A run that comes late is made up for once, not many times."""
        scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
        )
        for work, seconds in (
            (self.expire, EXPIRE_EVERY_S),
            (self.measure, MEASURE_EVERY_S),
            (self.warm, WARM_EVERY_S),
            (self.renew, RENEW_EVERY_S),
        ):
            scheduler.add_job(work, "interval", seconds=seconds, id=work.__name__)
        if self._renewals is not None:
            scheduler.add_job(self._renewals.look, OFFICE_HOURS, id="renewals")
        if self._inbox is not None:
            scheduler.add_job(self.take_in, "interval", seconds=LOOK_EVERY_S, id="inbox")
        for one in self._others:
            scheduler.add_job(one.work, "interval", seconds=one.seconds, id=one.work.__name__)
        return scheduler

    async def take_in(self) -> None:
        """Files of the watched folder; with the CRM asleep or the folder away they wait for the next look."""
        assert self._inbox is not None
        try:
            await self._inbox.look()
        except (CrmUnavailable, OSError) as asleep:
            log.warning("inbox_waits", reason=str(asleep))

    async def expire(self) -> int:
        """Close cards whose time is over. Returns how many."""
        overdue = await self._store.read(lambda session: decisions.overdue(session, self._clock()))
        closed = 0
        for decision in overdue:
            closed += await self._expire(decision)
        if closed:
            log.info("cards_expired", count=closed)
        return closed

    async def _expire(self, decision: Decision) -> bool:
        """False where somebody decided at the last moment, and wins."""
        try:
            await self._store.write(
                lambda session: self._confirmations.expire(session, decision, self._clock())
            )
        except NewerVersion:
            return False
        return True

    async def measure(self) -> None:
        for queue in self._queues:
            WAITING.labels(queue.name).set(await self._store.read(queue.depth))

    async def warm(self) -> None:
        """Renew access tokens ahead of time, so that no message waits for one."""
        for name, channel in self._channels.items():
            warm: Callable[[], Awaitable[None]] | None = getattr(channel, "warm", None)
            if warm is None:
                continue
            try:
                await warm()
            except ChannelError as error:
                log.warning("token_not_renewed", channel=name, code=error.code, reason=str(error))

    async def renew(self) -> None:
        """Say that this process still works its lanes."""
        if not self._leases.in_process:
            await self._store.write(lambda session: self._leases.renew(session, self._clock()))
