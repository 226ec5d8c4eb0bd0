"""An AI bot can only answer: a notice goes by the app, or is refused where there is none."""

from __future__ import annotations

import pytest

from bot.channels import ChannelRefused
from bot.channels.wecom_bot import Addresses, WeComBot
from bot.store import Store
from tests.channels.wecom.test_notices import WEEK
from tests.fakes import wecom_platform
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import Clock
from tests.fakes.wecom_bot_platform import SETTINGS, BotPlatform

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


async def test_without_an_address_the_app_sends_it(store: Store, clock: Clock) -> None:
    app, settings = FakeChannel(), wecom_platform.settings(**SETTINGS)
    async with BotPlatform(clock).http() as http:
        bot = WeComBot(settings, Addresses(store, clock), clock, http, app)
        await bot.notify(WEEK, "chenjing", "k1")
    assert [(one.what, one.notice) for one in app.sent] == [("notify", WEEK)]


async def test_without_address_and_app_it_says_what_to_do(store: Store, clock: Clock) -> None:
    async with BotPlatform(clock).http() as http:
        bot = WeComBot(wecom_platform.settings(**SETTINGS), Addresses(store, clock), clock, http)
        with pytest.raises(ChannelRefused, match="must write to the AI bot first"):
            await bot.notify(WEEK, "chenjing", "k1")
