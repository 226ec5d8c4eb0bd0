"""Parts of the server in processes of their own: what each does, how they wake each other, who leads."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bot.app import Parts, assemble
from bot.bus import LocalBus, NatsBus, open_bus
from bot.errors import InvalidInput
from bot.jobs import LEADER
from bot.leases import LEASE, StoredLeases
from bot.roles import EVERYTHING, ServerRole, roles
from bot.serving import app_of
from tests.fakes.clock import Clock
from tests.fakes.product import DemoCompany, settings_for

DELIVERY = frozenset({"delivery"})


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ([], EVERYTHING),
        (["all"], EVERYTHING),
        (["worker"], {ServerRole.WORKER}),
        (["gateway,console"], {ServerRole.GATEWAY, ServerRole.CONSOLE}),
        (["scheduler", "worker"], {ServerRole.SCHEDULER, ServerRole.WORKER}),
    ],
)
def test_roles_are_named_one_by_one_or_together(named: list[str], meant: set[ServerRole]) -> None:
    assert roles(named) == meant


def test_a_role_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="role 'boss'; expected all, or some of console, gateway"):
        roles(["worker,boss"])


class Ear:
    """Notes what woke it."""

    def __init__(self) -> None:
        self.heard: list[frozenset[str]] = []
        self._new = asyncio.Event()

    def __call__(self, names: frozenset[str]) -> None:
        self.heard.append(names)
        self._new.set()

    async def next(self) -> frozenset[str]:
        async with asyncio.timeout(10):
            await self._new.wait()
        self._new.clear()
        return self.heard[-1]


async def test_in_one_process_a_commit_wakes_the_workers_of_its_queues() -> None:
    bus, ear = LocalBus(), Ear()
    await bus.start(ear)
    await asyncio.to_thread(bus.announce, DELIVERY)
    assert await ear.next() == DELIVERY
    await bus.stop()
    bus.announce(DELIVERY)
    assert ear.heard == [DELIVERY]


def test_an_address_that_is_no_bus_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidInput, match="redis://host:1") as refused:
        open_bus("redis://me:secret@host:1", "x")
    assert "secret" not in str(refused.value)


class TwoProcesses:
    def __init__(self, nats_url: str) -> None:
        installation = uuid.uuid4().hex
        self.one, self.other = NatsBus(nats_url, installation), NatsBus(nats_url, installation)
        self.ear_of_one, self.ear_of_other = Ear(), Ear()


async def connected(bus: NatsBus) -> None:
    async with asyncio.timeout(10):
        assert bus._connecting is not None
        await bus._connecting
    assert bus._client is not None
    await bus._client.flush()


@pytest.fixture
async def two(nats_url: str) -> AsyncIterator[TwoProcesses]:
    both = TwoProcesses(nats_url)
    await both.one.start(both.ear_of_one)
    await both.other.start(both.ear_of_other)
    await connected(both.one)
    await connected(both.other)
    yield both
    await both.one.stop()
    await both.other.stop()


@pytest.mark.service
async def test_over_nats_a_commit_in_one_process_wakes_the_other(two: TwoProcesses) -> None:
    await asyncio.to_thread(two.one.announce, DELIVERY)
    assert await two.ear_of_other.next() == DELIVERY
    assert await two.ear_of_one.next() == DELIVERY
    assert two.one.problem() == ""


@pytest.mark.service
async def test_two_installations_on_one_server_do_not_hear_each_other(
    two: TwoProcesses, nats_url: str
) -> None:
    stranger, ear = NatsBus(nats_url, "another database"), Ear()
    await stranger.start(ear)
    await connected(stranger)
    two.one.announce(DELIVERY)
    await two.ear_of_other.next()
    await stranger.stop()
    assert ear.heard == []


async def test_a_bus_that_is_away_is_said_and_work_here_goes_on() -> None:
    bus, ear = NatsBus("nats://me:secret@127.0.0.1:9", "x"), Ear()
    await bus.start(ear)
    bus.announce(DELIVERY)
    assert await ear.next() == DELIVERY
    assert "nats://127.0.0.1:9 does not answer" in bus.problem()
    await bus.stop()


@pytest.fixture
def parts(demo: DemoCompany, tmp_path: Path, clock: Clock) -> Iterator[Parts]:
    folder = demo.copy_to(tmp_path / "var")
    made = assemble(settings_for(folder), clock, {}, library=demo.library, alone=False)
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("role", "served", "not_served"),
    [
        (ServerRole.GATEWAY, "/api/openapi.json", None),
        (ServerRole.WORKER, "/healthz", "/api/v1/decisions/d1"),
        (ServerRole.SCHEDULER, "/metrics", "/d/token"),
    ],
)
async def test_a_process_serves_what_its_role_says_and_how_it_is(
    parts: Parts, role: ServerRole, served: str, not_served: str | None
) -> None:
    transport = httpx.ASGITransport(app_of(parts, frozenset({role})))
    async with httpx.AsyncClient(transport=transport, base_url="http://yiju.test") as web:
        assert (await web.get(served)).status_code == 200
        if not_served:
            assert (await web.get(not_served)).status_code == 404
        assert (await web.get("/readyz")).status_code == 200


async def test_of_two_schedulers_one_leads_and_the_other_takes_over(parts: Parts, clock: Clock) -> None:
    other = StoredLeases(parts.store)
    assert await parts.jobs.leads()
    with parts.store.begin() as session:
        assert not other.take(session, LEADER, clock())
    clock.advance(seconds=LEASE.total_seconds() + 1)
    with parts.store.begin() as session:
        assert other.take(session, LEADER, clock())
    assert not await parts.jobs.leads()


async def test_who_stops_lets_another_lead_at_once(parts: Parts, clock: Clock) -> None:
    assert await parts.jobs.leads()
    await parts.jobs.step_down()
    with parts.store.begin() as session:
        assert StoredLeases(parts.store).take(session, LEADER, clock())


def test_jobs_of_all_processes_are_known_to_schedulers_only(parts: Parts) -> None:
    known = {job.id for job in parts.jobs.schedule(EVERYTHING).get_jobs()}
    in_worker = {job.id for job in parts.jobs.schedule(frozenset({ServerRole.WORKER})).get_jobs()}
    assert {"expire", "renewals"} <= known
    assert in_worker == {"measure", "warm", "renew"}
