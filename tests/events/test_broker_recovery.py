"""Message servers that are away, come back, lose everything; a store that is away: each event is kept once, and it is said."""

from __future__ import annotations

import asyncio
import gc
import shutil
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col
from structlog.testing import capture_logs

from bot.events import brokers
from bot.events.brokers import Broker
from bot.events.intake import Intake
from bot.events.rules import load_rules
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from crm_bridge.events import Taken, load_maps
from crm_bridge.events.tables import EventRow
from eval.bench import processes
from eval.bench.faults.proxy import Proxy, Way
from eval.bench.faults.services import Service
from tests.events import made
from tests.events.test_brokers import RABBIT, _needs_server
from tests.fakes.clock import Clock
from tests.fakes.queues import leases_for

pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]
PATIENCE_S = 90
EVENT = made.ours("order.updated", "SO-1", id_="b1", time="2026-11-26T07:02:03Z", fields={"status": "x"})


@dataclass(frozen=True)
class Counting(Intake):
    """Says when it was asked to take something, and may have no store for some of the next times."""

    asked: asyncio.Condition = field(default_factory=asyncio.Condition)
    calls: list[int] = field(default_factory=list)
    away: list[BaseException] = field(default_factory=list)

    async def accept(
        self, events: Sequence[Mapping[str, Any]], along: Callable[[Session], None] | None = None
    ) -> list[Taken]:
        try:
            if self.away:
                raise self.away.pop(0)
            return await super().accept(events, along)
        finally:
            self.calls.append(len(events))
            async with self.asked:
                self.asked.notify_all()

    def kept(self) -> set[str]:
        with self.store.look() as session:
            return set(session.execute(select(col(EventRow.id))).scalars())

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self.asked:
            await self.asked.wait_for(what)


@pytest.fixture
def intake(store: Store, clock: Clock) -> Counting:
    return Counting(store, Queue(store, DeliveryRow, leases_for(store)), load_maps(), load_rules(), clock)


@pytest.fixture(autouse=True)
def name(monkeypatch: pytest.MonkeyPatch) -> str:
    """Unique names, and no long pauses."""
    name = f"test.events.{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(brokers, "NAME", name)
    for pause in ("RETRY_S", "LOOK_S", "ABANDONED_S"):
        monkeypatch.setattr(brokers, pause, 0.2)
    return name


def _own(tmp_path: Path, program: str, command: Callable[[int], list[str]]) -> Service:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} on this machine")
    port = processes.free_port()
    return Service(program, [found, *command(port)], tmp_path, port)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Service]:
    """A server of its own that syncs every write; not started."""
    options = "--save '' --appendonly yes --appendfsync always --bind 127.0.0.1"
    server = _own(
        tmp_path, "redis-server", lambda port: ["--port", str(port), *options.replace("'", "").split(" ")]
    )
    yield server
    server.stop()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Service]:
    """A server of its own that keeps sessions on disk; not started."""
    file = tmp_path / "mosquitto.conf"
    server = _own(tmp_path, "mosquitto", lambda port: ["-c", str(file)])
    file.write_text(
        f"listener {server.port} 127.0.0.1\nallow_anonymous true\npersistence true\nautosave_interval 1\n"
        f"autosave_on_changes true\npersistence_location {tmp_path}/\nuser root\n"
    )
    yield server
    server.stop()


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Broker]:
    task = asyncio.create_task(broker.run())
    try:
        yield broker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # what aio_pika leaves of a connection that never came about closes itself when it is collected, while a loop runs
        gc.collect()
        await asyncio.sleep(0)


async def ready(broker: Broker) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await broker.ready.wait()


