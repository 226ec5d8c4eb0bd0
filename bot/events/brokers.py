"""Events by message broker: one consumer for each configured server, by FastStream, into the same pipeline as HTTP.

A message is acknowledged when its events are kept. While our own store is away it is held and tried again; what cannot
be kept for another reason comes again by the server's own rules, and what a process took and did not live to keep as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from bot.errors import InvalidInput
from bot.events.intake import Intake
from crm_bridge.events import STRUCTURED, EventUnreadable, split

log = structlog.get_logger()
NAME = "yiju.events"
STREAM, GROUP = "YIJU_EVENTS", "yiju"
SUBJECTS = "yiju.events.>"
RETRY_S = 5.0
LOOK_S = 5.0
"""Between looks whether a server is there and still knows our consumer: one that lost its volume does not, and says nothing."""
ABANDONED_S = 30.0
"""After which a message of a Redis stream that somebody took and did not acknowledge is taken again."""
SESSION_S = 7 * 24 * 3600
"""How long an MQTT server keeps what it has for us while we are away."""
_EXTRA = {"nats": "nats", "redis": "redis", "rediss": "redis", "amqp": "rabbit", "amqps": "rabbit", "kafka": "kafka", "mqtt": "mqtt"}  # fmt: skip


class Broker:
    """One server: connects, again and again while it is away, and feeds the intake."""

    def __init__(self, url: str, intake: Intake) -> None:
        """Raises `InvalidInput` for an address of another kind, and where the client is not installed."""
        scheme = urlsplit(url).scheme
        if scheme not in _EXTRA:
            raise InvalidInput(f"broker {scheme!r}; expected one of {', '.join(sorted(_EXTRA))}://…")
        self.kind, self._intake = _EXTRA[scheme], intake
        self._group = named_after(intake.store.engine.url)
        self.ready = asyncio.Event()
        self._is_away = False
        self._make: Callable[[], Any] = lambda: _open(self.kind, url, self.take, intake.store.engine.url)
        try:
            self.broker: Any = self._make()
        except ImportError as error:
            raise InvalidInput(f"{scheme}:// needs `pip install faststream[{self.kind}]`") from error

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._start()
            while not _is_cancelled():
                await asyncio.sleep(LOOK_S)
                await self._look()
        finally:
            await self._stop()

    async def take(self, body: bytes, headers: Any, content_type: str | None) -> None:
        """`heard`, for as long as it takes while the store is away. Passes other failures on, after a pause: whoever
        sends again at once would do nothing else."""
        while True:
            try:
                return await self.heard(body, headers, content_type)
            except DBAPIError as error:
                log.warning("event_waits", broker=self.kind, reason=f"the store is away: {error.orig}")
                await asyncio.sleep(RETRY_S)
            except Exception as error:
                log.warning("event_not_kept", broker=self.kind, reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)
                raise

    async def heard(self, body: bytes, headers: Any, content_type: str | None) -> None:
        """One message: an event in structured or binary mode, or a batch. What is none is kept as a dead letter."""
        named = {
            str(name).lower().replace("ce_", "ce-"): str(value) for name, value in dict(headers or {}).items()
        }
        media = content_type or ""
        if "cloudevents" not in media and not any(name.startswith("ce-") for name in named):
            media = STRUCTURED  # a broker's clients often say nothing, or just JSON
        try:
            events = split(media, named, body)
        except EventUnreadable:
            events = [{"": body.decode(errors="replace")[:4000]}]
        await self._intake.accept(events)

    async def _start(self) -> None:
        while not (await self._started() or _is_cancelled()):  # noqa: ASYNC110 - a server that is away announces nothing
            await asyncio.sleep(RETRY_S)

    async def _look(self) -> None:
        """A server that is away is its client's to reach again (MQTT's: ours), and said once; one that forgot us is told anew."""
        is_away = not await self._answers()
        if is_away != self._is_away:
            self._is_away = is_away
            say = log.warning if is_away else log.info
            say("broker_away" if is_away else "broker_back", broker=self.kind)
        if self.kind == "mqtt" and is_away:
            await self._anew()
        elif not is_away and await self._is_forgotten():
            log.warning("broker_forgot", broker=self.kind, reason="it lost stream or consumer")
            await self._anew()

    async def _anew(self) -> None:
        await self._stop()
        self.broker = self._make()
        await self._start()

    async def _stop(self) -> None:
        if self.kind == "mqtt" and self.ready.is_set():
            # before the subscriber says goodbye: a server keeps nothing for whoever took back a subscription
            with suppress(Exception):  # it may be away
                await (await self.broker.connect()).disconnect()
        await self.broker.stop()

    async def _answers(self) -> bool:
        try:
            return bool(await self.broker.ping(timeout=2.0))
        except Exception:  # noqa: BLE001 - each client has its own family of errors for a server that is away
            return False

    async def _is_forgotten(self) -> bool:
        """Whether the server is there and knows nothing of us."""
        if self.kind == "redis":
            return await _has_no_group(self.broker, self._group)
        if self.kind != "nats":
            return False  # a RabbitMQ queue that went away its client makes again; Kafka and MQTT know us by name
        from nats.errors import Error
        from nats.js.errors import NotFoundError

        try:
            await self.broker.connection.jetstream().consumer_info(STREAM, self._group)
        except NotFoundError:
            return True
        except Error:
            pass
        return False

    async def _started(self) -> bool:
        try:
            if self.kind == "redis":
                await _make_group(self.broker, self._group)
            await self.broker.start()
        except Exception as error:  # noqa: BLE001 - each client has its own family of errors for a server that is away
            log.warning("broker_away", broker=self.kind, reason=f"{type(error).__name__}: {error}")
            return False
        self.ready.set()
        log.info("broker_heard", broker=self.kind, name=NAME)
        return True


def _is_cancelled() -> bool:
    """Whether we were told to end, also where a client that was just being asked swallowed it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def open_brokers(configured: str, bus_url: str, intake: Intake) -> Sequence[Broker]:
    """Those of the settings, and the bus where it is a NATS server. Raises `InvalidInput`."""
    urls = dict.fromkeys([*configured.split(), *([bus_url] if bus_url.startswith("nats:") else [])])
    return [Broker(url, intake) for url in urls]


