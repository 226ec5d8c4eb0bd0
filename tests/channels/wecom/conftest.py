"""A platform in memory, and the channel as it would be set up for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.wecom import WeCom
from tests.fakes.wecom_platform import WeComPlatform, settings


@pytest.fixture
def platform() -> WeComPlatform:
    return WeComPlatform()


@pytest.fixture
async def wecom(platform: WeComPlatform) -> AsyncIterator[WeCom]:
    async def no_pause(seconds: float) -> None:
        platform.calls["pause"] += 1

    async with platform.http() as http:
        yield WeCom(settings(), http, platform.clock, pause=no_pause)