class Deaf:
    """A client that takes the end of our task for one of its own time-outs."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_stopped = False

    async def start(self) -> None:
        """Is there at once."""

    async def ping(self, **_: float) -> bool:
        self.asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(PATIENCE_S)
        return True

    async def stop(self) -> None:
        self.is_stopped = True


async def test_a_client_that_swallows_the_end_does_not_keep_us_from_it(intake: Counting) -> None:
    broker, deaf = Broker("kafka://127.0.0.1:1", intake), Deaf()
    broker.broker = deaf
    task = asyncio.create_task(broker.run())
    await deaf.asked.wait()
    task.cancel()
    await asyncio.wait([task], timeout=PATIENCE_S)
    assert task.done()
    assert deaf.is_stopped


async def _sent_to_redis(server: Service, *ids: str) -> None:
    import redis.asyncio

    async with redis.asyncio.from_url(f"redis://127.0.0.1:{server.port}") as client:
        for one in ids:
            await client.xadd(brokers.NAME, {"__data__": orjson.dumps(EVENT | {"id": one})})


async def test_redis_may_come_late_die_and_come_back_with_what_it_kept(
    redis: Service, intake: Counting
) -> None:
    broker = Broker(f"redis://127.0.0.1:{redis.port}", intake)
    with capture_logs() as said:
        async with listening(broker):
            await _until_said(said, "broker_away")
            redis.start()
            await _sent_to_redis(redis, "before")
            await ready(broker)
            await intake.until(lambda: "before" in intake.kept())
            redis.stop(signal.SIGKILL)
            await _until_said(said, "broker_away", 2)
            redis.start()
            await _sent_to_redis(redis, "after")
            await intake.until(lambda: "after" in intake.kept())
            await _until_said(said, "broker_back")
    assert intake.kept() == {"before", "after"}


async def test_redis_that_lost_everything_is_told_of_us_again(redis: Service, intake: Counting) -> None:
    redis.start()
    broker = Broker(f"redis://127.0.0.1:{redis.port}", intake)
    with capture_logs() as said:
        async with listening(broker):
            await ready(broker)
            redis.stop(signal.SIGKILL)
            shutil.rmtree(redis.folder / "appendonlydir")
            redis.start()
            await _until_said(said, "broker_forgot")
            await _sent_to_redis(redis, "b1")
            await intake.until(lambda: bool(intake.calls))
    assert intake.kept() == {"b1"}


async def test_what_a_process_took_from_redis_and_did_not_live_to_keep_is_taken_again(
    redis: Service, intake: Counting
) -> None:
    redis.start()
    url = f"redis://127.0.0.1:{redis.port}"
    broker = Broker(url, intake)
    async with redis_client(url) as client:
        await client.xgroup_create(brokers.NAME, broker._group, id="0", mkstream=True)
        await _sent_to_redis(redis, "b1")
        taken = await client.xreadgroup(broker._group, "dead", {brokers.NAME: ">"})
        assert len(taken) == 1
    async with listening(broker):
        await intake.until(lambda: bool(intake.calls))
    assert intake.kept() == {"b1"}


@asynccontextmanager
async def redis_client(url: str) -> AsyncIterator[Any]:
    import redis.asyncio

    async with redis.asyncio.from_url(url) as client:
        yield client


async def test_while_our_store_is_away_a_message_of_redis_waits_and_one_that_breaks_us_comes_again(
    redis: Service, intake: Counting
) -> None:
    redis.start()
    intake.away.extend([_away(), _away(), ValueError("a bug"), _away()])
    with capture_logs() as said:
        async with listening(Broker(f"redis://127.0.0.1:{redis.port}", intake)) as broker:
            await ready(broker)
            await _sent_to_redis(redis, "b1")
            await intake.until(lambda: intake.kept() == {"b1"})
    assert [one["event"] for one in said].count("event_waits") == 3
    assert [one["event"] for one in said].count("event_not_kept") == 1
    assert intake.calls[:5] == [1] * 5


async def test_rabbitmq_may_come_late_and_go_away_and_messages_wait_for_our_store(
    intake: Counting, name: str
) -> None:
    _needs_server(RABBIT)
    way = Proxy(5672)
    await way.start()
    way.turn(Way.REFUSED)
    url = f"amqp://guest:guest@127.0.0.1:{way.port}/"
    try:
        async with _rabbit(name) as (channel, sent):
            await channel.declare_queue(name, durable=True)
            with capture_logs() as said:
                async with listening(Broker(url, intake)) as broker:
                    await _until_said(said, "broker_away")
                    await sent("before")
                    way.turn(Way.OPEN)
                    await ready(broker)
                    await intake.until(lambda: "before" in intake.kept())
                    way.turn(Way.REFUSED)
                    await _until_said(said, "broker_away", 2)
                    await sent("meanwhile")
                    intake.away.extend([_away(), _away()])
                    way.turn(Way.OPEN)
                    await intake.until(lambda: "meanwhile" in intake.kept())
        assert [one["event"] for one in said].count("event_waits") == 2
        assert intake.kept() == {"before", "meanwhile"}
    finally:
        await way.close()


async def test_a_rabbitmq_queue_that_is_deleted_while_we_listen_is_made_again(
    intake: Counting, name: str
) -> None:
    """The connection stays: the server only cancels the consumer, and what is sent meanwhile it drops."""
    _needs_server(RABBIT)
    with capture_logs() as said:
        async with _rabbit(name) as (channel, sent), listening(Broker(RABBIT, intake)) as broker:
            await ready(broker)
            await sent("before")
            await intake.until(lambda: "before" in intake.kept())
            await channel.queue_delete(name)
            await _until_taken(channel, name)
            await sent("after")
            await intake.until(lambda: "after" in intake.kept())
    assert intake.kept() == {"before", "after"}
    assert "broker_away" not in [one["event"] for one in said]


async def test_a_rabbitmq_that_lost_the_queue_while_we_were_away_has_it_again_without_what_was_in_it(
    intake: Counting, name: str
) -> None:
    _needs_server(RABBIT)
    way = Proxy(5672)
    await way.start()
    try:
        with capture_logs() as said:
            url = f"amqp://guest:guest@127.0.0.1:{way.port}/"
            async with _rabbit(name) as (channel, sent), listening(Broker(url, intake)) as broker:
                await ready(broker)
                way.turn(Way.REFUSED)
                await _until_said(said, "broker_away")
                await sent("lost")
                await channel.queue_delete(name)
                way.turn(Way.OPEN)
                await _until_taken(channel, name)
                await sent("after")
                await intake.until(lambda: "after" in intake.kept())
        assert intake.kept() == {"after"}
    finally:
        await way.close()


@asynccontextmanager
async def _rabbit(name: str) -> AsyncIterator[tuple[Any, Callable[[str], Any]]]:
    """Somebody else's channel, and how they send; the queue is gone afterwards."""
    import aio_pika

    async with await aio_pika.connect(RABBIT) as connection:
        channel = await connection.channel()

        async def sent(number: str) -> None:
            message = aio_pika.Message(orjson.dumps(EVENT | {"id": number}), delivery_mode=2)
            await channel.default_exchange.publish(message, name)

        try:
            yield channel, sent
        finally:
            await channel.queue_delete(name)