def named_after(database: URL) -> str:
    """Our consumer's name on a server: two installations are two, and each gets every event."""
    place = database.database or ""
    if database.get_backend_name() == "sqlite" and place:
        place = str(Path(place).resolve())
    address = f"{database.host or ''}:{database.port or ''}/{place}"
    return f"{GROUP}-{hashlib.sha256(address.encode()).hexdigest()[:12]}"


def _open(kind: str, url: str, heard: Any, database: URL) -> Any:
    """The broker with its one durable subscriber. Clients are heavy: only those that are configured are imported."""
    from faststream import AckPolicy, Context

    whole = Context("message")

    async def take(message: Any = whole) -> None:
        await heard(message.body, message.headers, message.content_type)
        if kind == "mqtt":
            await message.ack()

    again, group = {"ack_policy": AckPolicy.NACK_ON_ERROR}, named_after(database)
    if kind == "nats":
        from faststream.nats import JStream, NatsBroker, PullSub

        broker: Any = NatsBroker(url, logger=None)
        stream = JStream(STREAM, subjects=[SUBJECTS])
        return _subscribed(
            broker, take, SUBJECTS, stream=stream, durable=group, pull_sub=PullSub(50, timeout=1.0), **again
        )
    if kind == "redis":
        from faststream.redis import RedisBroker, StreamSub

        quiet: Any = None
        broker = RedisBroker(url, logger=quiet)
        abandoned = StreamSub(
            NAME, group=group, consumer=group, min_idle_time=int(ABANDONED_S * 1000), polling_interval=1000
        )
        _subscribed(broker, take, stream=abandoned, **again)
        return _subscribed(broker, take, stream=StreamSub(NAME, group=group, consumer=group), **again)
    if kind == "rabbit":
        from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

        broker = RabbitBroker(url, default_channel=Channel(prefetch_count=50), logger=None)
        return _subscribed(broker, take, RabbitQueue(NAME, durable=True), **again)
    if kind == "kafka":
        from faststream.kafka import KafkaBroker

        server = urlsplit(url).netloc
        return _subscribed(
            KafkaBroker(server, logger=None),
            take,
            NAME,
            group_id=group,
            auto_offset_reset="earliest",
            **again,
        )
    from faststream.mqtt import MQTTBroker
    from zmqtt import QoS, ReconnectConfig

    client: Any = MQTTBroker(
        url,
        client_id=f"{group}-{socket.gethostname()}",  # two gateways under one name would push each other out
        clean_session=False,
        session_expiry_interval=SESSION_S,
        reconnect=ReconnectConfig(
            enabled=False
        ),  # it would give up, or say nothing for ever: `_look` does it
        logger=None,
    )
    # there is no "not now" in MQTT: what was not acknowledged comes again with the next connection
    return _subscribed(client, take, "yiju/events/#", qos=QoS.AT_LEAST_ONCE, ack_policy=AckPolicy.MANUAL)


async def _make_group(broker: Any, group: str) -> None:
    """Of a Redis stream, from its beginning: what was sent before we first listened counts too."""
    from redis.exceptions import ResponseError

    client = await broker.connect()
    try:
        await client.xgroup_create(NAME, group, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def _has_no_group(broker: Any, group: str) -> bool:
    from redis.exceptions import RedisError, ResponseError

    try:
        known = await (await broker.connect()).xinfo_groups(NAME)
    except ResponseError:
        return True  # there is no such stream
    except RedisError:
        return False
    return not any(one["name"] in (group, group.encode()) for one in known)


def _subscribed(broker: Any, take: Any, *what: Any, **how: Any) -> Any:
    broker.subscriber(*what, **how)(take)
    return broker
