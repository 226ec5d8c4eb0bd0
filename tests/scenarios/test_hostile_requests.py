"""Whoever knocks without proof gets a 4xx and a counted line; nothing is stored, and the next customer is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from prometheus_client import REGISTRY
from starlette.types import Message

from bot.channels import Envelope
from bot.tables import DeliveryRow, OutboxRow, TurnRow
from bot.web.gateway import LARGEST
from tests.fakes.clock import Clock
from tests.fakes.dingtalk_chat import DingTalkChat
from tests.fakes.product import Product
from tests.fakes.wecom_platform import AES_KEY, TOKEN, WeComPlatform
from tests.fakes.wecom_seal import Seal, outer

Forge = Callable[[WeComPlatform], Envelope]
BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;">]><xml><Encrypt>&lol3;</Encrypt></xml>"""
INNER_BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><FromUserName>&a;</FromUserName></xml>'


def _wrong_signature(wecom: WeComPlatform) -> Envelope:
    envelope = wecom.say("zhangsan", "你好")
    return replace(envelope, query={**envelope.query, "msg_signature": "0" * 40})


def _other_receiver(wecom: WeComPlatform) -> Envelope:
    return Seal(TOKEN, AES_KEY, "wwsomebodyelse00").post("<xml><MsgId>1</MsgId></xml>", wecom.now)


