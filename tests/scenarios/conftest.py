"""The demo company loaded once; a copy of it, with platforms of our own, for every story."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bot.channels.dingtalk import DingTalk
from bot.settings import DingTalkSettings
from tests.fakes.clock import START, Clock
from tests.fakes.dingtalk_chat import SETTINGS, DingTalkChat, WatchedLine
from tests.fakes.dingtalk_platform import DingTalkPlatform
from tests.fakes.product import PUBLIC_URL, WECOM_USERS, DemoCompany, Product, load_demo_company, start
from tests.fakes.wecom_platform import WeComPlatform


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCompany]:
    loaded, parts = load_demo_company(tmp_path_factory.mktemp("demo"), Clock())
    yield loaded
    parts.store.close()


@pytest.fixture
def data_dir(demo: DemoCompany, tmp_path: Path) -> Path:
    return demo.copy_to(tmp_path / "data")


@pytest.fixture
def wecom() -> WeComPlatform:
    return WeComPlatform(WECOM_USERS, START)


@pytest.fixture
async def product(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform
) -> AsyncIterator[Product]:
    """The product with WeCom, on a copy of the demo company."""
    running = start(demo, data_dir, clock, wecom)
    yield running
    await running.close()


@pytest.fixture
def chat(clock: Clock) -> DingTalkChat:
    """DingTalk as the people of the demo company use it."""
    people = ("zhangsan", "lisi", "wangwu", "chenjing", "sunli", "admin")
    return DingTalkChat(DingTalkPlatform(users={one: f"union-{one}" for one in people}), clock)


@pytest.fixture
def line(chat: DingTalkChat) -> WatchedLine:
    return WatchedLine(chat.platform)


@pytest.fixture(params=["stream"])
async def dingtalk(
    request: pytest.FixtureRequest,
    demo: DemoCompany,
    data_dir: Path,
    clock: Clock,
    wecom: WeComPlatform,
    line: WatchedLine,
) -> AsyncIterator[Product]:
    """The product with DingTalk beside WeCom; the mode is the parameter."""
    mode = DingTalkSettings.model_validate(SETTINGS | {"mode": request.param})
    async with httpx.AsyncClient(transport=line) as http:
        taps = f"{PUBLIC_URL}/dingtalk/card"
        channel = DingTalk(mode, http, clock, per_second=10_000, card_callback=taps)
        running = start(demo, data_dir, clock, wecom, more={"dingtalk": channel}, dingtalk=mode.model_dump())
        yield running
        await running.close()
