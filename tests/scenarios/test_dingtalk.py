"""The main job over DingTalk: a Stream session on a loopback socket with the workers running, and HTTP mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection

from bot.channels.dingtalk.cards import ROUTE
from bot.decision import State
from bot.tables import ActionRow, DeliveryRow
from crm_bridge.adapters.embedded.tables import OpportunityRow, QuoteRow
from tests.fakes.dingtalk_chat import DingTalkChat, WatchedLine
from tests.fakes.dingtalk_gateway import DingTalkGateway
from tests.fakes.product import ASKED, Product

MESSAGES, TAPS = "/v1.0/im/bot/messages/get", "/v1.0/card/instances/callback"
INSTANCES = "/v1.0/card/instances"
PLATFORM_WAITS_S = 2.0
"""What DingTalk gives a tap's answer; later it is dropped."""


@asynccontextmanager
async def streaming(
    product: Product, chat: DingTalkChat
) -> AsyncIterator[tuple[DingTalkGateway, ServerConnection]]:
    """The app with its workers, connected to the platform's gateway."""
    async with (
        DingTalkGateway(chat.platform).listening() as gateway,
        product.app.router.lifespan_context(product.app),
    ):
        yield gateway, await gateway.connection()


async def test_a_paste_becomes_an_opportunity_over_a_stream_session(
    dingtalk: Product, chat: DingTalkChat, line: WatchedLine
) -> None:
    before = dingtalk.count(OpportunityRow)
    async with streaming(dingtalk, chat) as (gateway, socket):
        ack = await gateway.push(socket, "CALLBACK", MESSAGES, chat.message("zhangsan", ASKED))
        assert ack["code"] == 200
        await line.until(lambda: len(chat.cards("zhangsan")) == 1)
        (track,) = chat.cards("zhangsan")
        shown = chat.shown(track)
        told = " ".join(shown.values())
        assert shown["title"] == "询价报价"
        for source in ("用户手册", "价格表", "框架采购合同", "内置CRM"):
            assert source in told

        tap = gateway.push(socket, "CALLBACK", TAPS, chat.tap("zhangsan", track, "确认"))
        ack = await asyncio.wait_for(tap, PLATFORM_WAITS_S)
        answered = ack["data"]["response"]["cardData"]["cardParamMap"]
        assert "张三" in answered["status"]
        assert answered["show_b1"] == "false" or answered["b1_text"] == "撤销"
        await line.until(lambda: "已完成" in chat.shown(track)["status"])
    assert chat.shown(track)["show_receipts"] == "true"
    assert "商机" in chat.shown(track)["receipts"]
    assert dingtalk.count(OpportunityRow) == before + 1


async def test_another_intent_chosen_in_the_form_brings_a_new_card_and_closes_the_old_one(
    dingtalk: Product, chat: DingTalkChat, line: WatchedLine
) -> None:
    async with streaming(dingtalk, chat) as (gateway, socket):
        await gateway.push(socket, "CALLBACK", MESSAGES, chat.message("zhangsan", ASKED))
        await line.until(lambda: len(chat.cards("zhangsan")) == 1)
        old = chat.cards("zhangsan")[0]
        tap = gateway.push(socket, "CALLBACK", TAPS, chat.submit("zhangsan", old, "technical_inquiry"))
        ack = await asyncio.wait_for(tap, PLATFORM_WAITS_S)
        assert "改了意图" in ack["data"]["response"]["cardData"]["cardParamMap"]["status"]
        await line.until(lambda: len(chat.cards("zhangsan")) == 2 and "改了意图" in chat.shown(old)["status"])
    assert chat.shown(chat.cards("zhangsan")[1])["title"] == "技术咨询"
    assert [one.state for one in dingtalk.decisions()] == [State.SUPERSEDED, State.PROPOSED]
    assert dingtalk.count(ActionRow) == 0


async def test_a_frame_that_comes_twice_is_one_card(
    dingtalk: Product, chat: DingTalkChat, line: WatchedLine
) -> None:
    message = chat.message("zhangsan", ASKED)
    async with streaming(dingtalk, chat) as (gateway, socket):
        for _ in range(3):
            assert (await gateway.push(socket, "CALLBACK", MESSAGES, message))["code"] == 200
        await line.until(lambda: len(chat.cards("zhangsan")) == 1)
    assert len(chat.cards("zhangsan")) == 1
    assert dingtalk.count(DeliveryRow) == 1


