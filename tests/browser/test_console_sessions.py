"""Pages that stay open: a session that ended meanwhile, a password that was changed, the same person in two tabs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import create_engine

from bot.console import passwords
from bot.store import Store
from intents import Labels, Proposal
from tests.browser.test_console import add_user, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
WHO, PASSWORD = "zhaomin", "a-password-of-hers-7"


@pytest.fixture(scope="module")
def trainer(server: str, data: Path) -> str:
    """Somebody whose sessions and password no other test uses."""
    add_user(data, WHO, "--role", "trainer")
    store = Store(f"sqlite:///{data / 'yiju.db'}")
    with store.begin() as session:
        passwords.set_password(session, WHO, PASSWORD, datetime.now(UTC))
    store.close()
    return WHO


@pytest.fixture
def labels(server: str, data: Path) -> Iterator[Labels]:
    engine = create_engine(f"sqlite:///{data / 'yiju.db'}")
    yield Labels(engine)
    engine.dispose()


async def another_tab(page: Page, path: str) -> Page:
    """Of the same browser."""
    opened = await page.context.new_page()
    await opened.goto(f"{page.url.split('/console')[0]}/console{path}")
    return opened


async def shown(page: Page) -> str:
    first = page.locator(".quoted").first
    await expect(first).to_be_visible()
    return await first.inner_text()


async def test_who_signs_out_in_one_tab_can_do_nothing_more_in_the_other(
    browser: Browser, server: str, trainer: str, labels: Labels
) -> None:
    labels.propose(Proposal("登出以后不能标的一句", "customer", "correction", "two-tabs", confidence=0.0001))
    page = await signed_in(browser, server, trainer, PASSWORD, path="/labels")
    before, settled = await shown(page), sum(labels.counts().values())
    other = await another_tab(page, "/models")
    await other.get_by_role("button", name="退出").first.click()
    await expect(other.get_by_role("button", name="登录")).to_be_visible()
    await page.keyboard.press("1")
    await expect(page.locator(".q-notification").last).to_contain_text("登录已经失效")
    assert await shown(page) == before
    assert sum(labels.counts().values()) == settled
    await page.reload()
    await expect(page.get_by_role("button", name="登录")).to_be_visible()
    await page.fill("input[name=user]", trainer)
    await page.fill("input[name=password]", PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("heading", name="标注", exact=True)).to_be_visible()


async def test_a_new_password_ends_every_open_session(
    browser: Browser, server: str, data: Path, trainer: str, password: str
) -> None:
    page = await signed_in(browser, server, trainer, PASSWORD, path="/datasets")
    await expect(page.get_by_role("heading", name="导入标注")).to_be_visible()
    admin = await signed_in(browser, server, "admin", password, path="/users")
    row = admin.locator(".panel .nicegui-row", has_text=trainer).filter(
        has=admin.get_by_role("button", name="设密码")
    )
    await row.last.get_by_role("button", name="设密码").click()
    await admin.get_by_label("新密码").fill(PASSWORD)
    await admin.get_by_role("button", name="保存").click()
    await expect(admin.locator(".q-notification").last).to_contain_text("密码已设")
    await page.get_by_role("button", name="导出 CSV").click()
    await expect(page.locator(".q-notification").last).to_contain_text("登录已经失效")


async def test_the_same_utterance_in_two_tabs_is_settled_once(
    browser: Browser, server: str, trainer: str, labels: Labels
) -> None:
    words = "两个页面里的同一句"
    one = labels.propose(Proposal(words, "customer", "correction", "same", confidence=0.00001))
    page = await signed_in(browser, server, trainer, PASSWORD, path="/labels")
    other = await another_tab(page, "/labels")
    for tab in (page, other):
        while (found := await shown(tab)) != words:
            await tab.keyboard.press("Space")
            await expect(tab.locator(".quoted").first).not_to_have_text(found)
    await page.keyboard.press("1")
    await expect(page.get_by_text(words)).to_have_count(0)
    await other.keyboard.press("2")
    await expect(other.locator(".q-notification").last).to_contain_text("这一条别人刚处理过")
    await expect(other.get_by_text(words)).to_have_count(0)
    (settled,) = [found for found in labels.settled() if found.id == f"label-{one}"]
    assert settled.intent == "purchase"
