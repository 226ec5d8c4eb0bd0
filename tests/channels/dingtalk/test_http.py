"""HTTP callbacks: checked first, then read; robot and card by one door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bot.card import Card
from bot.channels import CardReply, Channel, ChannelBusy, Envelope, Heard, UntrustedEnvelope
from bot.channels.dingtalk import NO_REPLY, DingTalk
from bot.channels.dingtalk.cards import ROUTE
from bot.channels.dingtalk.signature import card_secret, card_signature, robot_signature
from bot.settings import DingTalkSettings
from tests.fakes.dingtalk_payloads import Clock, tapped
from tests.fakes.dingtalk_platform import CLIENT_SECRET, DingTalkPlatform

Said = Callable[..., dict[str, Any]]


def robot(clock: Clock, body: bytes) -> Envelope:
    timestamp = str(int(clock.now.timestamp() * 1000))
    headers = {"timestamp": timestamp, "sign": robot_signature(CLIENT_SECRET, timestamp)}
    return Envelope("POST", headers, {}, body, clock.now)


def card_tap(clock: Clock, payload: dict[str, Any], secret: str) -> Envelope:
    timestamp = str(int(clock.now.timestamp() * 1000))
    sign = card_signature(secret, timestamp)
    headers = {"x-ddpaas-signature-timestamp": timestamp, "x-ddpaas-signature": sign}
    return Envelope("POST", headers, {}, json.dumps(payload).encode(), clock.now)


def test_dingtalk_is_a_channel(dingtalk: DingTalk) -> None:
    channel: Channel = dingtalk
    assert channel.name == "dingtalk"
    assert NO_REPLY == {"msgtype": "empty"}


def test_a_signed_message_is_heard(dingtalk: DingTalk, clock: Clock, said: Said) -> None:
    heard = dingtalk.open(robot(clock, json.dumps(said()).encode()))
    assert isinstance(heard, Heard)
    assert heard.text == "帮我看看合同C-17"


async def test_a_tap_is_believed_when_it_is_signed_with_the_secret_we_registered(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock
) -> None:
    await dingtalk.register_card_callback("https://yiju.example/dingtalk/card")
    registered = platform.callbacks[ROUTE]
    assert registered["callbackUrl"] == "https://yiju.example/dingtalk/card"
    assert registered["forceUpdate"] is True
    tap = dingtalk.open(card_tap(clock, tapped(), registered["apiSecret"]))
    assert isinstance(tap, CardReply)
    with pytest.raises(UntrustedEnvelope, match="signature"):
        dingtalk.open(card_tap(clock, tapped(), CLIENT_SECRET))


async def test_in_http_mode_the_address_for_taps_is_registered_at_start_and_once(
    settings: DingTalkSettings, http: httpx.AsyncClient, platform: DingTalkPlatform, clock: Clock
) -> None:
    address = "https://yiju.example/dingtalk/card"
    for mode, times in (("stream", 0), ("http", 1)):
        dingtalk = DingTalk(settings.model_copy(update={"mode": mode}), http, clock, card_callback=address)
        await dingtalk.warm()
        await dingtalk.warm()
        assert platform.count("/v1.0/card/callbacks/register") == times
    assert platform.callbacks[ROUTE]["callbackUrl"] == address


async def test_a_registration_that_failed_is_tried_again(
    settings: DingTalkSettings, http: httpx.AsyncClient, platform: DingTalkPlatform, clock: Clock
) -> None:
    http_mode = settings.model_copy(update={"mode": "http"})
    dingtalk = DingTalk(http_mode, http, clock, card_callback="https://yiju.example/dingtalk/card")
    platform.fail("/v1.0/card/callbacks/register", "system.busy", 500)
    with pytest.raises(ChannelBusy):
        await dingtalk.warm()
    await dingtalk.warm()
    assert ROUTE in platform.callbacks


async def test_over_http_too_a_card_is_not_changed_before_its_tap_is_answered(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock, card: Card
) -> None:
    ref = await dingtalk.show(card, "zhangsan", "card:k")
    payload = tapped(outTrackId=ref.data["outTrackId"])
    tap = dingtalk.open(card_tap(clock, payload, card_secret(CLIENT_SECRET)))
    assert isinstance(tap, CardReply)
    with dingtalk.answering(tap):
        refreshing = asyncio.create_task(dingtalk.refresh(card, "zhangsan", ref))
        await dingtalk.say("早上好", "zhangsan", "k1")
        assert platform.count("/v1.0/card/instances") == 0
    await refreshing
    assert platform.count("/v1.0/card/instances") == 1


def test_the_registered_secret_does_not_give_the_apps_own_away() -> None:
    assert CLIENT_SECRET not in card_secret(CLIENT_SECRET)


def test_an_unsigned_body_is_not_even_read(dingtalk: DingTalk, clock: Clock) -> None:
    with pytest.raises(UntrustedEnvelope) as refused:
        dingtalk.open(Envelope("POST", {}, {}, b"not json", clock.now))
    assert (refused.value.reason, refused.value.status) == ("signature", 403)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"a":' * 3000,
        b"\xff\xfe",
        b'{"msgId":"\\ud800"}',
    ],
)
def test_a_body_of_another_shape_is_a_bad_request(dingtalk: DingTalk, clock: Clock, body: bytes) -> None:
    with pytest.raises(UntrustedEnvelope) as refused:
        dingtalk.open(robot(clock, body))
    assert (refused.value.reason, refused.value.status) == ("shape", 400)


def test_a_body_beyond_the_limit_is_refused_before_anything_else(dingtalk: DingTalk, clock: Clock) -> None:
    with pytest.raises(UntrustedEnvelope) as refused:
        dingtalk.open(robot(clock, b" " * (256 * 1024 + 1)))
    assert (refused.value.reason, refused.value.status) == ("size", 413)


def test_a_message_is_redelivered_under_the_same_key(dingtalk: DingTalk, clock: Clock, said: Said) -> None:
    first = dingtalk.open(robot(clock, json.dumps(said()).encode()))
    clock.pass_by(60)
    again = dingtalk.open(robot(clock, json.dumps(said()).encode()))
    assert isinstance(first, Heard)
    assert isinstance(again, Heard)
    assert first.key == again.key
