"""WeCom's toolbar on a phone: whose chat it is, the card, an edited draft, a yes, and into the chat. The client is a stub."""

from __future__ import annotations

import asyncio
import io
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette

from bot import journal
from bot.channels.wecom import signin
from tests.fakes.clock import START, Clock
from tests.fakes.demo import demo
from tests.fakes.product import WECOM_USERS, DemoCompany, Product, start
from tests.fakes.wecom_client import PHONE, WeComClient
from tests.fakes.wecom_platform import WeComPlatform

__all__ = ["demo"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
WANG = "wmWangJianguo01"
SHOTS = os.environ.get("YIJU_SCREENS", "")
"""Where pictures go, if anywhere (`make screens`)."""


@dataclass
class Place:
    """A running product, and 张三's WeCom."""

    product: Product
    client: WeComClient
    url: str


class Quiet(uvicorn.Server):
    """Says when it listens, and leaves signals to the test runner."""

    def __init__(self, app: Any, port: int) -> None:
        super().__init__(uvicorn.Config(app, "127.0.0.1", port, log_level="warning"))
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[None]:
    server = Quiet(app, port)
    task = asyncio.create_task(server._serve())
    try:
        await asyncio.wait_for(server.listens.wait(), 60)
        yield
    finally:
        server.should_exit = True
        await task


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def place(
    demo: DemoCompany, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    platform = WeComPlatform(WECOM_USERS, START)
    client = WeComClient(platform, "zhangsan", WANG)
    outside, port = free_port(), free_port()
    monkeypatch.setattr(signin, "AUTHORIZE", f"http://127.0.0.1:{outside}/connect/oauth2/authorize")
    url = f"http://127.0.0.1:{port}"
    sdk = {"jssdk": f"http://127.0.0.1:{outside}/sdk.js"}
    product = start(demo, demo.copy_to(tmp_path / "var"), clock, platform, public_url=url, app=sdk)
    async with serving(Starlette(routes=client.routes()), outside), serving(product.app, port):
        yield Place(product, client, f"{url}/wecom/sidebar")
    await product.web.aclose()


async def picture(page: Page, name: str) -> None:
    if SHOTS:
        with Image.open(io.BytesIO(await page.screenshot(full_page=True))) as shot:
            shot.convert("RGB").quantize(64).save(Path(SHOTS) / f"{name}.png", optimize=True)


async def is_well_drawn(page: Page) -> None:
    """Nothing to scroll sideways for, nothing serious for axe."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    serious = [one for one in found.response["violations"] if one["impact"] in {"serious", "critical"}]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in serious] == []


async def known(place: Place, browser: Browser) -> Page:
    """The page of a contact whom 张三 just said to be 华东仁和."""
    page = await place.client.open(browser, place.url)
    await page.get_by_role("button", name="华东仁和医疗科技有限公司").click()
    await expect(page.get_by_text("没有待确认的卡片")).to_be_visible()
    return page


async def test_from_an_unknown_contact_to_a_confirmed_draft_in_the_chat(
    place: Place, browser: Browser
) -> None:
    place.client.platform.pages.add_contact(WANG, "王建国", "", zhangsan="华东仁和")
    problems: list[str] = []
    page = await place.client.open(browser, place.url)
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    await expect(page.get_by_role("heading", name="这位联系人是哪位客户")).to_be_visible()
    await is_well_drawn(page)
    await picture(page, "sidebar-contact-phone")
    await page.get_by_role("button", name="华东仁和医疗科技有限公司").click()

    await page.get_by_label("客户说的话").fill("你们X200带制冷吗,质保几年,50台什么价")
    await page.get_by_role("button", name="看看怎么回").click()
    await expect(page.get_by_role("heading", name="询价报价")).to_be_visible()
    await expect(page.get_by_text("价格表").first).to_be_visible()
    await is_well_drawn(page)
    await picture(page, "sidebar-phone")
    await expect(page.get_by_role("button", name="放进聊天框")).to_have_count(0)

    draft = "王主任您好,X200 的报价单稍后发您。\n有问题随时找我。"
    await page.locator("textarea[name=draft]").fill(draft)
    await page.get_by_role("button", name="确认", exact=True).click()
    button = page.get_by_role("button", name="放进聊天框")
    await expect(button).to_be_enabled()
    await is_well_drawn(page)
    assert place.client.sent == []
    await button.click()
    await expect(page.get_by_text("已放进聊天框", exact=True)).to_be_visible()
    assert place.client.sent == [draft]
    await picture(page, "sidebar-placed-phone")
    await page.reload()
    await expect(page.locator(".receipt").filter(has_text="已于")).to_be_visible()
    assert problems == []
    with place.product.parts.store.look() as session:
        who = [line.who for line in journal.lines(session) if line.what == "DraftPlaced"]
    assert who == ["zhangsan"]


async def test_a_rep_who_went_on_to_another_chat_sends_nothing_there(place: Place, browser: Browser) -> None:
    page = await confirmed(place, browser)
    place.client.contact = "wmSomebodyElse"
    await page.get_by_role("button", name="放进聊天框").click()
    await expect(page.get_by_text("当前聊天已经不是这位客户")).to_be_visible()
    await expect(page.get_by_role("heading", name="这位联系人是哪位客户")).to_be_visible()
    assert place.client.sent == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("sendChatMessage:permission denied", "没有给这个应用往聊天里放消息的权限"),
        ("sendChatMessage:cancel", "您取消了"),
        ("sendChatMessage:fail, function not exist", "太旧"),
        ("sendChatMessage:fail", "没有放进去"),
    ],
)
async def test_what_wecom_refuses_is_said_plainly_and_noted_nowhere(
    place: Place, browser: Browser, answer: str, words: str
) -> None:
    page = await confirmed(place, browser)
    place.client.refuses["sendChatMessage"] = answer
    await page.get_by_role("button", name="放进聊天框").click()
    await expect(page.get_by_text(words).filter(visible=True)).to_have_count(1)
    await expect(page.locator("#code")).to_have_text(answer)
    await expect(page.get_by_role("button", name="放进聊天框")).to_be_enabled()
    with place.product.parts.store.look() as session:
        assert not [line for line in journal.lines(session) if line.what == "DraftPlaced"]


@pytest.mark.parametrize(
    ("api", "answer", "words"),
    [
        ("getCurExternalContact", "getCurExternalContact:fail no permission", "应用还读不到当前客户"),
        (
            "getCurExternalContact",
            "getCurExternalContact:fail_without context of external contact",
            "没有外部联系人",
        ),
        ("getContext", "getContext:fail", "没有给出当前客户"),
    ],
)
async def test_without_a_contact_the_page_says_what_is_missing(
    place: Place, browser: Browser, api: str, answer: str, words: str
) -> None:
    place.client.refuses[api] = answer
    page = await place.client.open(browser, place.url)
    await expect(page.get_by_text(words)).to_be_visible()
    await is_well_drawn(page)
    if "没有外部联系人" in words:
        await picture(page, "sidebar-no-contact-phone")


async def test_in_a_group_or_a_colleagues_chat_there_is_no_contact(place: Place, browser: Browser) -> None:
    place.client.entry = "group_chat_tools"
    page = await place.client.open(browser, place.url)
    await expect(page.get_by_text("没有外部联系人")).to_be_visible()


async def test_a_page_that_wecom_does_not_trust_says_whom_to_ask(place: Place, browser: Browser) -> None:
    place.client.platform.pages.is_signed = lambda *_: False  # type: ignore[method-assign]
    page = await place.client.open(browser, place.url)
    await expect(page.get_by_text("企业微信没有认可这一页")).to_be_visible()


async def test_a_script_that_does_not_load_is_named(place: Place, browser: Browser) -> None:
    page = await browser.new_page(user_agent="wxwork/4.1.30")
    await page.route("**/sdk.js", lambda route: route.abort())
    await page.goto(place.url)
    await expect(page.get_by_text("没有连上企业微信")).to_be_visible()


async def test_another_reps_customer_is_not_shown(place: Place, browser: Browser) -> None:
    await known(place, browser)
    place.client.user = "lisi"
    page = await place.client.open(browser, place.url)
    await expect(page.get_by_text("这位联系人是张三的客户")).to_be_visible()
    await expect(page.get_by_text("华东仁和")).to_have_count(0)
    await is_well_drawn(page)


async def confirmed(place: Place, browser: Browser) -> Page:
    page = await known(place, browser)
    await page.get_by_label("客户说的话").fill("X350 要 3 台,给个报价")
    await page.get_by_role("button", name="看看怎么回").click()
    await page.get_by_role("button", name="确认", exact=True).click()
    await expect(page.get_by_role("button", name="放进聊天框")).to_be_enabled()
    return page
