"""One token for everybody, renewed early, once when rejected, and never in a stampede."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk.tokens import Tokens
from bot.settings import DingTalkSettings
from tests.fakes.dingtalk_payloads import Clock
from tests.fakes.dingtalk_platform import DingTalkPlatform

TOKEN = "/v1.0/oauth2/accessToken"
SEND = "/v1.0/robot/oToMessages/batchSend"


@pytest.fixture
def tokens(settings: DingTalkSettings, http: httpx.AsyncClient, clock: Clock) -> Tokens:
    return Tokens(settings, http, clock)


async def test_twenty_at_once_ask_for_one_token(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    await asyncio.gather(*(dingtalk.say("早上好", "zhangsan", f"k{number}") for number in range(20)))
    assert len(platform.said) == 20
    assert platform.tokens == ["token-1"]


async def test_twenty_at_once_ask_again_once_when_the_token_is_rejected(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    await dingtalk.warm()
    platform.revoke()
    await asyncio.gather(*(dingtalk.say("早上好", "zhangsan", f"k{number}") for number in range(20)))
    assert len(platform.said) == 20
    assert platform.tokens == ["token-1", "token-2"]


async def test_a_token_is_kept_until_shortly_before_its_end(tokens: Tokens, clock: Clock) -> None:
    assert await tokens.get() == "token-1"
    clock.pass_by(7200 - 301)
    assert await tokens.get() == "token-1"
    clock.pass_by(2)
    assert await tokens.get() == "token-2"


async def test_warming_renews_before_anybody_would_have_to_wait(
    tokens: Tokens, platform: DingTalkPlatform, clock: Clock
) -> None:
    await tokens.warm()
    await tokens.warm()
    assert len(platform.tokens) == 1
    clock.pass_by(7200 - 600)
    await tokens.warm()
    assert len(platform.tokens) == 2


async def test_a_rejected_token_does_not_throw_away_a_newer_one(
    tokens: Tokens, platform: DingTalkPlatform
) -> None:
    old = await tokens.get()
    tokens.forget(old)
    new = await tokens.get()
    tokens.forget(old)
    assert await tokens.get() == new
    assert len(platform.tokens) == 2


async def test_a_token_rejected_twice_is_not_tried_for_ever(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    for _ in range(2):
        platform.fail(SEND, "InvalidAuthentication", 401)
    with pytest.raises(ChannelBusy, match="rejected too"):
        await dingtalk.say("早上好", "zhangsan", "k1")
    assert platform.count(SEND) == 2


async def test_the_old_api_renews_a_rejected_token_as_well(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock
) -> None:
    await dingtalk.warm()
    platform.revoke()
    meeting = {"summary": "复盘", "start": clock.now, "end": clock.now}
    assert await dingtalk.book(meeting, "zhangsan", "w1") == "event-1"
    assert len(platform.tokens) == 2


async def test_wrong_credentials_call_an_operator_and_are_asked_for_once(
    settings: DingTalkSettings, http: httpx.AsyncClient, platform: DingTalkPlatform, clock: Clock
) -> None:
    tokens = Tokens(settings.model_copy(update={"client_id": "wrong"}), http, clock)
    outcomes = await asyncio.gather(*(tokens.get() for _ in range(10)), return_exceptions=True)
    assert all(isinstance(outcome, ChannelRefused) and outcome.alert for outcome in outcomes)
    assert platform.count(TOKEN) == 1


async def test_a_failed_renewal_is_tried_again_by_the_next_caller(
    tokens: Tokens, platform: DingTalkPlatform
) -> None:
    platform.lose_answer(TOKEN)
    with pytest.raises(ChannelBusy, match="cannot be reached"):
        await tokens.get()
    assert await tokens.get() == "token-2"


async def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(
    tokens: Tokens, platform: DingTalkPlatform
) -> None:
    first, second = asyncio.create_task(tokens.get()), asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "token-1"
    assert platform.count(TOKEN) == 1


async def test_an_answer_without_a_token_is_not_taken_for_one(
    tokens: Tokens, platform: DingTalkPlatform
) -> None:
    platform.answer(TOKEN, {"expireIn": 7200})
    with pytest.raises(ChannelBusy, match="without a token"):
        await tokens.get()
