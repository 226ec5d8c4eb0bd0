"""Products side by side as a phone shows them: a table in the chat, on the decision page and in the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.test_accessibility import serious
from tests.browser.test_console import PHONE, beyond_the_edge, said, signed_in
from tests.browser.test_decision_page import opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ASKED = "X200、X350和BC-20 差在哪"


async def is_a_table(page: Page, table: Locator) -> None:
    """With heads, wider than a phone in a box that scrolls by itself, and no table that axe finds fault with."""
    await expect(table.locator("thead th[scope=col]")).to_have_text(["参数", "X200", "X350", "BC-20"])
    name = page.get_by_role("rowheader", name="最高转速", exact=True)
    speed = table.locator("tbody tr").filter(has=name)
    await expect(speed.locator("td")).to_have_text(["16500 r/min", "4500 r/min", "16000 r/min"])
    box = table.locator("..")
    assert await box.evaluate("box => box.scrollWidth > box.clientWidth")
    await box.focus()
    await page.keyboard.press("ArrowRight")
    await page.wait_for_function("box => box.scrollLeft > 0", arg=await box.element_handle())
    assert await beyond_the_edge(page) == []
    assert await serious(page, ".scrolls") == []


async def test_a_reps_question_is_answered_with_a_table_in_the_chat(browser: Browser, server: str) -> None:
    page = await browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
    await page.goto(f"{server}/sim")
    await expect(page.locator(".example").first).to_be_visible()
    await page.fill("#text", ASKED)
    await page.keyboard.press("Enter")
    answer = page.locator(".bubble.bot").filter(has_text="对照").last
    await is_a_table(page, answer.locator("table"))
    await expect(answer).to_contain_text("项不同")
    await expect(answer).to_contain_text("《X系列离心机用户手册》")


async def test_a_customers_question_has_its_table_on_the_card_and_on_the_decision_page(
    browser: Browser, server: str
) -> None:
    page = await opened(browser, server, ASKED, PHONE)
    await expect(page.get_by_role("heading", name="对照")).to_be_visible()
    await is_a_table(page, page.locator("main table"))
    await page.goto(f"{server}/sim")
    await expect(page.locator(".card").filter(has_text=ASKED).last.locator("table")).to_be_visible()


async def test_a_manager_sees_it_in_the_console(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, ASKED)
    page = await signed_in(browser, server, "chenjing", password, PHONE, f"/decisions/{decision}")
    await is_a_table(page, page.locator(".panel table"))
