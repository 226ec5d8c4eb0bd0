"""A DingTalk channel on a platform of our own, a clock that stands still, payloads as the platform's pages show them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.card import Button, Card, CardAction, CardReason, Choice, Tone
from bot.channels.dingtalk import DingTalk
from bot.settings import DingTalkSettings
from tests.fakes.dingtalk_payloads import Clock
from tests.fakes.dingtalk_platform import CLIENT_ID, CLIENT_SECRET, TEMPLATE, DingTalkPlatform

Payload = dict[str, Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform() -> DingTalkPlatform:
    return DingTalkPlatform()


@pytest.fixture
def settings() -> DingTalkSettings:
    return DingTalkSettings(
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        card_template_id=TEMPLATE,
        api_base="http://api.dingtalk.test",
        oapi_base="http://oapi.dingtalk.test",
    )


@pytest.fixture
async def http(platform: DingTalkPlatform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=platform.transport) as client:
        yield client


@pytest.fixture
def dingtalk(settings: DingTalkSettings, http: httpx.AsyncClient, clock: Clock) -> DingTalk:
    return DingTalk(settings, http, clock, per_second=10_000)


@pytest.fixture
def said(clock: Clock) -> Callable[..., Payload]:
    """A robot message: text in the chat with the robot, unless told otherwise."""
    at = int(clock.now.timestamp() * 1000)

    def message(**changes: Any) -> Payload:
        whole = {
            "conversationId": "cidA1b2==",
            "conversationType": "1",
            "atUsers": [{"dingtalkId": "$:LWCP_v1:$bot"}],
            "chatbotCorpId": "dinge8a565",
            "chatbotUserId": "$:LWCP_v1:$bot",
            "robotCode": CLIENT_ID,
            "msgId": "msg0abcDEF==",
            "createAt": at,
            "senderNick": "张三",
            "senderId": "$:LWCP_v1:$snd",
            "senderStaffId": "zhangsan",
            "senderCorpId": "dinge8a565",
            "isAdmin": False,
            "senderPlatform": "Mac",
            "sessionWebhook": "http://oapi.dingtalk.test/robot/sendBySession?session=1c",
            "sessionWebhookExpiredTime": at + 5_400_000,
            "msgtype": "text",
            "text": {"content": " 帮我看看合同C-17 "},
        }
        return {key: value for key, value in (whole | changes).items() if value is not None}

    return message


@pytest.fixture
def card() -> Card:
    """A proposal as reps see it."""
    return Card(
        decision="0123456789abcdef0123",
        version=3,
        content_hash="00ff00ff00ff00ff",
        title="报价请求",
        subtitle="华东仁和 客户说:两百台什么价",
        confidence="把握 91%",
        reasons=(
            CardReason("words", "客户问了数量和价格", "客户的话"),
            CardReason(
                "passage", "200 台起 9 折", "价格表 第3页 · 2026-08-01", "https://yiju.example/d/token/p7"
            ),
        ),
        unknowns=("交货地址",),
        warnings=("折扣超出权限时需经理批准",),
        draft="您好,200 台的单价为 900 元。\n含税,含运费。",
        actions=(CardAction("新建商机", (("产品", "A-100"), ("数量", "200"))),),
        choices_title="改为",
        choices=(Choice("quote_request", "报价请求"), Choice("complaint", "投诉")),
        chosen="quote_request",
        buttons=(
            Button("confirm", "确认", Tone.GOOD),
            Button("correct", "修正"),
            Button("decline", "驳回", Tone.WARNING),
        ),
        url="https://yiju.example/d/token",
    )
