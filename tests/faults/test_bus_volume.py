"""A NATS server that lost everything is set up again by whoever listens, and publishers are heard again."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from nats.js.errors import NoStreamResponseError, ServiceUnavailableError
from sqlalchemy import select
from sqlmodel import Session

from bot.events import brokers
from bot.events.brokers import Broker
from bot.events.intake import Intake
from bot.events.rules import load_rules
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from crm_bridge.events import Taken, load_maps
from crm_bridge.events.tables import EventRow
from eval.bench.faults.services import NotInstalled, Service, nats
from tests.events import made
from tests.fakes.clock import Clock
from tests.fakes.queues import leases_for

pytestmark = pytest.mark.service
PATIENCE_S = 60
EVENT = made.ours("order.updated", "SO-1", id_="b1", time="2026-11-26T07:02:03Z", fields={"status": "x"})


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[tuple[Service, str]]:
    try:
        with nats(tmp_path / "nats") as served:
            yield served
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.fixture
def intake(store: Store, clock: Clock) -> Noting:
    return Noting(store, Queue(store, DeliveryRow, leases_for(store)), load_maps(), load_rules(), clock)


async def test_events_are_heard_again_after_the_bus_lost_its_volume(
    bus: tuple[Service, str], intake: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url = bus
    monkeypatch.setattr(brokers, "LOOK_S", 0.2)
    client = Client()
    await client.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_expected)
    listening = asyncio.create_task(Broker(url, intake).run())
    try:
        await _published(client, EVENT)
        assert await _kept(intake, 1) == {"b1"}
        for number in (2, 3):
            server.stop(signal.SIGKILL)
            shutil.rmtree(server.folder / "jetstream")
            server.start()
            await _published(client, EVENT | {"id": f"b{number}"})
            assert await _kept(intake, number) == {f"b{one}" for one in range(1, number + 1)}
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await client.close()


async def _expected(error: Exception) -> None:
    """The client tells of every lost connection."""


async def _published(client: Client, event: object) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await client.jetstream().publish("yiju.events.erp", orjson.dumps(event), timeout=1)
                return
            except (NoStreamResponseError, ServiceUnavailableError, TimeoutError, OSError):
                await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Noting(Intake):
    """Says when it has taken something."""

    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(
        self, events: Sequence[Mapping[str, Any]], along: Callable[[Session], None] | None = None
    ) -> list[Taken]:
        try:
            return await super().accept(events, along)
        finally:
            self.taken.set()


async def _kept(intake: Noting, count: int) -> set[str]:
    """The events that are kept, as soon as there are so many."""

    def found() -> set[str]:
        with intake.store.look() as session:
            return {row.id for row in session.execute(select(EventRow)).scalars()}

    async with asyncio.timeout(PATIENCE_S):
        while len(kept := found()) < count:
            await intake.taken.wait()
            intake.taken.clear()
    return kept
