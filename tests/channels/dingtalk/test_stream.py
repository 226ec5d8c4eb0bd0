"""Stream mode against a real socket on the loopback: frames in, ACKs out, and back again when a connection ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from bot.card import Card
from bot.channels import CardReply, ChannelRefused, Heard, Outcome
from bot.channels.dingtalk import DingTalk, Stream, card_answer
from bot.channels.dingtalk.answering import Answering
from bot.channels.dingtalk.backoff import Backoff
from bot.channels.dingtalk.frames import Answer, read_frame
from bot.channels.dingtalk.open_taps import OpenTaps
from bot.settings import DingTalkSettings
from tests.fakes.dingtalk_gateway import DingTalkGateway
from tests.fakes.dingtalk_payloads import TRACK, Clock, tapped
from tests.fakes.dingtalk_platform import ROBOT, DingTalkPlatform

BOT = "/v1.0/im/bot/messages/get"
CARD = "/v1.0/card/instances/callback"
OPEN = "/v1.0/gateway/connections/open"
Said = Callable[..., dict[str, Any]]


@dataclass
class Inbox:
    """What arrived, and what is answered to it."""

    outcomes: list[Outcome] = field(default_factory=list)
    react: Callable[[Outcome], Awaitable[Mapping[str, Any] | None]] | None = None

    async def take(self, outcome: Outcome) -> Mapping[str, Any] | None:
        self.outcomes.append(outcome)
        return await self.react(outcome) if self.react else None


@pytest.fixture
async def gateway(platform: DingTalkPlatform) -> AsyncIterator[DingTalkGateway]:
    async with DingTalkGateway(platform).listening() as gateway:
        yield gateway


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def stream(
    settings: DingTalkSettings, http: httpx.AsyncClient, clock: Clock, inbox: Inbox, gateway: DingTalkGateway
) -> Stream:
    return Stream(settings, inbox.take, http=http, clock=clock, backoff=Backoff(first=0.005, most=0.01))


@asynccontextmanager
async def running(stream: Stream) -> AsyncIterator[None]:
    task = asyncio.create_task(stream.run())
    try:
        yield
    finally:
        await asyncio.wait_for(stream.stop(), 5)
        await task


async def test_it_subscribes_to_messages_and_taps_with_a_ticket_that_is_used_once(
    stream: Stream, gateway: DingTalkGateway, platform: DingTalkPlatform
) -> None:
    async with running(stream):
        await gateway.connection()
    _, _, body = next(call for call in platform.calls if call[1] == OPEN)
    assert body["subscriptions"] == [{"type": "CALLBACK", "topic": BOT}, {"type": "CALLBACK", "topic": CARD}]
    assert platform.tickets == set()
    assert not stream.connected.is_set()


async def test_a_ping_gets_its_own_data_back(stream: Stream, gateway: DingTalkGateway) -> None:
    async with running(stream):
        socket = await gateway.connection()
        ack = await gateway.push(socket, "SYSTEM", "ping", {"opaque": "0c59"}, "ping-1")
    assert ack["code"] == 200
    assert ack["headers"]["messageId"] == "ping-1"
    assert ack["data"] == {"opaque": "0c59"}


async def test_a_message_is_handed_on_and_acknowledged(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    async with running(stream):
        socket = await gateway.connection()
        ack = await gateway.push(socket, "CALLBACK", BOT, said())
    assert (ack["code"], ack["data"]) == (200, {"response": None})
    [heard] = inbox.outcomes
    assert isinstance(heard, Heard)
    assert (heard.text, heard.sender) == ("帮我看看合同C-17", "zhangsan")


async def test_a_message_is_acknowledged_only_after_it_was_taken(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    saved = asyncio.Event()

    async def save(_: Outcome) -> None:
        await saved.wait()

    inbox.react = save
    async with running(stream):
        socket = await gateway.connection()
        pushing = asyncio.create_task(gateway.push(socket, "CALLBACK", BOT, said()))
        await gateway.push(socket, "SYSTEM", "ping", {"opaque": "1"})
        assert len(inbox.outcomes) == 1
        assert not pushing.done()
        saved.set()
        assert (await pushing)["code"] == 200


async def test_messages_are_handed_on_in_the_order_they_came(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    async def yielding(outcome: Outcome) -> None:
        for _ in range(hash(outcome.key) % 5):
            await asyncio.sleep(0)

    inbox.react = yielding
    async with running(stream):
        socket = await gateway.connection()
        await asyncio.gather(
            *(gateway.push(socket, "CALLBACK", BOT, said(msgId=f"msg{number}")) for number in range(30))
        )
    assert [outcome.key for outcome in inbox.outcomes] == [f"dingtalk:msg{number}" for number in range(30)]


async def test_a_tap_is_answered_with_the_new_card(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, card: Card
) -> None:
    async def confirm(_: Outcome) -> Mapping[str, Any]:
        return card_answer(card)

    inbox.react = confirm
    async with running(stream):
        socket = await gateway.connection()
        ack = await gateway.push(socket, "CALLBACK", CARD, tapped())
    assert ack["code"] == 200
    assert ack["data"]["response"] == json.loads(json.dumps(card_answer(card)))
    [tap] = inbox.outcomes
    assert isinstance(tap, CardReply)
    assert (tap.button, tap.version) == ("confirm", 3)


async def test_a_tap_without_news_or_on_a_card_of_others_changes_nothing(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox
) -> None:
    async with running(stream):
        socket = await gateway.connection()
        ours = await gateway.push(socket, "CALLBACK", CARD, tapped())
        others = await gateway.push(socket, "CALLBACK", CARD, tapped(outTrackId="someone-elses"))
    assert ours["data"] == others["data"] == {"response": {}}
    assert len(inbox.outcomes) == 1


async def test_a_handler_that_raises_is_answered_and_the_connection_goes_on(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    async def fail(_: Outcome) -> None:
        raise RuntimeError("the store is away")

    inbox.react = fail
    async with running(stream):
        socket = await gateway.connection()
        assert (await gateway.push(socket, "CALLBACK", BOT, said()))["code"] == 500
        assert (await gateway.push(socket, "CALLBACK", CARD, tapped()))["code"] == 500
        inbox.react = None
        assert (await gateway.push(socket, "CALLBACK", BOT, said(msgId="m2")))["code"] == 200


@pytest.mark.parametrize(
    ("kind", "topic", "data", "code"),
    [
        ("CALLBACK", BOT, "not json", 400),
        ("CALLBACK", BOT, {"msgtype": "text"}, 400),
        ("CALLBACK", CARD, {"outTrackId": TRACK}, 400),
        ("CALLBACK", "/v1.0/graph/api/invoke", {}, 404),
        ("SOMETHING", "new", {}, 404),
    ],
)
async def test_what_cannot_be_served_is_answered_too(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, kind: str, topic: str, data: Any, code: int
) -> None:
    async with running(stream):
        socket = await gateway.connection()
        assert (await gateway.push(socket, kind, topic, data))["code"] == code
    assert inbox.outcomes == []


async def test_an_event_is_told_that_it_need_not_come_again(stream: Stream, gateway: DingTalkGateway) -> None:
    async with running(stream):
        socket = await gateway.connection()
        ack = await gateway.push(socket, "EVENT", "*", {"CorpId": "ding1"})
    assert ack["data"] == {"status": "SUCCESS", "message": "ok"}


async def test_frames_nobody_can_read_do_no_harm(stream: Stream, gateway: DingTalkGateway) -> None:
    async with running(stream):
        socket = await gateway.connection()
        await socket.send("not json")
        await socket.send(json.dumps({"type": "CALLBACK", "headers": {}}))
        await socket.send(b"\x00\xff")
        await gateway.send(socket, "SYSTEM", "REGISTERED", {})
        assert (await gateway.push(socket, "SYSTEM", "ping", {"opaque": "1"}))["code"] == 200


async def test_when_asked_to_leave_it_connects_anew_and_still_serves_the_old_connection(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    async with running(stream):
        old = await gateway.connection()
        await gateway.send(old, "SYSTEM", "disconnect", {"reason": "connection is expired"})
        new = await gateway.connection()
        assert (await gateway.push(old, "CALLBACK", BOT, said(msgId="late")))["code"] == 200
        assert (await gateway.push(new, "CALLBACK", BOT, said(msgId="next")))["code"] == 200
        await old.close()
        assert (await gateway.push(new, "SYSTEM", "ping", {"opaque": "1"}))["code"] == 200
    assert [outcome.key for outcome in inbox.outcomes] == ["dingtalk:late", "dingtalk:next"]


async def test_an_old_connection_that_the_platform_forgets_to_close_is_closed(
    stream: Stream, gateway: DingTalkGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.dingtalk.session.FAREWELL_S", 0.01)
    async with running(stream):
        old = await gateway.connection()
        await gateway.send(old, "SYSTEM", "disconnect", {"reason": "connection is expired"})
        new = await gateway.connection()
        await asyncio.wait_for(old.wait_closed(), 5)
        assert (await gateway.push(new, "SYSTEM", "ping", {"opaque": "1"}))["code"] == 200


async def test_a_message_whose_connection_breaks_before_the_answer_is_kept_all_the_same(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    arrived, saved, kept = asyncio.Event(), asyncio.Event(), []

    async def save(outcome: Outcome) -> None:
        arrived.set()
        await saved.wait()
        kept.append(outcome.key)

    inbox.react = save
    async with running(stream):
        broken = await gateway.connection()
        await gateway.send(broken, "CALLBACK", BOT, said())
        await asyncio.wait_for(arrived.wait(), 5)
        broken.transport.abort()
        new = await gateway.connection()
        saved.set()
        assert (await gateway.push(new, "SYSTEM", "ping", {"opaque": "1"}))["code"] == 200
    assert kept == ["dingtalk:msg0abcDEF=="]


async def test_a_connection_that_breaks_is_replaced(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    async with running(stream):
        broken = await gateway.connection()
        broken.transport.abort()
        closed = await gateway.connection()
        await closed.close(1011, "keepalive ping timeout")
        socket = await gateway.connection()
        assert (await gateway.push(socket, "CALLBACK", BOT, said()))["code"] == 200


async def test_a_platform_that_is_away_is_tried_until_it_is_back(
    stream: Stream, gateway: DingTalkGateway, platform: DingTalkPlatform
) -> None:
    platform.let_through(OPEN)
    platform.lose_answer(OPEN)
    platform.fail(OPEN, "system.busy", 500)
    platform.answer(OPEN, {"endpoint": "ws://127.0.0.1:1/connect", "ticket": "t"})
    platform.answer(OPEN, {"endpoint": platform.endpoint, "ticket": "used before"})
    platform.answer(OPEN, {"endpoint": "http://127.0.0.1:1/connect", "ticket": "t"})
    platform.answer(OPEN, {"endpoint": "", "ticket": ""})
    platform.fail(OPEN, "authFailed", 401)
    async with running(stream):
        await gateway.connection()
    assert platform.count(OPEN) == 8


async def test_an_endpoint_without_encryption_is_not_used_by_an_encrypted_app(
    settings: DingTalkSettings, http: httpx.AsyncClient, platform: DingTalkPlatform, inbox: Inbox
) -> None:
    platform.endpoint = "ws://127.0.0.1:1/connect"
    stream = Stream(
        settings.model_copy(update={"api_base": "https://api.dingtalk.test"}), inbox.take, http=http
    )
    with pytest.raises(ChannelRefused, match="not by wss"):
        await stream._open()


async def test_stopping_answers_what_is_in_hand_and_hangs_up(
    stream: Stream, gateway: DingTalkGateway, inbox: Inbox, said: Said
) -> None:
    saved = asyncio.Event()

    async def save(_: Outcome) -> None:
        await saved.wait()

    inbox.react = save
    task = asyncio.create_task(stream.run())
    socket = await gateway.connection()
    pushing = asyncio.create_task(gateway.push(socket, "CALLBACK", BOT, said()))
    await gateway.push(socket, "SYSTEM", "ping", {"opaque": "1"})
    stopping = asyncio.create_task(stream.stop())
    saved.set()
    assert (await pushing)["code"] == 200
    await asyncio.wait_for(stopping, 5)
    await task
    await asyncio.wait_for(socket.wait_closed(), 5)
    assert socket.close_code == 1000


async def test_stopping_before_it_ran_or_after_it_ended_is_no_trouble(
    stream: Stream, platform: DingTalkPlatform
) -> None:
    await asyncio.wait_for(stream.stop(), 5)
    await asyncio.wait_for(stream.run(), 5)
    await asyncio.wait_for(stream.stop(), 5)
    assert platform.count(OPEN) == 0


async def test_one_cancellation_ends_it(stream: Stream, gateway: DingTalkGateway) -> None:
    task = asyncio.create_task(stream.run())
    socket = await gateway.connection()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    await asyncio.wait_for(socket.wait_closed(), 5)


async def test_the_loop_is_free_while_a_connection_is_opened(
    stream: Stream, gateway: DingTalkGateway, platform: DingTalkPlatform
) -> None:
    asked, let_go = asyncio.Event(), asyncio.Event()
    original = platform._open

    async def slow(request: Any, body: dict[str, Any]) -> Any:
        asked.set()
        await let_go.wait()
        return await original(request, body)

    platform._open = slow  # type: ignore[method-assign]
    async with running(stream):
        await asyncio.wait_for(asked.wait(), 5)
        assert not stream.connected.is_set()
        let_go.set()
        await gateway.connection()
        await asyncio.wait_for(stream.connected.wait(), 5)


class TestAnswering:
    """Taps and their two seconds, without a socket."""

    @staticmethod
    def answering(
        inbox: Inbox, clock: Clock, taps: OpenTaps, within: float = 1.5
    ) -> tuple[Answering, asyncio.Queue[Answer]]:
        sent: asyncio.Queue[Answer] = asyncio.Queue()
        return Answering(ROBOT, inbox.take, taps, clock, within), sent

    @staticmethod
    def tap_frame() -> Any:
        headers = {"topic": CARD, "messageId": "m1"}
        return read_frame(json.dumps({"type": "CALLBACK", "headers": headers, "data": json.dumps(tapped())}))

    async def test_a_slow_handler_is_answered_for_in_time_and_goes_on(
        self, inbox: Inbox, clock: Clock
    ) -> None:
        saved, done = asyncio.Event(), []

        async def save(_: Outcome) -> None:
            await saved.wait()
            done.append("saved")

        inbox.react = save
        answering, sent = self.answering(inbox, clock, OpenTaps(), within=0.01)
        await answering.handle(self.tap_frame(), sent.put)
        assert json.loads(sent.get_nowait().data) == {"response": {}}
        assert done == []
        saved.set()
        await answering.finish()
        assert done == ["saved"]

    async def test_a_slow_handler_that_fails_later_is_no_second_answer(
        self, inbox: Inbox, clock: Clock
    ) -> None:
        saved = asyncio.Event()

        async def fail(_: Outcome) -> None:
            await saved.wait()
            raise RuntimeError("the store is away")

        inbox.react = fail
        answering, sent = self.answering(inbox, clock, OpenTaps(), within=0.01)
        await answering.handle(self.tap_frame(), sent.put)
        saved.set()
        await answering.finish()
        assert sent.qsize() == 1

    async def test_the_card_is_held_until_the_answer_is_sent(self, inbox: Inbox, clock: Clock) -> None:
        taps = OpenTaps()
        answering, sent = self.answering(inbox, clock, taps)
        seen: list[bool] = []

        async def send(answer: Answer) -> None:
            waiting = asyncio.ensure_future(taps.answered(TRACK))
            await asyncio.sleep(0)
            seen.append(waiting.done())
            waiting.cancel()
            await sent.put(answer)

        await answering.handle(self.tap_frame(), send)
        assert seen == [False]
        await taps.answered(TRACK)

    async def test_a_channel_and_its_stream_know_of_each_others_taps(
        self, dingtalk: DingTalk, inbox: Inbox
    ) -> None:
        assert dingtalk.stream(inbox.take)._answering._taps is dingtalk._taps
