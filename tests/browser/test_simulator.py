"""The product as a new user meets it: a phone-sized chat, a card, a correction, a confirmation."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.channels.simulator import Simulator
from bot.store import Store
from tests.channels.wecom.test_notices import WEEK

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PHONE = {"width": 360, "height": 740}
ASKED = "客户华东仁和说:你们X200带制冷吗,质保几年,50台什么价"


async def _phone(browser: Browser, server: str) -> Page:
    context = await browser.new_context(viewport=PHONE, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{server}/sim")
    await expect(page.locator(".example").first).to_be_visible()
    return page


async def _send(page: Page, words: str) -> Locator:
    """The newest card about these words; an event of the demo company may bring cards of its own meanwhile."""
    await page.fill("#text", words)
    await page.keyboard.press("Enter")
    return page.locator(".card").filter(has_text=words.rsplit("说:", 1)[-1]).last


async def test_a_pasted_question_becomes_a_card_that_is_corrected_and_confirmed(
    browser: Browser, server: str
) -> None:
    page = await _phone(browser, server)
    card = await _send(page, ASKED)
    await expect(card).to_contain_text("询价报价")
    for source in ("用户手册", "价格表", "框架采购合同", "内置CRM"):
        await expect(card).to_contain_text(source)
    await card.locator("select").select_option("purchase")
    await card.get_by_role("button", name="修正").click()
    again = page.locator(".card").filter(has_text="明确采购").last
    await expect(again).to_be_visible()
    await expect(page.locator(".card").filter(has_text="改了意图")).to_be_visible()
    await again.get_by_role("button", name="确认").click()
    # a deal of its own, or the next stage of one that an earlier message opened
    await expect(again).to_contain_text(re.compile(r"已创建商机|商机 OPP-\d+.*改到"))
    await expect(again).to_contain_text("张三")
    await expect(again.get_by_role("button", name="确认")).to_have_count(0)


async def test_the_draft_is_copied_as_edited(browser: Browser, server: str) -> None:
    page = await _phone(browser, server)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = await _send(page, "客户华东仁和说:X350 要 4 台,给个报价")
    await card.get_by_text("打开决策页").click()
    await page.get_by_label("回复草稿").fill("您好,报价稍后发您。")
    await page.get_by_role("button", name="复制草稿").click()
    await expect(page.get_by_text("已复制")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "您好,报价稍后发您。"


async def test_fields_are_edited_on_the_decision_page_and_reasons_open_their_source(
    browser: Browser, server: str
) -> None:
    page = await _phone(browser, server)
    card = await _send(page, "客户华东仁和说:X350 要 3 台,给个报价")
    await card.get_by_text("打开决策页").click()
    await expect(page.get_by_role("heading", name="询价报价")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], "the page must not scroll sideways on a phone"
    await page.locator(".reasons a").first.click()
    await expect(page.locator(".quoted")).to_be_visible()
    await page.go_back()
    await page.locator("textarea[name=draft]").fill("您好,X350 的报价单稍后发您。")
    await page.get_by_role("button", name="确认").click()
    await expect(page.locator(".status")).to_contain_text("张三")
    await expect(page.locator(".draft")).to_have_text("您好,X350 的报价单稍后发您。")


async def test_another_reps_customer_is_not_told_and_a_forwarded_page_is_not_opened(
    browser: Browser, server: str
) -> None:
    page = await _phone(browser, server)
    card = await _send(page, "客户华东仁和说:先看看吧")
    url = await card.get_by_text("打开决策页").get_attribute("href")
    await page.select_option("#person", "lisi")
    await _send(page, "华东仁和什么等级")
    await expect(page.locator(".bubble.bot").filter(has_text="由张三负责")).to_be_visible()
    await page.goto(f"{server}{url}")
    await expect(page.locator("main")).to_contain_text("只有张三本人或其主管可以打开")


async def test_a_notice_is_a_card_with_its_page_one_tap_away(
    browser: Browser, server: str, data: Path
) -> None:
    store = Store(f"sqlite:///{data / 'yiju.db'}")
    try:
        await Simulator(store, lambda: datetime.now(UTC)).notify(WEEK, "chenjing", "notice:weekly:test")
    finally:
        store.close()
    page = await _phone(browser, server)
    await page.locator("#person").select_option("chenjing")
    # the demo's own training may have told its trainer something meanwhile
    card = page.locator(".card.notice").filter(has_text="上周团队的卡片")
    await expect(card).to_contain_text("40%(4/10)")
    await expect(card.get_by_text("过期 1 · 待决定 2")).to_be_visible()
    await card.get_by_role("link", name="打开看板").click()
    await page.wait_for_url("**/console/**")
    assert "board" in page.url
