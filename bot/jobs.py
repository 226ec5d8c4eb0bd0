"""What the clock does: cards expire, queues are measured, tokens are warm before somebody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from bot import decisions
from bot.channels import Channel, ChannelError
from bot.confirmation import Confirmations
from bot.connections import Heard, nobody_listens
from bot.copilot import ASIA_SHANGHAI
from bot.decision import Decision
from bot.errors import NewerVersion, NotFound
from bot.inbox import Inbox
from bot.leases import Leases
from bot.metrics import WAITING
from bot.queues import Queue
from bot.renewals import Renewals
from bot.retention import Retention
from bot.roles import EVERYTHING, ServerRole
from bot.store import AWAY, Store, why_away
from crm_bridge import CrmUnavailable

log = structlog.get_logger()
EXPIRE_EVERY_S, MEASURE_EVERY_S, WARM_EVERY_S, RENEW_EVERY_S = 15, 10, 240, 5
LOOK_EVERY_S = 30
LEADER = "scheduler"
"""The lease of the process whose clock counts."""
OFFICE_HOURS = CronTrigger(hour="9-17", minute=0, timezone=ASIA_SHANGHAI)
"""When contracts that end soon are looked for: a card comes while its rep works. What was found before is not new."""
AT_NIGHT = CronTrigger(hour=3, minute=30, timezone=ASIA_SHANGHAI)


class Every(NamedTuple):
    """Work of another part that the clock does as well, under the name of its method."""

    seconds: int
    work: Callable[[], Awaitable[Any]]


class JobStatus(NamedTuple):
    """When a job ran last in this process and what went wrong then; when it runs next."""

    name: str
    last: datetime | None
    next: datetime | None
    error: str


class Jobs:
    """The scheduled jobs. What is done for all processes is done by the one that leads; each is safe to run twice."""

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
        retention: Retention | None = None,
        heard: Heard = nobody_listens,
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
        self._retention = retention
        self._heard = heard
        self._scheduler: AsyncIOScheduler | None = None
        self._known: dict[str, Callable[[], Awaitable[Any]]] = {}
        self._ran: dict[str, tuple[datetime, str]] = {}

    def schedule(self, roles: frozenset[ServerRole] = EVERYTHING) -> AsyncIOScheduler:
        """A scheduler with the jobs of these roles, not started. A run that comes late is made up for once."""
        scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
        )
        for work, seconds in (
            (self.measure, MEASURE_EVERY_S),
            (self.warm, WARM_EVERY_S),
            (self.renew, RENEW_EVERY_S),
        ):
            noted = _stoppable(self._noted(work, work.__name__), work.__name__)
            scheduler.add_job(noted, "interval", seconds=seconds, id=work.__name__)
        self._scheduler = scheduler
        if ServerRole.SCHEDULER in roles:
            self._lead(scheduler)
        return scheduler

    def plan_anew(self) -> None:
        """The clock was put: jobs go by it, and after it was put back they would stand still until it is there again."""
        if self._scheduler is None:
            return
        for job in self._scheduler.get_jobs():
            now = datetime.now(UTC)  # as APScheduler itself asks
            steady = isinstance(job.trigger, IntervalTrigger)  # it counts from a moment of the old clock
            job.modify(next_run_time=now if steady else job.trigger.get_next_fire_time(None, now))

    def _lead(self, scheduler: AsyncIOScheduler) -> None:
        """What one process does for all: every process with the role knows the jobs, the one with the lease runs them."""

        def add(work: Callable[[], Awaitable[Any]], name: str, **when: Any) -> None:
            async def led() -> None:
                try:
                    leads = await self.leads()
                except AWAY as away:
                    log.warning("store_away", job=name, doing="lead", reason=why_away(away))
                    return
                if leads:
                    await noted()

            noted = self._noted(work, name)
            scheduler.add_job(_stoppable(led, name), id=name, **when)

        add(self.expire, "expire", trigger="interval", seconds=EXPIRE_EVERY_S)
        if self._renewals is not None:
            add(self._renewals.look, "renewals", trigger=OFFICE_HOURS)
        if self._inbox is not None:
            add(self.take_in, "inbox", trigger="interval", seconds=LOOK_EVERY_S)
        if self._retention is not None:
            add(self.forget, "retention", trigger=AT_NIGHT)
        for one in self._others:
            add(one.work, one.work.__name__, trigger="interval", seconds=one.seconds)

    def _noted(self, work: Callable[[], Awaitable[Any]], name: str) -> Callable[[], Awaitable[None]]:
        """The work, with a note of how it went; the scheduler still hears of a failure, but not of a store that is away."""

        async def run() -> None:
            try:
                await work()
                self._ran[name] = self._clock(), ""
            except AWAY as away:
                self._ran[name] = self._clock(), why_away(away)
                log.warning("store_away", job=name, doing="job", reason=why_away(away))
            except Exception as error:
                self._ran[name] = self._clock(), f"{type(error).__name__}: {error}"
                raise

        self._known[name] = run
        return run

    def status(self) -> list[JobStatus]:
        """Every job of this process."""
        planned = (
            {job.id: getattr(job, "next_run_time", None) for job in self._scheduler.get_jobs()}
            if self._scheduler
            else {}
        )
        found = []
        for name in self._known:
            last, error = self._ran.get(name, (None, ""))
            found.append(JobStatus(name, last, planned.get(name), error))
        return found

    async def run_now(self, name: str) -> None:
        """Run a job at once, beside its plan. Raises `NotFound`; what the job raises is noted."""
        work = self._known.get(name)
        if work is None:
            raise NotFound(f"there is no job {name} in this process; there are {', '.join(self._known)}")
        with suppress(Exception):  # noted by the job itself, and shown with it
            await work()

    async def leads(self) -> bool:
        """Whether this process is the scheduler just now; the lease is taken over seconds after its holder died."""
        if self._leases.in_process:
            return True
        return await self._store.write(lambda session: self._leases.take(session, LEADER, self._clock()))

    async def step_down(self) -> None:
        """Let another process lead at once instead of after the lease."""
        if not self._leases.in_process:
            with suppress(SQLAlchemyError):  # the store is away: the lease runs out by itself
                await self._store.write(lambda session: self._leases.release(session, LEADER))

    async def take_in(self) -> None:
        """Files of the watched folder; with the CRM asleep or the folder away they wait for the next look."""
        assert self._inbox is not None
        try:
            await self._inbox.look()
        except (CrmUnavailable, OSError) as asleep:
            log.warning("inbox_waits", reason=str(asleep))

    async def forget(self) -> None:
        """What was said and written goes after its time."""
        assert self._retention is not None
        await self._retention.expire(self._clock())

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
                self._heard(name, None)
            except ChannelError as error:
                self._heard(name, error)
                log.warning("token_not_renewed", channel=name, code=error.code, reason=str(error))

    async def renew(self) -> None:
        """Say that this process still works its lanes."""
        if not self._leases.in_process:
            await self._store.write(lambda session: self._leases.renew(session, self._clock()))


def _stoppable(work: Callable[[], Awaitable[None]], name: str) -> Callable[[], Awaitable[None]]:
    """The scheduler cancels what runs when it is shut down, and would log that as the job's failure."""

    async def run() -> None:
        try:
            await work()
        except asyncio.CancelledError:
            log.info("job_stopped", job=name)

    return run