async def test_a_malformed_frame_is_refused_and_the_session_goes_on(
    dingtalk: Product, chat: DingTalkChat, line: WatchedLine
) -> None:
    async with streaming(dingtalk, chat) as (gateway, socket):
        assert (await gateway.push(socket, "CALLBACK", MESSAGES, {"msgId": ["x"]}))["code"] == 400
        assert (await gateway.push(socket, "CALLBACK", MESSAGES, "no json"))["code"] == 400
        await gateway.push(socket, "CALLBACK", MESSAGES, chat.message("zhangsan", ASKED))
        await line.until(lambda: len(chat.cards("zhangsan")) == 1)
    assert dingtalk.count(DeliveryRow) == 1


@pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
async def test_in_http_mode_a_tap_is_answered_with_the_new_card_and_updated_later(
    dingtalk: Product, chat: DingTalkChat, line: WatchedLine
) -> None:
    before = dingtalk.count(QuoteRow)
    async with dingtalk.app.router.lifespan_context(dingtalk.app):
        await line.until(lambda: ROUTE in chat.platform.callbacks)
        registered = chat.platform.callbacks[ROUTE]
        assert registered["callbackUrl"] == "http://yiju.test/dingtalk/card"
        heard = await dingtalk.deliver(
            chat.robot_callback(chat.message("zhangsan", ASKED)), "/dingtalk/robot"
        )
        assert (heard.status_code, heard.json()) == (200, {"msgtype": "empty"})
        await line.until(lambda: len(chat.cards("zhangsan")) == 1)
        (track,) = chat.cards("zhangsan")
        signed = chat.card_callback(chat.tap("zhangsan", track, "确认"), registered["apiSecret"])
        answer = await asyncio.wait_for(dingtalk.deliver(signed, "/dingtalk/card"), PLATFORM_WAITS_S)
        assert "张三" in answer.json()["cardData"]["cardParamMap"]["status"]
        await line.until(lambda: "已完成" in chat.shown(track)["status"])
    update = [body for method, path, body in chat.platform.calls if (method, path) == ("PUT", INSTANCES)][-1]
    assert update["cardUpdateOptions"]["updateCardDataByKey"] is True
    assert dingtalk.count(QuoteRow) == before + 1


@pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
async def test_a_tap_that_is_worked_late_is_answered_in_time_and_shown_later(
    dingtalk: Product, chat: DingTalkChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker runs while the platform waits."""
    monkeypatch.setattr("bot.web.gateway.TAP_ANSWER_S", 0.05)
    await dingtalk.deliver(chat.robot_callback(chat.message("zhangsan", ASKED)), "/dingtalk/robot")
    await dingtalk.settle()
    (track,) = chat.cards("zhangsan")
    answer = await dingtalk.deliver(chat.card_callback(chat.tap("zhangsan", track, "驳回")), "/dingtalk/card")
    assert (answer.status_code, answer.json()) == (200, {})
    await dingtalk.settle()
    assert "驳回" in chat.shown(track)["status"]


@pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
async def test_a_stale_tap_in_dingtalk_gets_the_right_words_and_changes_nothing(
    dingtalk: Product, chat: DingTalkChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.gateway.TAP_ANSWER_S", 0.0)
    await dingtalk.deliver(chat.robot_callback(chat.message("zhangsan", ASKED)), "/dingtalk/robot")
    await dingtalk.settle()
    (track,) = chat.cards("zhangsan")
    first, second = chat.tap("zhangsan", track, "驳回"), chat.tap("zhangsan", track, "确认")
    for tap in (first, second):
        await dingtalk.deliver(chat.card_callback(tap), "/dingtalk/card")
        await dingtalk.settle()
    assert [one.state for one in dingtalk.decisions()] == [State.DECLINED]
    assert "已由张三处理过" in chat.platform.said[-1]["text"]
    assert dingtalk.count(ActionRow) == 0


@pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
async def test_words_spoken_and_rich_text_are_heard_and_a_picture_gets_a_kind_sentence(
    dingtalk: Product, chat: DingTalkChat
) -> None:
    spoken = chat.message("zhangsan", "", msgtype="audio", content={"recognition": "X200最高转速多少"})
    rich = chat.message("zhangsan", "", msgtype="richText", content={"richText": [{"text": "E03什么意思"}]})
    picture = chat.message("zhangsan", "", msgtype="picture", content={"downloadCode": "x"})
    for payload in (spoken, rich, picture):
        await dingtalk.deliver(chat.robot_callback(payload), "/dingtalk/robot")
        await dingtalk.settle()
    texts = [said["text"] for said in chat.platform.session_said]
    assert "16500" in texts[0].replace(",", "").replace(" ", "")
    assert "不平衡" in texts[1]
    assert "图片" in texts[2]
