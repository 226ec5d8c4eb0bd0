"""The operator's pages: bring a document in, people and keys, what was given up, jobs, health, the journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_console import LAPTOP, PHONE, beyond_the_edge, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
MANUAL = "# X900离心机用户手册\n\n## 技术参数\n\nX900 最高转速 21000 r/min。\n"
PATHS = (
    "/documents", "/connections", "/dead-letters", "/users", "/jobs", "/health", "/journal", "/settings",
)  # fmt: skip


async def test_a_file_is_brought_in_found_by_a_question_and_taken_out(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "admin", password, path="/documents")
    await expect(page.get_by_role("heading", name="收录文件")).to_be_visible()
    file = {"name": "X900用户手册.md", "mimeType": "text/markdown", "buffer": MANUAL.encode()}
    await page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]
    await expect(page.get_by_text("《X900用户手册》").first).to_be_visible(timeout=20_000)
    await page.get_by_placeholder("例如").fill("X900 最高转速多少")
    await page.get_by_role("button", name="查找").click()
    await expect(page.locator(".quoted").first).to_contain_text("21000", timeout=15_000)
    await page.get_by_role("link", name="打开").click()
    await page.get_by_role("button", name="删除…").click()
    await page.locator(".q-dialog").get_by_role("button", name="删除").click()
    await expect(page.get_by_role("heading", name="收录文件")).to_be_visible()
    await expect(page.get_by_text("《X900用户手册》")).to_have_count(0)


async def test_a_file_that_cannot_be_read_says_why(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "admin", password, path="/documents")
    await expect(page.get_by_role("heading", name="收录文件")).to_be_visible()
    file = {"name": "空的.pdf", "mimeType": "application/pdf", "buffer": b""}
    await page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]
    await expect(page.get_by_text("没有收录").first).to_be_visible(timeout=15_000)


async def test_a_person_is_added_gets_a_password_and_signs_in(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "admin", password, path="/users")
    await page.get_by_role("button", name="新增人员").click()
    dialog = page.locator(".q-dialog")
    await dialog.get_by_label("姓名").fill("长" * 500)
    await dialog.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("姓名最多 40 个字,ID 最多 64 个字符。")).to_be_visible()
    await dialog.get_by_label("姓名").fill("测试员")
    await dialog.get_by_label("企业微信 ID").fill("tester")
    await dialog.get_by_role("button", name="保存").click()
    row = page.locator(".row", has_text="测试员").last
    await row.get_by_role("button", name="设密码").click()
    await page.locator(".q-dialog input").fill("a-long-password")
    await page.locator(".q-dialog").get_by_role("button", name="保存").click()
    await expect(page.get_by_text("密码已设")).to_be_visible()
    other = await signed_in(browser, server, "测试员", "a-long-password")
    await expect(other.get_by_text("还没有决策")).to_be_visible()


async def test_the_field_policy_answers_in_chinese_also_of_what_the_contract_has_not(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "admin", password, path="/policy")
    for field, told in (("account.shoe_size", "数据契约里没有这个字段"), ("account.tier", "依据规则")):
        await page.get_by_label("字段", exact=True).fill(field)
        await page.get_by_role("button", name="能读吗?").click()
        await expect(page.get_by_text(told)).to_be_visible()


async def test_a_person_whose_manager_is_none_any_more_can_be_edited(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    with sqlite3.connect(data / "yiju.db") as database:
        database.execute("UPDATE bot_user SET manager = 'wangwu' WHERE id = 'lisi'")  # a rep, not a manager
    page = await signed_in(browser, server, "admin", password, path="/users")
    await page.locator(".row", has_text="李四").last.get_by_role("button", name="编辑").click()
    dialog = page.locator(".q-dialog")
    await expect(dialog).to_contain_text("王五(已不是主管)")
    await dialog.get_by_role("button", name="取消").click()
    with sqlite3.connect(data / "yiju.db") as database:
        database.execute("UPDATE bot_user SET manager = 'chenjing' WHERE id = 'lisi'")


async def test_a_key_is_shown_once_and_revoked(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "admin", password, path="/users")
    await page.get_by_role("button", name="新建密钥").click()
    await page.locator(".q-dialog").get_by_label("用途").fill("呼叫中心")
    await page.locator(".q-dialog").get_by_role("button", name="创建").click()
    await expect(page.locator(".q-dialog .quoted")).to_contain_text("yk_")
    await page.get_by_role("button", name="关闭").click()
    await expect(page.get_by_text("yk_")).to_have_count(0)
    await page.get_by_role("button", name="作废").first.click()
    await expect(page.get_by_text("已作废")).to_be_visible()


async def test_a_dead_letter_shows_its_reason_and_goes_back_in_line(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    with sqlite3.connect(data / "yiju.db") as database:
        database.execute(
            "INSERT INTO bot_outbox (key, lane, state, attempts, next_at, created_at, error, channel, recipient, kind, "
            "payload) VALUES ('dead-1', 'sim:zhangsan', 'dead', 5, '2026-11-28', '2026-11-28', '平台一直忙', 'sim', "
            "'zhangsan', 'say', '{\"words\": \"迟到的话\"}')"
        )
    page = await signed_in(browser, server, "admin", password, path="/dead-letters")
    await expect(page.get_by_text("平台一直忙")).to_be_visible()
    await page.get_by_role("button", name="放回队列").click()
    await expect(page.get_by_text("没有放弃的消息或操作")).to_be_visible()


async def test_a_job_runs_now_and_the_journal_says_who_started_it(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "admin", password, path="/jobs")
    row = page.locator(".row", has_text="到期删除").last
    await row.get_by_role("button", name="现在运行").click()
    await expect(page.locator(".row", has_text="到期删除").last).to_contain_text("上次正常")
    await page.goto(f"{server}/console/journal?subject=retention")
    await expect(page.get_by_text("运行作业").first).to_be_visible()
    await page.get_by_role("button", name="校验整条链").click()
    await expect(page.get_by_text("整条链完好")).to_be_visible()


async def test_the_health_page_checks_every_part(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "admin", password, path="/health")
    await expect(page.get_by_text("智能体就绪度")).to_be_visible()
    await page.get_by_role("button", name="现在检查").click()
    await expect(page.get_by_text("表结构")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_no_page_scrolls_sideways_or_shows_a_secret(
    browser: Browser, server: str, password: str, data: Path, size: dict[str, int]
) -> None:
    secret = (data / "secret_key").read_text()
    page = await signed_in(browser, server, "admin", password, size)
    for path in PATHS:
        await page.goto(f"{server}/console{path}")
        await expect(page.locator(".title").first).to_be_visible()
        assert await beyond_the_edge(page) == [], path
        assert secret not in await page.content()