async def _until_taken(channel: Any, name: str) -> None:
    """Until the queue is there and somebody takes from it."""
    from aio_pika.exceptions import ChannelNotFoundEntity

    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                queue = await channel.declare_queue(name, passive=True)
            except ChannelNotFoundEntity:
                await channel.reopen()
            else:
                if queue.declaration_result.consumer_count:
                    return
            await asyncio.sleep(0.05)


async def test_an_mqtt_server_keeps_what_comes_while_we_are_away_and_is_reached_again(
    mosquitto: Service, intake: Counting
) -> None:
    broker = Broker(f"mqtt://127.0.0.1:{mosquitto.port}", intake)
    with capture_logs() as said:
        async with listening(broker):
            await _until_said(said, "broker_away")
            mosquitto.start()
            await ready(broker)
        await asyncio.to_thread(_sent_to_mqtt, mosquitto, "meanwhile")
        again = Broker(f"mqtt://127.0.0.1:{mosquitto.port}", intake)
        intake.away.append(_away())
        async with listening(again):
            await intake.until(lambda: "meanwhile" in intake.kept())
            mosquitto.stop(signal.SIGTERM)
            await _until_said(said, "broker_away", 2)
            mosquitto.start()
            await _until_said(said, "broker_back")
            await asyncio.to_thread(_sent_to_mqtt, mosquitto, "after")
            await intake.until(lambda: "after" in intake.kept())
    assert intake.kept() == {"meanwhile", "after"}


def _sent_to_mqtt(server: Service, number: str) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("there is no mosquitto_pub on this machine")
    message = orjson.dumps(EVENT | {"id": number}).decode()
    where = ["-h", "127.0.0.1", "-p", str(server.port), "-q", "1", "-t", "yiju/events/erp"]
    subprocess.run([program, *where, "-m", message], check=True, timeout=PATIENCE_S)


async def _until_said(said: Sequence[Mapping[str, Any]], event: str, times: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while [one["event"] for one in said].count(event) < times:  # noqa: ASYNC110 - the line is the only sign
            await asyncio.sleep(0.02)


def _away() -> OperationalError:
    return OperationalError("INSERT", {}, Exception("no connection"))