def _truncated(wecom: WeComPlatform) -> Envelope:
    envelope = wecom.say("zhangsan", "你好")
    return replace(envelope, body=envelope.body[: len(envelope.body) // 2])


def _cut_cipher(wecom: WeComPlatform) -> Envelope:
    """Signed rightly over a sealed text that ends in the middle of a block."""
    sealed = wecom.seal.encrypt(b"<xml></xml>")[:-9]
    return Envelope("POST", {}, wecom.seal.query(sealed, wecom.now), outer(sealed), wecom.now)


def _unsigned(wecom: WeComPlatform) -> Envelope:
    return replace(wecom.say("zhangsan", "你好"), query={})


def _oversize(wecom: WeComPlatform) -> Envelope:
    return replace(wecom.say("zhangsan", "你好"), body=b"x" * (LARGEST + 1))


def _bomb(wecom: WeComPlatform) -> Envelope:
    return replace(wecom.say("zhangsan", "你好"), body=BOMB)


def _sealed_bomb(wecom: WeComPlatform) -> Envelope:
    return wecom.seal.post(INNER_BOMB, wecom.now)


def _no_message(wecom: WeComPlatform) -> Envelope:
    return wecom.seal.post("<xml><MsgType>text</MsgType></xml>", wecom.now)


def _old(wecom: WeComPlatform) -> Envelope:
    sealed = wecom.seal.encrypt(b"<xml></xml>")
    query = wecom.seal.query(sealed, wecom.now - timedelta(days=1))
    return Envelope("POST", {}, query, outer(sealed), wecom.now)


FORGERIES: dict[str, tuple[Forge, str, int]] = {
    "wrong signature": (_wrong_signature, "signature", 403),
    "sealed for another company": (_other_receiver, "receiver", 403),
    "truncated": (_truncated, "malformed", 400),
    "cut cipher text": (_cut_cipher, "undecryptable", 403),
    "unsigned": (_unsigned, "incomplete", 400),
    "oversize": (_oversize, "size", 413),
    "XML bomb": (_bomb, "xml_forbidden", 400),
    "XML bomb under the seal": (_sealed_bomb, "xml_forbidden", 400),
    "no message under the seal": (_no_message, "malformed", 400),
    "a day old": (_old, "clock", 403),
}


def rejected(channel: str, reason: str) -> float:
    labels = {"channel": channel, "reason": reason}
    return REGISTRY.get_sample_value("yiju_envelopes_rejected_total", labels) or 0.0


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_wecom_callback_is_refused_counted_and_leaves_nothing(
    product: Product, forgery: str
) -> None:
    forge, reason, status = FORGERIES[forgery]
    before = rejected("wecom", reason)
    response = await product.deliver(forge(product.wecom))
    await product.settle()
    assert (response.status_code, response.text) == (status, reason)
    assert rejected("wecom", reason) == before + 1
    assert [product.count(table) for table in (DeliveryRow, TurnRow, OutboxRow)] == [0, 0, 0]


async def test_after_every_forgery_the_server_still_serves(product: Product) -> None:
    for forge, _, _ in FORGERIES.values():
        await product.deliver(forge(product.wecom))
    await product.hears("zhangsan", "客户华东仁和说:你们X200多少钱一台")
    assert len(product.open_cards("zhangsan")) == 1
    assert (await product.web.get("/healthz")).status_code == 200
    assert (await product.web.get("/readyz")).json() == {"status": "ready", "problems": {}}
    assert "yiju_envelopes_rejected_total" in (await product.web.get("/metrics")).text


async def test_the_check_of_the_callback_address_is_answered_with_its_own_words(product: Product) -> None:
    response = await product.deliver(product.wecom.check("7421903321"))
    assert (response.status_code, response.text) == (200, "7421903321")
    assert product.count(DeliveryRow) == 0


async def test_a_check_with_a_wrong_signature_is_refused(product: Product) -> None:
    envelope = product.wecom.check()
    forged = replace(envelope, query={**envelope.query, "nonce": "other"})
    assert (await product.deliver(forged)).status_code == 403


async def test_a_body_that_claims_to_be_small_is_still_measured(product: Product) -> None:
    async def endless() -> object:
        for _ in range(LARGEST // 1024 + 2):
            yield b"x" * 1024

    query = dict(product.wecom.say("zhangsan", "你好").query)
    response = await product.web.post("/wecom/callback", params=query, content=endless())  # type: ignore[arg-type]
    assert response.status_code == 413


async def test_a_caller_who_gives_up_before_the_body_is_read_leaves_nothing_and_breaks_nothing(
    product: Product,
) -> None:
    envelope = product.wecom.say("zhangsan", "你好")
    come: list[Message] = [
        {"type": "http.request", "body": envelope.body[:100], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return come.pop(0)

    async def nobody_hears(message: Message) -> None:
        pass

    http = {"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "headers": []}
    query = urlencode(envelope.query).encode()
    await product.app({**http, "path": "/wecom/callback", "query_string": query}, receive, nobody_hears)
    assert come == []
    assert product.count(DeliveryRow) == 0
    assert (await product.deliver(envelope)).status_code == 200
    assert product.count(DeliveryRow) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"msgId": 1}', b'{"msgId": {"a": 1}, "msgtype": []}', b"\xff\xfe", b"[" * 500],
)
@pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
async def test_json_of_the_wrong_shape_is_refused_by_both_dingtalk_doors(
    dingtalk: Product, chat: DingTalkChat, body: bytes
) -> None:
    for envelope, door in ((chat.robot_callback(body), "robot"), (chat.card_callback(body), "card")):
        assert (await dingtalk.deliver(envelope, f"/dingtalk/{door}")).status_code == 400
    assert dingtalk.count(DeliveryRow) == 0


@pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
async def test_a_forged_dingtalk_request_is_refused_and_counted(
    dingtalk: Product, chat: DingTalkChat, clock: Clock
) -> None:
    robot, tap = (
        chat.robot_callback(chat.message("zhangsan", "你好")),
        chat.card_callback(b"{}", "other secret"),
    )
    before = rejected("dingtalk", "signature"), rejected("dingtalk", "clock")
    unsigned = replace(robot, headers={})
    assert (await dingtalk.deliver(unsigned, "/dingtalk/robot")).status_code == 403
    assert (await dingtalk.deliver(tap, "/dingtalk/card")).status_code == 403
    clock.advance(hours=2)
    assert (await dingtalk.deliver(robot, "/dingtalk/robot")).status_code == 403
    oversize = chat.robot_callback(b"x" * (LARGEST + 1))
    assert (await dingtalk.deliver(oversize, "/dingtalk/robot")).status_code == 413
    assert (rejected("dingtalk", "signature"), rejected("dingtalk", "clock")) == (
        before[0] + 2,
        before[1] + 1,
    )
    assert dingtalk.count(DeliveryRow) == 0


async def test_a_channel_that_is_off_has_no_door(product: Product) -> None:
    assert (await product.web.post("/dingtalk/robot", content=b"{}")).status_code == 404
    assert (await product.web.get("/sim")).status_code == 404
