"""Every page of the console, in a company at work and on the first day: nothing runs over the edge, and axe (WCAG 2 A
and AA) finds nothing serious, on two phones and on a laptop."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.console.access import PLACES
from bot.console.text_editor import EDITORS
from intents import FileKind
from knowledge.company_files import EDITED
from tests.browser.first_day import ADMIN, PASSWORD, first_day
from tests.browser.test_accessibility import serious
from tests.browser.test_console import LAPTOP, PHONE, beyond_the_edge, said, signed_in

__all__ = ["first_day"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
LARGER = {"width": 390, "height": 844}
SIZES = pytest.mark.parametrize("size", [PHONE, LARGER, LAPTOP], ids=["phone", "larger-phone", "laptop"])
EVERY_PAGE = [
    *(place.path for place in PLACES),
    *(f"{EDITORS}/{kind}" for kind in (*FileKind, *EDITED)),
]
CUT_THROUGH = """() => [...document.querySelectorAll('code')].filter(one => {
    const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), ends = [];
    for (let node = text.nextNode(); node; node = text.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(node);
        if (range.getClientRects().length > 1 && /^[A-Z0-9_]+$/.test(node.data)) ends.push(node.data);
    }
    return ends.length;
}).map(one => one.textContent)"""
"""Names of settings that a line's end cuts in the middle of a part: each part is a text of its own, between `<wbr>`s."""


async def walked(page: Page, address: str, paths: list[str], axe: bool) -> list[str]:
    """What is wrong, each with the page it is on."""
    found = []
    for path in paths:
        answer = await page.goto(f"{address}/console{path}")
        assert answer is not None
        assert answer.status == 200, path
        await expect(page.locator(".title").first).to_be_visible()
        if path.startswith(EDITORS):  # the editor comes after the page, and is named then
            await expect(page.locator(".cm-content[aria-label]")).to_be_visible()
        wrong = [*await beyond_the_edge(page), *await page.evaluate(CUT_THROUGH)]
        found += [f"{path} {one}" for one in (*wrong, *(await serious(page) if axe else []))]
    return found


@SIZES
async def test_in_a_company_at_work(
    browser: Browser, server: str, data: Path, password: str, size: dict[str, int]
) -> None:
    decision = said(data, "X200带制冷吗,50台什么价")
    page = await signed_in(browser, server, "admin", password, size)
    found = await walked(page, server, [*EVERY_PAGE, f"/decisions/{decision}"], axe=size is not LARGER)
    assert found == [], "\n".join(found)


@SIZES
async def test_on_the_first_day(browser: Browser, first_day: str, size: dict[str, int]) -> None:
    page = await signed_in(browser, first_day, ADMIN, PASSWORD, size)
    await expect(page.locator(".title").first).to_be_visible()
    found = await walked(page, first_day, EVERY_PAGE, axe=size is not LARGER)
    assert found == [], "\n".join(found)
