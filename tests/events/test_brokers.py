"""Events by message broker end in the same pipeline; a message counts as taken when its events are kept."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import orjson
import pytest
from sqlalchemy import select

from bot.errors import InvalidInput
from bot.events import brokers
from bot.events.brokers import Broker, open_brokers
from bot.events.intake import Intake
from bot.events.rules import load_rules
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from crm_bridge.events import load_maps
from crm_bridge.events.tables import EventRow
from tests.events import made
from tests.fakes.clock import Clock
from tests.fakes.queues import leases_for

EVENT = made.ours("order.updated", "SO-1", id_="b1", time="2026-11-26T07:02:03Z", fields={"status": "x"})


@pytest.fixture
def intake(store: Store, clock: Clock) -> Intake:
    return Intake(store, Queue(store, DeliveryRow, leases_for(store)), load_maps(), load_rules(), clock)


def kept(intake: Intake) -> list[tuple[str, str]]:
    with intake.store.look() as session:
        return sorted((row.state, row.id) for row in session.execute(select(EventRow)).scalars())


async def until_kept(intake: Intake, count: int) -> None:
    async with asyncio.timeout(10):
        while len(kept(intake)) < count:  # noqa: ASYNC110 - the row is the only sign
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(broker: Broker) -> AsyncIterator[None]:
    task = asyncio.create_task(broker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_message_is_an_event_in_either_mode_a_batch_or_a_dead_letter(intake: Intake) -> None:
    broker = Broker("nats://127.0.0.1:1", intake)
    await broker.heard(orjson.dumps(EVENT), {}, None)
    await broker.heard(orjson.dumps(EVENT), {}, "application/json")
    await broker.heard(orjson.dumps([EVENT | {"id": "b2"}]), {}, "application/cloudevents-batch+json")
    binary = {f"ce_{name}": value for name, value in (EVENT | {"id": "b3"}).items() if name != "data"}
    await broker.heard(orjson.dumps(EVENT["data"]), binary, "application/json")
    await broker.heard(b"hello", {}, None)
    found = kept(intake)
    assert [one for one in found if one[0] == "applied"] == [
        ("applied", "b1"),
        ("applied", "b2"),
        ("applied", "b3"),
    ]
    assert len(found) == 4


@pytest.mark.service
async def test_events_published_to_a_nats_stream_arrive_also_when_nobody_listened(
    intake: Intake, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nats

    mine = uuid.uuid4().hex[:8]
    monkeypatch.setattr(brokers, "STREAM", f"TEST_{mine}")
    monkeypatch.setattr(brokers, "SUBJECTS", f"test-{mine}.events.>")
    client = await nats.connect(nats_url)
    try:
        async with running(Broker(nats_url, intake)):
            await _published(client, f"test-{mine}.events.erp", EVENT)
            await until_kept(intake, 1)
        await _published(client, f"test-{mine}.events.erp", EVENT | {"id": "b2"})
        async with running(Broker(nats_url, intake)):
            await until_kept(intake, 2)
        assert kept(intake) == [("applied", "b1"), ("applied", "b2")]
    finally:
        await client.jetstream().delete_stream(f"TEST_{mine}")
        await client.close()


async def _published(client: object, subject: str, event: object) -> None:
    """Once the stream is there."""
    from nats.js.errors import NoStreamResponseError

    async with asyncio.timeout(10):
        while True:
            try:
                await client.jetstream().publish(subject, orjson.dumps(event))  # type: ignore[attr-defined]
                return
            except NoStreamResponseError:
                await asyncio.sleep(0.05)


REDIS = os.environ.get("YIJU_TEST_REDIS_URL", "redis://127.0.0.1:6379")
RABBIT = os.environ.get("YIJU_TEST_RABBIT_URL", "amqp://guest:guest@127.0.0.1:5672/")


@pytest.mark.service
@pytest.mark.parametrize("url", [REDIS, RABBIT], ids=["redis", "rabbitmq"])
async def test_events_of_other_brokers_arrive_from_real_servers(
    intake: Intake, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _needs_server(url)
    mine = f"test.events.{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(brokers, "NAME", mine)
    broker = Broker(url, intake)
    async with running(broker):
        async with asyncio.timeout(10):
            await broker.ready.wait()
        if broker.kind == "redis":
            await broker.broker.publish(EVENT, stream=mine)
        else:
            await broker.broker.publish(EVENT, queue=mine)
        await until_kept(intake, 1)
        await _cleaned(broker, mine)
    assert kept(intake) == [("applied", "b1")]


async def _cleaned(broker: Broker, name: str) -> None:
    if broker.kind == "redis":
        import redis.asyncio

        async with redis.asyncio.from_url(REDIS) as client:
            await client.delete(name)
    else:
        import aio_pika

        async with await aio_pika.connect(RABBIT) as connection, connection.channel() as channel:
            await channel.queue_delete(name)


def _needs_server(url: str) -> None:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except OSError as error:
        if os.environ.get("YIJU_TEST_REQUIRE_SERVICES") == "1":
            pytest.fail(f"no server at {parts.hostname}:{parts.port}: {error}")
        pytest.skip(f"no server at {parts.hostname}:{parts.port}: {error}")


async def test_kafka_messages_reach_the_pipeline_in_memory(intake: Intake) -> None:
    """By FastStream's test broker only: no Kafka server took part."""
    from faststream.kafka import TestKafkaBroker

    broker = Broker("kafka://127.0.0.1:9092", intake)
    async with TestKafkaBroker(broker.broker):
        await broker.broker.publish(EVENT, topic=brokers.NAME)
    assert kept(intake) == [("applied", "b1")]


async def test_mqtt_messages_reach_the_pipeline_in_memory(intake: Intake) -> None:
    """By FastStream's test broker only: no MQTT server took part."""
    from faststream.mqtt import TestMQTTBroker

    broker = Broker("mqtt://127.0.0.1:1883", intake)
    async with TestMQTTBroker(broker.broker):
        await broker.broker.publish(EVENT, "yiju/events/erp")
    assert kept(intake) == [("applied", "b1")]


def test_which_brokers_there_are_comes_from_the_settings(intake: Intake) -> None:
    assert open_brokers("", "local:", intake) == []
    assert [one.kind for one in open_brokers("", "nats://h:4222", intake)] == ["nats"]
    with pytest.raises(InvalidInput, match="expected one of"):
        open_brokers("ftp://h", "local:", intake)
