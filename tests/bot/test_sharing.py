"""Tokens and quotas that several processes share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from bot.channels import ChannelBusy
from bot.channels.dingtalk import DingTalk
from bot.channels.wecom import Limits, WeCom
from bot.channels.wecom.pace import Pace
from bot.settings import DingTalkSettings
from bot.sharing import SharedToken, StoredAllowance, StoredTokens
from bot.store import Store
from bot.tables import SharedTokenRow
from tests.fakes import wecom_platform
from tests.fakes.clock import START, Clock
from tests.fakes.dingtalk_platform import CLIENT_ID, CLIENT_SECRET, DingTalkPlatform
from tests.fakes.wecom_platform import WeComPlatform


async def test_a_token_left_by_one_process_serves_the_other_and_is_not_readable_in_the_table(
    store: Store,
) -> None:
    token = SharedToken("ACCESS-1", START + timedelta(hours=2))
    await StoredTokens(store, "secret").put("wecom", token)
    assert await StoredTokens(store, "secret").get("wecom") == token
    assert await StoredTokens(store, "another").get("wecom") is None
    assert await StoredTokens(store, "secret").get("dingtalk") is None
    with store.look() as session:
        row = session.get(SharedTokenRow, "wecom")
        assert row is not None
        assert "ACCESS-1" not in row.sealed


async def test_a_limit_holds_for_all_processes_together(store: Store, clock: Clock) -> None:
    one, other = StoredAllowance(store, clock), StoredAllowance(store, clock)
    assert [await one.take("zhangsan", 2, 4, 60) for _ in range(2)] == [0.0, 0.0]
    assert await other.take("zhangsan", 1, 4, 60) == pytest.approx(15.0)
    assert await other.take("lisi", 4, 4, 60) == 0.0
    clock.advance(seconds=15)
    assert await other.take("zhangsan", 1, 4, 60) == 0.0
    assert await one.take("zhangsan", 1, 4, 60) > 0


async def test_many_at_once_take_no_more_than_there_is(store: Store, clock: Clock) -> None:
    processes = [StoredAllowance(store, clock) for _ in range(4)]
    taken = await asyncio.gather(*(processes[at % 4].take("zhangsan", 1, 15, 60) for at in range(40)))
    assert taken.count(0.0) == 15


async def test_the_pace_of_a_person_counts_what_the_other_process_sent(store: Store, clock: Clock) -> None:
    limits = Limits(burst=2)
    one, other = (Pace(limits, StoredAllowance(store, clock)) for _ in range(2))
    await one.take("ZhangSan", 1)
    await other.take("zhangsan", 1)
    with pytest.raises(ChannelBusy, match="as much as WeCom delivers") as busy:
        await one.take("zhangsan", 1)
    assert busy.value.after == pytest.approx(30.0)


async def test_two_processes_fetch_one_token_and_replace_it_once_when_it_is_refused(
    store: Store, clock: Clock
) -> None:
    platform = WeComPlatform(now=START)
    shelf = StoredTokens(store, "secret")
    one, other = (WeCom(wecom_platform.settings(), platform.http(), clock, shelf=shelf) for _ in range(2))
    await one.say("早", "zhangsan", "k1")
    await other.say("好", "zhangsan", "k2")
    assert platform.calls["gettoken"] == 1
    platform.forget_tokens()
    await one.say("再", "zhangsan", "k3")
    await other.say("见", "zhangsan", "k4")
    assert platform.calls["gettoken"] == 2
    assert len(platform.inbox("zhangsan")) == 4


Processes = tuple[DingTalk, DingTalk]


@pytest.fixture
def dingtalk_platform() -> DingTalkPlatform:
    return DingTalkPlatform()


@pytest.fixture
async def dingtalks(
    store: Store, clock: Clock, dingtalk_platform: DingTalkPlatform
) -> AsyncIterator[Processes]:
    """Two processes that send for one app, which may call an API twice a second."""
    settings = DingTalkSettings(
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        api_base="http://api.dingtalk.test",
        oapi_base="http://oapi.dingtalk.test",
    )
    async with httpx.AsyncClient(transport=dingtalk_platform.transport) as http:

        def process() -> DingTalk:
            shelf, allowance = StoredTokens(store, "secret"), StoredAllowance(store, clock)
            return DingTalk(settings, http, clock, per_second=2, shelf=shelf, allowance=allowance)

        yield process(), process()


async def test_two_processes_fetch_one_token_of_dingtalk_and_replace_it_once_when_it_is_rejected(
    dingtalks: Processes, dingtalk_platform: DingTalkPlatform, clock: Clock
) -> None:
    one, other = dingtalks
    await one.say("早", "zhangsan", "k1")
    await other.say("好", "zhangsan", "k2")
    assert dingtalk_platform.tokens == ["token-1"]
    dingtalk_platform.revoke()
    clock.advance(seconds=1)
    await one.say("再", "zhangsan", "k3")
    await other.say("见", "zhangsan", "k4")
    assert dingtalk_platform.tokens == ["token-1", "token-2"]
    assert len(dingtalk_platform.said) == 4


async def test_the_quota_of_an_api_of_dingtalk_counts_what_the_other_process_called(
    dingtalks: Processes, dingtalk_platform: DingTalkPlatform, clock: Clock
) -> None:
    one, other = dingtalks
    await one.say("早", "zhangsan", "k1")
    await other.say("好", "lisi", "k2")
    for process in dingtalks:
        with pytest.raises(ChannelBusy, match="as often as DingTalk allows") as busy:
            await process.say("再", "zhangsan", "k3")
        assert busy.value.after == pytest.approx(0.5)
    assert len(dingtalk_platform.said) == 2
    meeting = {"summary": "复盘", "start": clock.now, "end": clock.now}
    assert await other.book(meeting, "zhangsan", "w1")  # another API has its own
    clock.advance(seconds=1)
    await one.say("再", "zhangsan", "k3")
    await other.say("见", "zhangsan", "k4")
    assert len(dingtalk_platform.said) == 4
