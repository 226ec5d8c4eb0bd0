"""The decision page as the link on a card opens it on a phone: a source marked on its page, and two people at once."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Route, expect

from bot.security import Links, load_secret
from tests.browser.test_accessibility import serious
from tests.browser.test_console import LAPTOP, PHONE, beyond_the_edge, said
from tests.browser.test_console_documents import has_colour

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PATIENCE_MS = 90_000
NAMES = {"zhangsan": "张三", "chenjing": "陈静"}


async def opened(browser: Browser, server: str, words: str, size: dict[str, int]) -> Page:
    """The decision page of what 张三 was told: words that no other test uses, or the card may be that test's."""
    page = await browser.new_page(viewport=size)  # type: ignore[arg-type]
    await page.goto(f"{server}/sim")
    await expect(page.locator(".example").first).to_be_visible()
    await page.fill("#text", f"客户华东仁和说:{words}")
    await page.keyboard.press("Enter")
    link = page.locator(".card").filter(has_text=words).last.get_by_text("打开决策页")
    address = await link.get_attribute("href")
    assert address is not None
    await page.goto(f"{server}{urlsplit(address).path}")
    await expect(page.get_by_role("heading", name="因为")).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("size", "words"), [(PHONE, "X200的噪声多大呢"), (LAPTOP, "X350的噪声多大呢")], ids=["phone", "laptop"]
)
async def test_a_source_opens_with_its_passage_marked_on_the_page_of_the_original(
    browser: Browser, server: str, size: dict[str, int], words: str
) -> None:
    page = await opened(browser, server, words, size)
    here = page.url
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []
    await page.get_by_role("link", name="用户手册").first.click()
    await expect(page.locator("#quoted")).to_be_visible()
    await has_colour(page, "img.original")
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []
    await page.get_by_text("原件第").click()
    await expect(page.locator("img.original")).to_be_hidden()
    await page.get_by_role("link", name="看后面的内容").click()
    await expect(page.get_by_text("段,共")).to_be_visible()
    await page.get_by_role("link", name="回到决策页").click()
    await expect(page.get_by_role("heading", name="因为")).to_be_visible()
    assert page.url == here


async def windows(browser: Browser, server: str, data: Path, decision: str, *people: str) -> list[Page]:
    """The same open card, as each of these people has it before them."""
    links, until = Links(load_secret("", data), server), datetime.now(UTC) + timedelta(days=1)
    pages = []
    for person in people:
        page = await browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
        await page.goto(links.to(decision, person, until))
        await expect(page.get_by_role("button", name="确认", exact=True)).to_be_visible()
        pages.append(page)
    return pages


async def pressed(page: Page, button: str) -> int:
    """The status of the answer."""
    async with page.expect_response(
        lambda answer: answer.request.method == "POST", timeout=PATIENCE_MS
    ) as sent:
        await page.get_by_role("button", name=button, exact=True).click()
    return (await sent.value).status


async def told_who_was_first(page: Page, name: str) -> None:
    words = re.compile(rf"已由{name}处理过了.\d{{4}}-\d\d-\d\d \d\d:\d\d.*没有执行任何操作")
    await expect(page.locator(".said")).to_have_text(words)
    await expect(page.locator(".status")).to_contain_text(name)
    await expect(page.get_by_role("button", name="确认", exact=True)).to_have_count(0)
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []


async def carried_out(page: Page) -> None:
    """Looked at anew until quote and opportunity are there."""
    while await page.locator(".receipt").count() < 2:
        await page.reload()


def noted(data: Path, decision: str, words: str) -> tuple[list[str], list[tuple[str, str]], int]:
    """What people decided, the actions with their state, and the opportunities that came of the words."""
    with sqlite3.connect(data / "yiju.db", timeout=30) as database:
        lines = database.execute(
            "SELECT what FROM bot_journal WHERE subject = ? AND what LIKE 'Decision%' AND who <> 'copilot'",
            [decision],
        ).fetchall()
        done = database.execute(
            "SELECT kind, state FROM bot_action WHERE decision = ? ORDER BY kind", [decision]
        ).fetchall()
        (made,) = database.execute("SELECT COUNT(*) FROM crm_opportunity WHERE note = ?", [words]).fetchone()
    return [what for (what,) in lines], done, made


@pytest.mark.parametrize(
    ("product", "other"),
    [("P60H", "zhangsan"), ("D80", "chenjing")],
    ids=["the rep twice", "rep and manager"],
)
async def test_of_two_windows_that_confirm_at_once_one_does_it_and_the_other_is_told_who_was_first(
    browser: Browser, server: str, data: Path, product: str, other: str
) -> None:
    words = f"{product}要两台,报个价"
    decision = said(data, words)
    people = ("zhangsan", other)
    pages = await windows(browser, server, data, decision, *people)
    both_pressed = asyncio.Barrier(2)

    async def held(route: Route) -> None:
        """Neither answer is on its way before the other is pressed too."""
        if route.request.method == "POST":
            await both_pressed.wait()
        await route.continue_()

    for page in pages:
        await page.route("**/d/*", held)
    statuses = await asyncio.gather(*(pressed(page, "确认") for page in pages))
    assert sorted(statuses) == [303, 409]
    first, late = statuses.index(303), statuses.index(409)
    await told_who_was_first(pages[late], NAMES[people[first]])
    await carried_out(pages[first])
    decided, done, made = noted(data, decision, words)
    assert decided == ["DecisionConfirmed"]
    assert done == [("opportunity.create", "done"), ("quote.draft", "done")]
    assert made == 1


async def test_who_declines_on_a_page_that_is_behind_is_told_who_confirmed(
    browser: Browser, server: str, data: Path
) -> None:
    words = "S12要四十只,报个价"
    decision = said(data, words)
    first, behind = await windows(browser, server, data, decision, "chenjing", "zhangsan")
    assert await pressed(first, "确认") == 303
    await carried_out(first)
    assert await pressed(behind, "驳回") == 409
    await told_who_was_first(behind, "陈静")
    await expect(behind.locator(".receipt").first).to_be_visible()
    decided, done, _ = noted(data, decision, words)
    assert decided == ["DecisionConfirmed"]
    assert {state for _, state in done} == {"done"}
