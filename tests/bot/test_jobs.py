"""What the clock does: cards expire once and in time, lanes are renewed, tokens are warm, nobody's failure stops the rest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels import ChannelRefused
from bot.decision import State
from bot.jobs import Jobs
from bot.store import Store
from tests.fakes.clock import START, Clock
from tests.fakes.decisions import a_decision
from tests.fakes.office import Office
from tests.fakes.queues import leases_for


class Tokens:
    """A channel whose access token can be renewed, or refuses to be."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses, self.renewed = refuses, 0

    async def warm(self) -> None:
        if self.refuses:
            raise ChannelRefused("wrong secret", "40001")
        self.renewed += 1


@pytest.fixture
def office(store: Store, clock: Clock) -> Office:
    return Office(store, clock)


def jobs(office: Office, **channels: Any) -> Jobs:
    queues = (office.actions, office.messages)
    return Jobs(office.store, office.confirmations, queues, channels, leases_for(office.store), office.clock)


async def test_a_card_expires_when_its_time_is_over_and_only_once(office: Office) -> None:
    office.propose()
    assert await jobs(office).expire() == 0
    office.clock.now = START + timedelta(hours=24, seconds=1)
    assert await jobs(office).expire() == 1
    assert office.decision().state is State.EXPIRED
    assert await jobs(office).expire() == 0
    assert office.action_rows() == []


async def test_what_somebody_decided_in_time_does_not_expire(office: Office) -> None:
    office.propose(a_decision(state=State.DECLINED))
    office.clock.advance(days=2)
    assert await jobs(office).expire() == 0
    assert office.decision().state is State.DECLINED


async def test_a_token_that_cannot_be_renewed_keeps_no_other_from_it(office: Office) -> None:
    good = Tokens()
    await jobs(office, wecom=Tokens(refuses=True), sim=object(), dingtalk=good).warm()
    assert good.renewed == 1


async def test_every_job_is_scheduled_to_run_once_at_a_time(office: Office) -> None:
    scheduler = jobs(office).schedule()
    assert {job.id for job in scheduler.get_jobs()} >= {"expire", "measure", "warm", "renew"}
    assert (scheduler._job_defaults["max_instances"], scheduler._job_defaults["coalesce"]) == (1, True)


async def test_a_job_that_runs_when_the_server_stops_is_not_logged_as_a_failure(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    began = asyncio.Event()

    class Slow:
        async def warm(self) -> None:
            began.set()
            await asyncio.Event().wait()

    scheduler = jobs(office, wecom=Slow()).schedule()
    scheduler.start()
    scheduler.modify_job("warm", next_run_time=datetime.now(UTC))
    async with asyncio.timeout(10):
        await began.wait()
        scheduler.shutdown(wait=False)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*others, return_exceptions=True)
    assert not [record for record in caplog.records if "raised an exception" in record.message]


async def test_measuring_and_renewing_change_nothing(office: Office) -> None:
    office.propose()
    await jobs(office).measure()
    await jobs(office).renew()
    assert office.decision() == a_decision()
