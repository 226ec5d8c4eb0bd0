"""The console as people use it: signing in, finding a decision, deciding it, on a laptop and on a phone."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from playwright.async_api import Error as PlaywrightError

from tests.browser.environment import clean

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
LAPTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
KEEPS_NOTICES = """() => { window.noticed = ''; new MutationObserver(() => {
    for (const one of document.querySelectorAll('.q-notification')) window.noticed += one.textContent;
}).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
"""A notice goes by itself after some seconds: `window.noticed` keeps what it said."""
SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def said(data: Path, words: str, customer: str = "华东仁和") -> str:
    """A customer said something; the id of the decision that it became."""
    command = [sys.executable, "-m", "bot", "ask", words, "--customer", customer, "--json"]
    done = subprocess.run(command, env=clean(data), capture_output=True, check=True)
    return str(json.loads(done.stdout)["id"])


def add_user(data: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "bot", "users", "add", *arguments]
    subprocess.run(command, env=clean(data), capture_output=True, check=True)


async def signed_in(
    browser: Browser, server: str, user: str, password: str, size: dict[str, int] = LAPTOP, path: str = ""
) -> Page:
    context = await browser.new_context(viewport=size, locale="zh-CN")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{server}/console{path}")
    await page.fill("input[name=user]", user)
    await page.fill("input[name=password]", password)
    await page.get_by_role("button", name="登录").click()
    return page


async def beyond_the_edge(page: Page) -> list[str]:
    """Elements that make the page scroll sideways."""
    found: list[str] = await page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('*')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)"""
    )
    return found


async def test_who_opens_a_page_signs_in_and_comes_back_to_it(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X200最高转速多少")
    page = await signed_in(browser, server, "陈静", password, path=f"/decisions/{decision}")
    await expect(page.get_by_role("heading", name="华东仁和")).to_be_visible()
    assert page.url.endswith(f"/console/decisions/{decision}")


async def test_a_wrong_password_says_so_and_a_stranger_hears_the_same(
    browser: Browser, server: str, password: str
) -> None:
    for user, given in (("chenjing", "not the password"), ("nobody-here", password)):
        page = await signed_in(browser, server, user, given)
        await expect(page.get_by_role("alert")).to_have_text("姓名或密码不对。")


async def test_an_ended_session_leads_to_the_sign_in(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "chenjing", password)
    await expect(page.get_by_role("heading", name="决策")).to_be_visible()
    await page.context.clear_cookies()
    await page.reload()
    await expect(page.get_by_role("button", name="登录")).to_be_visible()


async def test_signing_out_ends_it(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "chenjing", password)
    await page.get_by_role("button", name="退出").first.click()
    await expect(page.get_by_role("button", name="登录")).to_be_visible()
    await page.goto(f"{server}/console")
    await expect(page.get_by_role("button", name="登录")).to_be_visible()


async def test_a_manager_finds_a_decision_and_confirms_it_for_an_absent_rep(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    said(data, "X200要两台,报个价看看")
    page = await signed_in(browser, server, "chenjing", password)
    await page.get_by_label("搜索原话或客户").fill("要两台,报个价")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**words=**")
    await page.get_by_text("X200要两台,报个价看看").click()
    await expect(page.get_by_text("因为什么")).to_be_visible()
    await page.get_by_role("button", name="看原文").first.click()
    await expect(page.locator(".q-dialog .quoted")).to_be_visible()
    await page.get_by_role("button", name="关闭").click()
    await page.get_by_role("button", name="确认").click()
    await expect(page.get_by_text("已创建商机").first).to_be_visible(timeout=15_000)


async def test_the_list_is_narrowed_to_a_customer_by_name_and_stays_so(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    said(data, "X200的交期多久")
    page = await signed_in(browser, server, "chenjing", password)
    await page.get_by_label("客户", exact=True).fill("没有这家公司")
    await page.keyboard.press("Enter")
    await expect(page.locator(".q-notification")).to_contain_text("没有“没有这家公司”的决策")
    await page.get_by_label("客户", exact=True).fill("华东仁和")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**customer=**")
    await expect(page.get_by_text("客户:华东仁和")).to_be_visible()
    await page.get_by_text("需要处理").click()
    await page.wait_for_url("**mine=1**")
    assert "customer=" in page.url


async def test_what_was_typed_counts_though_the_server_has_not_heard_of_it_yet(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "chenjing", password)
    field = page.get_by_label("搜索原话或客户")
    await expect(field).to_be_visible()
    await page.wait_for_function("window.did_handshake")
    await page.evaluate("socket.lost = 0, socket.emit = () => { socket.lost += 1; return socket; }")
    await field.fill("没人说过")
    await page.wait_for_function("socket.lost > 0")
    await page.evaluate("delete socket.emit")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**words=**")
    await expect(page.get_by_text("没有符合条件的决策")).to_be_visible()


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_a_manager_leaves_a_word_and_hands_a_decision_over(
    browser: Browser, server: str, data: Path, password: str, size: dict[str, int]
) -> None:
    decision = said(data, "X200要三台,给个报价")
    page = await signed_in(browser, server, "chenjing", password, size, path=f"/decisions/{decision}")
    await page.get_by_label("写一句").fill("张三休假,请接一下")
    await page.get_by_role("button", name="留言").click()
    await expect(page.get_by_text("张三休假,请接一下", exact=True)).to_be_visible()
    await page.get_by_role("button", name="转交…").click()
    await page.locator(".q-dialog").get_by_label("同事").click()
    await page.get_by_role("option", name="李四").click()
    await page.locator(".q-dialog").get_by_role("button", name="转交", exact=True).click()
    await page.wait_for_url(lambda url: not url.endswith(decision))
    await expect(page.get_by_text("李四 · ").first).to_be_visible()
    assert await beyond_the_edge(page) == []
    await page.goto(f"{server}/console/decisions/{decision}")
    await expect(page.get_by_text("主管已转交给其他同事")).to_be_visible()


async def test_a_double_click_is_one_click(browser: Browser, server: str, data: Path, password: str) -> None:
    decision = said(data, "X200有几个转速档")
    page = await signed_in(browser, server, "chenjing", password, path=f"/decisions/{decision}")
    await page.get_by_role("button", name="看血缘").first.dblclick()
    await expect(page.get_by_role("button", name="关闭")).to_have_count(1)
    await page.get_by_role("button", name="关闭").click()
    await page.get_by_label("写一句").fill("只说一次")
    await page.get_by_role("button", name="留言").dblclick()
    await expect(page.get_by_label("写一句")).to_have_value("")
    await expect(page.get_by_text("只说一次", exact=True)).to_have_count(1)
    await page.get_by_role("button", name="驳回…").dblclick()
    await page.get_by_role("button", name="驳回", exact=True).dblclick()
    await expect(page.get_by_text("已驳回", exact=True)).to_be_visible()
    await expect(page.get_by_text("这次点击没有执行任何操作")).to_have_count(0)


async def test_of_two_managers_at_once_the_second_is_told(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X350 来三台,报价")
    pages = [
        await signed_in(browser, server, "chenjing", password, path=f"/decisions/{decision}")
        for _ in range(2)
    ]
    for page in pages:  # an open question stays while the other decides; the page itself would be drawn anew
        await page.get_by_role("button", name="驳回…").click()
    for page in pages:
        await page.locator(".q-dialog").get_by_role("button", name="驳回").click()
        await expect(pages[0].get_by_text("已驳回")).to_be_visible()
    await expect(pages[1].locator(".q-notification")).to_contain_text("陈静")


async def test_of_two_windows_that_decline_at_the_same_moment_one_does_and_the_other_is_told(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X350 来七台,报价")
    pages = [
        await signed_in(browser, server, "chenjing", password, path=f"/decisions/{decision}")
        for _ in range(2)
    ]
    for number, page in enumerate(pages):
        await page.get_by_role("button", name="驳回…").click()
        await page.locator(".q-dialog").get_by_label("理由").fill(f"窗口{number}")
        await page.evaluate(KEEPS_NOTICES)
    await asyncio.gather(
        *(page.locator(".q-dialog").get_by_role("button", name="驳回").click() for page in pages)
    )
    for page in pages:
        await expect(page.get_by_text("已驳回")).to_be_visible()
    with sqlite3.connect(data / "yiju.db", timeout=30) as database:
        ((body,),) = database.execute(
            "SELECT body FROM bot_journal WHERE subject = ? AND what = 'DecisionDeclined'", [decision]
        ).fetchall()
    first = int(json.loads(body)["why"].removeprefix("窗口"))
    await pages[1 - first].wait_for_function("window.noticed.includes('已由陈静处理过了')")
    assert "处理过了" not in await pages[first].evaluate("window.noticed")


async def test_of_a_rep_and_a_manager_at_once_the_second_is_told_who_was_first_and_when(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X350 要五台,报个价")
    first, second = [
        await signed_in(browser, server, user, password, path=f"/decisions/{decision}")
        for user in ("chenjing", "zhangsan")
    ]
    await expect(first.get_by_role("button", name="确认")).to_be_visible()
    await second.get_by_role(
        "button", name="驳回…"
    ).click()  # the question stays open while the other decides
    await first.get_by_role("button", name="确认").click()
    await expect(first.get_by_text("已执行", exact=True)).to_be_visible()
    await second.locator(".q-dialog").get_by_role("button", name="驳回").click()
    said_so = second.locator(".q-notification")
    await expect(said_so).to_contain_text("已由陈静处理过了")
    await expect(said_so).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"))


async def test_an_open_page_whose_session_ended_acts_no_more_and_loses_nothing(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    """Ended in another window; signed in again there, the first goes on with what was typed."""
    decision = said(data, "X200要四台,报价")
    page = await signed_in(browser, server, "chenjing", password, path=f"/decisions/{decision}")
    await page.get_by_label("写一句").fill("先打个电话问清楚")
    other = await page.context.new_page()
    await other.goto(f"{server}/console/")
    await other.get_by_role("button", name="退出").first.click()
    await expect(other.get_by_role("button", name="登录")).to_be_visible()
    dialog = page.locator(".q-dialog")
    await expect(dialog).to_contain_text("登录已经失效")
    await dialog.get_by_role("button", name="继续").click()
    await expect(dialog).to_be_visible()
    await other.fill("input[name=user]", "chenjing")
    await other.fill("input[name=password]", password)
    await other.get_by_role("button", name="登录").click()
    await expect(other.get_by_role("heading", name="决策")).to_be_visible()
    with suppress(PlaywrightError):  # the page looks by itself too, and may have closed it
        await dialog.get_by_role("button", name="继续").click(timeout=3_000)
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_label("写一句")).to_have_value("先打个电话问清楚")
    await page.get_by_role("button", name="留言").click()
    await expect(page.get_by_text("先打个电话问清楚", exact=True)).to_be_visible()


async def test_the_list_is_up_to_date_by_itself(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    page = await signed_in(browser, server, "chenjing", password)
    await expect(page.get_by_role("heading", name="决策")).to_be_visible()
    said(data, "刚才忘了问X200有现货吗")
    await expect(page.get_by_text("刚才忘了问")).to_be_visible(timeout=15_000)


async def test_words_of_a_customer_never_run(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, f"X200什么价{SCRIPT}")
    page = await signed_in(browser, server, "chenjing", password)
    await expect(page.get_by_text("onerror").first).to_be_visible()
    await page.goto(f"{server}/console/decisions/{decision}")
    await expect(page.get_by_text("onerror").first).to_be_visible()
    assert "taken" not in await page.title()
    assert await page.locator("main img[src=x]").count() == 0


async def test_a_rep_sees_only_own_decisions_and_no_page_of_others(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X200几台起订能便宜")
    page = await signed_in(browser, server, "lisi", password)
    await page.goto(f"{server}/console/decisions/{decision}")
    await expect(page.get_by_text("没有这条决策")).to_be_visible()
    for path in ("/users", "/settings", "/board"):
        response = await page.goto(f"{server}/console{path}")
        assert response is not None
        assert response.status == 403


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/users", 403, "这一页不是给主管看的"),
        ("/nowhere", 404, "没有这一页"),
        ("/decisions/", 404, "没有这一页"),
        ("/?page=abc", 404, "没有这一页"),
    ],
)
async def test_where_no_page_is_a_sentence_stands_and_a_way_back(
    browser: Browser, server: str, password: str, path: str, status: int, told: str
) -> None:
    page = await signed_in(browser, server, "chenjing", password)
    response = await page.goto(f"{server}/console{path}")
    assert response is not None
    assert response.status == status
    await expect(page.get_by_text(told)).to_be_visible()
    await page.get_by_role("link", name="回到控制台").click()
    await expect(page.get_by_role("heading", name="决策")).to_be_visible()


async def test_on_a_phone_the_menu_opens_and_nothing_scrolls_sideways(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    said(data, "手机上看到X200保修多久")
    page = await signed_in(browser, server, "chenjing", password, PHONE)
    await expect(page.get_by_text("手机上看到")).to_be_visible()
    assert await beyond_the_edge(page) == []
    await page.get_by_role("button", name="菜单").click()
    await expect(page.get_by_role("navigation", name="主菜单")).to_be_visible()


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_a_number_of_the_board_opens_the_decisions_behind_it(
    browser: Browser, server: str, data: Path, password: str, size: dict[str, int]
) -> None:
    said(data, "看板上要有这一条:X200什么价")
    page = await signed_in(browser, server, "chenjing", password, size, path="/board")
    await expect(page.get_by_role("heading", name="每天的卡片")).to_be_visible()
    assert await beyond_the_edge(page) == []
    await page.get_by_role("link", name="待决定").click()
    await expect(page.get_by_text("看板上要有这一条").first).to_be_visible()
    assert "outcome=open" in page.url


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_who_sees_several_teams_narrows_list_and_board_to_one(
    browser: Browser, server: str, data: Path, password: str, size: dict[str, int]
) -> None:
    add_user(data, "刘洋", "--role", "manager")
    add_user(data, "赵敏", "--role", "rep", "--manager", "刘洋")
    said(data, "团队里的X200要一台")
    page = await signed_in(browser, server, "admin", password, size)
    await expect(page.get_by_text("团队里的X200要一台").first).to_be_visible()
    await page.get_by_label("团队").click()
    await page.get_by_role("option", name="刘洋的团队").click()
    await expect(page.get_by_text("没有符合条件的决策")).to_be_visible()
    assert "team=" in page.url
    await page.get_by_label("团队").click()
    await page.get_by_role("option", name="陈静的团队").click()
    await expect(page.get_by_text("团队里的X200要一台").first).to_be_visible()
    assert await beyond_the_edge(page) == []
    await page.goto(f"{server}/console/board?team=chenjing")
    await page.get_by_role("link", name="待决定").click()
    await expect(page.get_by_text("团队里的X200要一台").first).to_be_visible()
    assert "team=chenjing" in page.url
    await page.goto(f"{server}/console/board")
    await page.get_by_label("团队").click()
    await page.get_by_role("option", name="刘洋的团队").click()
    await expect(page.get_by_text("这段时间还没有卡片")).to_be_visible()
    assert await beyond_the_edge(page) == []


async def test_a_list_and_a_board_without_decisions_say_what_would_be_there(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "wangwu", password)
    await expect(page.get_by_text("还没有决策")).to_be_visible()
    await page.context.clear_cookies()
    page = await signed_in(browser, server, "admin", password, path="/?words=没有人说过这句话")
    await expect(page.get_by_text("没有符合条件的决策")).to_be_visible()
