"""The access token: one fetch for many, ahead of its end, and no hammering after a refusal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels import ChannelBusy, ChannelError, ChannelRefused
from bot.channels.wecom.tokens import Token, Tokens


class Source:
    """Hands out tokens that last two hours, numbered; waits until told to where `gate` is closed."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
        self.fetched = 0
        self.error: ChannelError | None = None
        self.same = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.tokens = Tokens(self.fetch, lambda: self.now)

    async def fetch(self) -> Token:
        self.fetched += 1
        await self.gate.wait()
        if self.error:
            raise self.error
        return Token("t1" if self.same else f"t{self.fetched}", self.now + timedelta(hours=2))

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
async def source() -> Source:
    return Source()


async def test_twenty_who_wait_share_one_fetch(source: Source) -> None:
    source.gate.clear()
    waiting = [asyncio.create_task(source.tokens.get()) for _ in range(20)]
    await asyncio.sleep(0)
    source.gate.set()
    assert set(await asyncio.gather(*waiting)) == {"t1"}
    assert source.fetched == 1


async def test_twenty_who_were_refused_the_same_token_share_one_renewal(source: Source) -> None:
    stale = await source.tokens.get()
    assert set(await asyncio.gather(*(source.tokens.renew(stale) for _ in range(20)))) == {"t2"}
    assert source.fetched == 2


async def test_a_token_is_kept_until_five_minutes_before_its_end(source: Source) -> None:
    await source.tokens.get()
    source.later(minutes=114)
    assert await source.tokens.get() == "t1"
    source.later(minutes=2)
    assert await source.tokens.get() == "t2"


async def test_warming_renews_ten_minutes_before_the_end(source: Source) -> None:
    await source.tokens.warm()
    source.later(minutes=109)
    await source.tokens.warm()
    assert source.fetched == 1
    source.later(minutes=2)
    await source.tokens.warm()
    assert await source.tokens.get() == "t2"
    assert source.fetched == 2


async def test_a_token_that_is_still_good_serves_while_the_platform_is_busy(source: Source) -> None:
    await source.tokens.get()
    source.later(minutes=117)
    source.error = ChannelBusy("busy")
    assert await source.tokens.get() == "t1"
    source.later(minutes=4)
    with pytest.raises(ChannelBusy):
        await source.tokens.get()


async def test_asking_ahead_of_time_happens_at_most_once_a_minute(source: Source) -> None:
    await source.tokens.get()
    source.later(minutes=117)
    source.error = ChannelBusy("busy")
    for _ in range(10):
        await source.tokens.get()
    assert source.fetched == 2
    source.later(seconds=61)
    await source.tokens.get()
    assert source.fetched == 3


async def test_after_a_refusal_nobody_asks_again_for_a_minute(source: Source) -> None:
    source.error = ChannelRefused("wrong secret", "40001", alert=True)
    answers = await asyncio.gather(*(source.tokens.get() for _ in range(20)), return_exceptions=True)
    assert all(answer is source.error for answer in answers)
    assert source.fetched == 1
    source.later(seconds=61)
    source.error = None
    assert await source.tokens.get() == "t2"


async def test_a_busy_platform_is_asked_again_at_once_where_there_is_no_token(source: Source) -> None:
    source.error = ChannelBusy("busy")
    with pytest.raises(ChannelBusy):
        await source.tokens.get()
    source.error = None
    assert await source.tokens.get() == "t2"
