"""The machine's clock is put forward or back: nothing waits until the old time comes again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import text

from bot.clock_watch import watch
from bot.jobs import Jobs
from bot.leases import LEASE, StoredLeases
from bot.sharing import StoredAllowance
from bot.store import LEFT_BEHIND, Store
from tests.conftest import POSTGRES
from tests.fakes.clock import Clock
from tests.fakes.office import Office
from tests.fakes.queues import deliveries, fill, leases_for

HOUR = timedelta(hours=1)


def test_a_row_written_before_the_clock_went_back_is_due(store: Store, clock: Clock) -> None:
    queue = deliveries(store)
    fill(queue, clock() + HOUR, "a/1", "a/2")
    with store.begin() as session:
        claimed = queue.claim(session, clock())
    assert claimed is not None
    assert [row.key for row in claimed[1]] == ["1", "2"]


def test_a_row_that_was_postponed_is_not_due_until_then(store: Store, clock: Clock) -> None:
    queue = deliveries(store)
    fill(queue, clock(), "a/1")
    with store.begin() as session:
        claimed = queue.claim(session, clock())
        assert claimed is not None
        queue.postpone(session, claimed[1][0], clock(), "busy", after=7200)
        queue.release(session, "a")
    with store.begin() as session:
        assert queue.claim(session, clock()) is None
        assert queue.claim(session, clock.advance(minutes=16)) is not None


def test_the_lane_of_a_worker_that_died_before_the_clock_went_back_comes_free(
    store: Store, clock: Clock
) -> None:
    dead, living = StoredLeases(store), StoredLeases(store)
    queue = deliveries(store, living)
    fill(queue, clock(), "a/1")
    with store.begin() as session:
        assert dead.take(session, "delivery:a", clock() + HOUR)
    with store.begin() as session:
        assert queue.claim(session, clock()) is not None


def test_a_lease_of_a_process_whose_clock_is_a_little_ahead_holds(store: Store, clock: Clock) -> None:
    other, ours = StoredLeases(store), StoredLeases(store)
    with store.begin() as session:
        assert other.take(session, "delivery:a", clock() + timedelta(minutes=2))
        assert not ours.take(session, "delivery:a", clock() + LEASE)


async def test_what_a_person_may_be_sent_comes_back_after_the_clock_went_back(
    store: Store, clock: Clock
) -> None:
    allowance = StoredAllowance(store, clock)
    assert await allowance.take("zhangsan", 15, burst=15, seconds=60) == 0
    clock.advance(hours=-1)
    assert await allowance.take("zhangsan", 15, burst=15, seconds=60) > 0
    clock.advance(seconds=61)
    assert await allowance.take("zhangsan", 15, burst=15, seconds=60) == 0


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_jump_is_noticed_once_and_time_that_only_passed_is_none(clock: Clock, by: timedelta) -> None:
    passed, found, done = [0.0], list[timedelta](), asyncio.Event()
    steps: Iterator[tuple[timedelta, float]] = iter(
        [(timedelta(seconds=5), 5.0), (timedelta(minutes=3), 180.0), (by, 5.0), (timedelta(seconds=5), 5.0)]
    )

    def now() -> datetime:
        step = next(steps, None)
        if step is None:
            done.set()
            return clock.now
        clock.now += step[0]
        passed[0] += step[1]
        return clock.now

    watching = asyncio.create_task(watch(now, found.append, lambda: passed[0], every=0))
    await done.wait()
    watching.cancel()
    assert found == [by - timedelta(seconds=5)]


async def test_jobs_go_on_after_the_clock_went_back(store: Store) -> None:
    office = Office(store, Clock())
    jobs = Jobs(store, office.confirmations, (), {}, leases_for(store), lambda: datetime.now(UTC))
    with time_machine.travel(datetime.now(UTC), tick=True) as now:
        scheduler = jobs.schedule()
        scheduler.start(paused=True)
        try:
            now.shift(-HOUR)
            soon = datetime.now(UTC) + timedelta(seconds=1)
            assert not any(job.next_run_time < soon for job in scheduler.get_jobs())
            jobs.plan_anew()
            every = [job for job in scheduler.get_jobs() if isinstance(job.trigger, IntervalTrigger)]
            assert {"renew", "expire", "measure"} <= {job.id for job in every}
            assert all(job.next_run_time < soon for job in every)
        finally:
            scheduler.shutdown(wait=False)


async def test_jobs_run_on_across_jumps_both_ways_and_none_raises(store: Store) -> None:
    """By APScheduler's own timers: every job that is due after a jump runs, and nothing is reported as failed."""
    office = Office(store, Clock())
    jobs = Jobs(store, office.confirmations, (), {}, leases_for(store), lambda: datetime.now(UTC))
    wrong = list[JobExecutionEvent]()
    ran: dict[str, asyncio.Event] = {}

    def done(event: JobExecutionEvent) -> None:
        ran.setdefault(event.job_id, asyncio.Event()).set()

    with time_machine.travel(datetime.now(UTC), tick=True) as now:
        scheduler = jobs.schedule()
        scheduler.add_listener(done, EVENT_JOB_EXECUTED)
        scheduler.add_listener(wrong.append, EVENT_JOB_ERROR)
        scheduler.start()
        try:
            names = {job.id for job in scheduler.get_jobs() if isinstance(job.trigger, IntervalTrigger)}
            for by in (HOUR, -HOUR, -HOUR, timedelta(days=40), timedelta(days=-80)):
                ran = {name: asyncio.Event() for name in names}
                now.shift(by)
                jobs.plan_anew()
                async with asyncio.timeout(60):
                    await asyncio.gather(*(event.wait() for event in ran.values()))
        finally:
            scheduler.shutdown(wait=False)
    assert wrong == []
    assert {one.name: one.error for one in jobs.status() if one.error} == {}


@pytest.mark.service
def test_postgresql_gives_up_clients_that_were_cut_off(postgres_url: str) -> None:
    assert POSTGRES.split("/")[2] in postgres_url
    store = Store(postgres_url)
    with store.look() as session:
        found = {name: session.execute(text(f"SHOW {name}")).scalar() for name in LEFT_BEHIND}
    store.close()
    assert found["idle_in_transaction_session_timeout"] == "1min"
    assert found["tcp_keepalives_idle"] == "5"
