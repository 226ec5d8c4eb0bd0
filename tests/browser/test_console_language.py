"""What managers, trainers and operators read is Chinese, on every page: whoever meets an English sentence meets a mistake.

Not counted: what other systems said, marked as such; code, ids, settings; words of customers and documents.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import delete
from sqlmodel import col

from bot.console.access import PLACES
from bot.store import Store
from bot.tables import DeliveryRow, OutboxRow
from crm_bridge.events.tables import EventRow
from tests.browser.test_console import said, signed_in
from tests.console.english import sentences

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ALLOWED = ".as-said, .quoted, code, pre, textarea, script, style, .q-icon, .material-icons, .cm-editor, [translate=no]"
READ = """(allowed) => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
        if (node.data.trim() && !node.parentElement.closest(allowed)) found.push(node.data);
    for (const one of document.querySelectorAll('[aria-label], [title], [placeholder]'))
        if (!one.closest(allowed))
            for (const name of ['aria-label', 'title', 'placeholder'])
                if (one.getAttribute(name)) found.push(one.getAttribute(name));
    return found;
}"""


async def english(page: Page) -> list[str]:
    texts: list[str] = await page.evaluate(READ, ALLOWED)
    return [one for text in texts for one in sentences(text)]


async def test_no_page_of_the_console_speaks_english(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X200带制冷吗,50台什么价")
    page = await signed_in(browser, server, "admin", password)
    paths = [
        *(place.path for place in PLACES),
        f"/decisions/{decision}",
        "/graph/files/taxonomy",
        "/graph/files/graph",
    ]
    found = {}
    for path in paths:
        answer = await page.goto(f"{server}/console{path}")
        assert answer is not None
        assert answer.status == 200, path
        await expect(page.locator(".title").first).to_be_visible()
        if words := await english(page):
            found[path] = words
    assert found == {}


@pytest.mark.parametrize("path", ["/health", "/connections"])
async def test_what_a_check_finds_is_told_in_chinese(
    browser: Browser, server: str, password: str, path: str
) -> None:
    page = await signed_in(browser, server, "admin", password, path=path)
    await page.get_by_role("button", name="现在检查").click()
    await expect(page.get_by_text(re.compile(r"客户 \d+ 家"))).to_be_visible(timeout=60_000)
    assert await english(page) == []


async def test_what_failed_elsewhere_is_quoted_as_such_and_explained(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    """Errors that other systems and libraries leave in rows: what they mean is said in Chinese beside them."""
    with sqlite3.connect(data / "yiju.db", timeout=30) as database:
        database.execute(
            "INSERT OR REPLACE INTO bot_connection (name, failed_at, kind, error) VALUES"
            " ('crm', '2026-11-28 02:00:00.000000', 'CrmUnavailable', 'the system did not answer within ten seconds')"
        )
    page = await signed_in(browser, server, "admin", password, path="/connections")
    await expect(page.get_by_text("客户系统没有及时回应")).to_be_visible()
    await expect(page.locator(".as-said", has_text="within ten seconds")).to_be_visible()
    await expect(page.get_by_text("现在不通")).to_be_visible()
    assert await english(page) == []
    await page.get_by_role("button", name="现在检查").click()
    await expect(page.get_by_text(re.compile(r"客户 \d+ 家"))).to_be_visible(timeout=60_000)
    await page.reload()
    await expect(page.get_by_text("后来好了")).to_be_visible()


@pytest.fixture
def gone_wrong(server: str, data: Path) -> Iterator[Store]:
    """Things that were given up, with the English that libraries and our own log leave in their rows."""
    store = Store(f"sqlite:///{data / 'yiju.db'}")
    now, why = datetime.now(UTC), "the platform stayed busy for half an hour"
    times = {"next_at": now, "created_at": now, "finished_at": now}
    with store.begin() as session:
        session.add(
            DeliveryRow(
                key="broken",
                lane="x",
                state="dead",
                error=why,
                **times,
                channel="sim",
                kind="heard",
                payload={},
            )
        )
        session.add(
            OutboxRow(
                key="unsent",
                lane="x",
                state="dead",
                error=why,
                **times,
                channel="sim",
                recipient="u",
                kind="say",
            )
        )
        session.add(
            EventRow(
                uid="e", id="e", source="erp", type="x", state="dead", reason="no map knows type x of source erp",
                received_at=now, payload={"what": "an event that nobody can read"},
            )
        )  # fmt: skip
    yield store
    with store.begin() as session:
        for kind, key in ((DeliveryRow, "broken"), (OutboxRow, "unsent")):
            session.execute(delete(kind).where(col(kind.key) == key))
        session.execute(delete(EventRow).where(col(EventRow.uid) == "e"))
    store.close()


async def test_what_was_given_up_is_explained_in_chinese(
    browser: Browser, server: str, password: str, gone_wrong: Store
) -> None:
    page = await signed_in(browser, server, "admin", password, path="/dead-letters")
    await expect(page.get_by_text("映射里没有这种事件")).to_be_visible()
    await page.get_by_text("erp · x").click()
    await expect(page.locator(".as-said", has_text="no map knows")).to_be_visible()
    await expect(page.locator(".as-said", has_text="stayed busy")).to_have_count(2)
    assert await english(page) == []
    await page.get_by_role("button", name="重放").click()
    await expect(page.locator(".q-notification").last).to_contain_text("还是读不懂")
    assert await english(page) == []


async def test_a_broken_import_is_told_in_chinese(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "sunli", password, path="/datasets")
    await expect(page.get_by_role("heading", name="导入标注")).to_be_visible()
    for name, content, told in (
        ("labels.jsonl", b"{", "第 1 行:不是 JSON"),
        ("labels.jsonl", b'{"text": "x", "intent": "nothing"}', "“nothing”不是这种说话人的意图"),
    ):
        file = {"name": name, "mimeType": "application/json", "buffer": content}
        await page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
        await expect(page.locator(".q-notification").last).to_contain_text(told)
        assert await english(page) == []


async def test_a_path_that_is_not_there_says_so_in_chinese(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "admin", password)
    for path in ("/no-such-page", "/decisions/no-such-decision"):
        await page.goto(f"{server}/console{path}")
        text = await page.locator("body").inner_text()
        assert sentences(text) == [], text
        assert any("\u4e00" <= char <= "\u9fff" for char in text)
