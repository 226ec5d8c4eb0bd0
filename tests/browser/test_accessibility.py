"""Through axe, what stands outside the console (the console's pages: test_walk.py): nothing serious or critical (axe-core's
rules, WCAG 2 A and AA)."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.test_console import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa"]}


async def serious(page: Page, within: str | None = None) -> list[str]:
    """What axe finds serious or critical, each with the first element it is about."""
    found = await Axe().run(page, context=within, options=OPTIONS)
    return [
        f"{one['id']}: {one['help']} — {one['nodes'][0]['html'][:160]}"
        for one in found.response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


async def test_sign_in_decision_page_and_simulator_have_no_serious_finding(
    browser: Browser, server: str
) -> None:
    page = await browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
    await page.goto(f"{server}/console/sign-in")
    assert await serious(page) == []
    await page.goto(f"{server}/sim")
    await expect(page.locator(".example").first).to_be_visible()
    assert await serious(page) == []
    words = "60台什么价"
    await page.fill("#text", f"客户华东仁和说:{words}")
    await page.keyboard.press("Enter")
    # other tests' cards are there already, and an event of the demo company may bring one of its own
    card = page.locator(".card").filter(has_text=words)
    await expect(card.last).to_be_visible()
    await card.last.get_by_text("打开决策页").click()
    # what it is read as depends on another test's message: two that come close together are one
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await serious(page) == []
