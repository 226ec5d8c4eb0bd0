"""The product as a new user meets it: a phone-sized chat, a card, a correction, a confirmation."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PHONE = {"width": 360, "height": 740}
ASKED = "客户华东仁和说:你们X200带制冷吗,质保几年,50台什么价"


async def _phone(browser: Browser, server: str) -> Page:
    context = await browser.new_context(viewport=PHONE, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{server}/sim")
    await expect(page.locator(".example").first).to_be_visible()
    return page


async def _send(page: Page, words: str) -> None:
    await page.fill("#text", words)
    await page.keyboard.press("Enter")


async def test_a_pasted_question_becomes_a_card_that_is_corrected_and_confirmed(
    browser: Browser, server: str
) -> None:
    page = await _phone(browser, server)
    await _send(page, ASKED)
    card = page.locator(".card").last
    await expect(card).to_contain_text("询价报价")
    for source in ("用户手册", "价格表", "框架采购合同", "内置CRM"):
        await expect(card).to_contain_text(source)
    await card.locator("select").select_option("purchase")
    await card.get_by_role("button", name="修正").click()
    again = page.locator(".card").last
    await expect(again).to_contain_text("明确采购")
    await expect(page.locator(".card").first).to_contain_text("改了意图")
    await again.get_by_role("button", name="确认").click()
    await expect(again).to_contain_text("已创建商机")
    await expect(again).to_contain_text("张三")
    await expect(again.get_by_role("button", name="确认")).to_have_count(0)


async def test_fields_are_edited_on_the_decision_page_and_reasons_open_their_source(
    browser: Browser, server: str
) -> None:
    page = await _phone(browser, server)
    await _send(page, "客户华东仁和说:X350 要 3 台,给个报价")
    await expect(page.locator(".card").last).to_contain_text("X350 要 3 台")
    await page.locator(".card").last.get_by_text("打开决策页").click()
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
    await _send(page, "客户华东仁和说:先看看吧")
    await expect(page.locator(".card").last).to_contain_text("先看看吧")
    url = await page.locator(".card").last.get_by_text("打开决策页").get_attribute("href")
    await page.select_option("#person", "lisi")
    await _send(page, "华东仁和什么等级")
    await expect(page.locator(".bubble.bot").last).to_contain_text("由张三负责")
    await page.goto(f"{server}{url}")
    await expect(page.locator("main")).to_contain_text("只有张三本人或其主管可以打开")
