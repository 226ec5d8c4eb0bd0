"""What the clock does: cards expire, queues are measured, tokens are warm before somebody waits for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import decisions
from bot.channels import Channel, ChannelError
from bot.confirmation import Confirmations
from bot.errors import NewerVersion
from bot.leases import Leases
from bot.metrics import WAITING
from bot.queues import Queue
from bot.store import Store

log = structlog.get_logger()
EXPIRE_EVERY_S, MEASURE_EVERY_S, WARM_EVERY_S, RENEW_EVERY_S = 15, 10, 240, 5


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
        others: Sequence[Every] = (),
    ) -> None:
        self._store = store
        self._confirmations = confirmations
        self._queues = queues
        self._channels = channels
        self._leases = leases
        self._clock = clock
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
        for one in self._others:
            scheduler.add_job(one.work, "interval", seconds=one.seconds, id=one.work.__name__)
        return scheduler

    async def expire(self) -> int:
        """Close cards whose time is over. Returns how many."""
        overdue = await self._store.read(lambda session: decisions.overdue(session, self._clock()))
        closed = 0
        for decision in overdue:
            try:
                await self._store.write(
                    lambda session, one=decision: self._confirmations.expire(session, one, self._clock())  # type: ignore[misc]
                )
                closed += 1
            except NewerVersion:
                continue  # somebody decided at the last moment, and wins
        if closed:
            log.info("cards_expired", count=closed)
        return closed

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
