"""The trainer's editors of graph, taxonomy, industry and weights: mistakes by line, the effect before saving, in force at once, and back."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.environment import clean
from tests.browser.test_accessibility import serious
from tests.browser.test_console import LAPTOP, PHONE, beyond_the_edge, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
GRAPH, TAXONOMY = "/graph/files/graph", "/graph/files/taxonomy"
INDUSTRY, WEIGHTS = "/graph/files/industry", "/graph/files/weights"


async def appended(page: Page, words: str) -> None:
    """Typed at the end of the text."""
    await page.locator(".cm-content").click()
    await page.keyboard.press("Control+End")
    await page.keyboard.insert_text(words)


async def reason_given(page: Page, why: str) -> None:
    dialog = page.locator(".q-dialog")
    await dialog.get_by_label("理由").fill(why)
    await dialog.get_by_role("button", name="确定").click()


def competitors(data: Path, words: str) -> list[str]:
    """As `yiju intents predict` finds them, in a process of its own."""
    command = [sys.executable, "-m", "bot", "intents", "predict", "-", "--json"]
    line = json.dumps({"id": "1", "text": words, "speaker": "customer"}, ensure_ascii=False)
    done = subprocess.run(command, env=clean(data), capture_output=True, check=True, input=line.encode())
    return [one["value"] for one in json.loads(done.stdout)["entities"] if one["type"] == "competitor"]


def industry(data: Path) -> str:
    """What is in force, as `yiju knowledge files` shows it, in a process of its own."""
    command = [sys.executable, "-m", "bot", "knowledge", "files", "show", "industry"]
    done = subprocess.run(command, env=clean(data), capture_output=True, check=True)
    return done.stdout.decode()


def journal(data: Path, what: str) -> list[dict[str, object]]:
    with sqlite3.connect(data / "yiju.db") as database:
        rows = database.execute(
            "SELECT who, body FROM bot_journal WHERE what = ? ORDER BY seq", [what]
        ).fetchall()
    return [{"who": who, **json.loads(body)} for who, body in rows]


async def test_a_graph_is_mended_tried_saved_and_taken_back(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    page = await signed_in(browser, server, "sunli", password, path=GRAPH)
    await expect(page.get_by_text("随产品的版本").first).to_be_visible()
    await appended(page, "\nours:\n  _rival: [星瀚仪器]\n")
    await page.get_by_role("button", name="检查").click()
    await expect(page.get_by_text("ours._rival:不认识“_rival”,应为 _certification")).to_be_visible()
    await page.get_by_role("button", name="保存…").click()
    await expect(page.locator(".q-notification").last).to_contain_text("有 1 处要改")

    await appended(page, "")
    for _ in range(len("_rival: [星瀚仪器]\n")):
        await page.keyboard.press("Backspace")
    await page.keyboard.insert_text("_competitor: [星瀚仪器, 带磁]\n")
    await page.get_by_role("button", name="预览效果").click()
    await expect(page.get_by_text("开发集 360 句:读对")).to_be_visible(timeout=60_000)
    await page.get_by_role("button", name="保存…").click()
    await reason_given(page, "新的对手")
    await expect(page.get_by_text("本公司第 1 版")).to_be_visible()
    assert competitors(data, "星瀚仪器的比你们便宜") == ["星瀚仪器"]
    *_, saved = journal(data, "CompanyFileSaved")  # other tests save files of the same server
    assert (saved["who"], saved["number"], saved["why"], saved["cases"]) == ("sunli", 1, "新的对手", 360)

    await page.get_by_role("button", name="看差别").click()
    await expect(page.locator(".q-dialog .diff")).to_contain_text("-  _competitor: [星瀚仪器, 带磁]")
    await page.get_by_role("button", name="关闭").click()
    await page.get_by_role("button", name="退回到这一版…").click()
    await reason_given(page, "试完了")
    await expect(page.get_by_text("试完了(退回到随产品的版本)")).to_be_visible()
    assert competitors(data, "星瀚仪器的比你们便宜") == []
    assert [one["restores"] for one in journal(data, "CompanyFileRestored")] == [0]


async def test_a_renamed_intent_is_called_so_everywhere_without_a_restart(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "sunli", password, path=TAXONOMY)
    name = page.locator(".cm-line", has_text="label: 明确采购")
    await name.click()
    await page.keyboard.press("End")
    await page.keyboard.insert_text("(已定)")
    await page.get_by_role("button", name="保存…").click()
    await expect(
        page.locator(".q-dialog").get_by_text(re.compile(r"读对 (\d+) → \1,0 句读法变了"))
    ).to_be_visible(timeout=60_000)
    await reason_given(page, "叫法更清楚")
    await expect(page.get_by_text("· 叫法更清楚")).to_be_visible()
    await page.goto(f"{server}/console/graph")
    await expect(page.get_by_text("明确采购(已定)")).to_be_visible()
    await page.goto(f"{server}/console{TAXONOMY}")
    await page.get_by_role("button", name="退回到这一版…").last.click()
    await reason_given(page, "还是原来的")
    await expect(page.get_by_text("还是原来的(退回到随产品的版本)")).to_be_visible()


async def test_an_industry_is_mended_tried_on_questions_saved_and_taken_back(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    page = await signed_in(browser, server, "sunli", password, path="/graph")
    await page.get_by_role("button", name="编辑产品线与用途").click()
    await expect(page.locator(".cm-content")).to_contain_text("大容量离心机")
    before = len(journal(data, "CompanyFileSaved"))
    await appended(page, "\nbrands: {}\n")
    await page.get_by_role("button", name="检查").click()
    await expect(
        page.get_by_text("不认识“brands”,应为 lines、applications、competitors、parameters")
    ).to_be_visible()
    await appended(page, "")
    for _ in range(len("\nbrands: {}\n")):
        await page.keyboard.press("Backspace")
    await page.locator(".cm-line", has_text="锅炉加药").click()
    await page.keyboard.press("End")
    await page.keyboard.insert_text("\n  软化水站: [P60]")
    await page.get_by_label("再拿这些问题试").fill("软化水站的最高工作压力多少")
    await page.get_by_role("button", name="预览效果").click()
    await expect(page.get_by_text(re.compile(r"前五段里有答案 \d+ → \d+"))).to_be_visible(timeout=90_000)
    shift = page.locator(".shift", has_text="软化水站的最高工作压力多少")
    await expect(shift).to_contain_text(re.compile(r"P60H 技术参数 → .*P60 技术参数"))
    await page.get_by_text("改了哪些行").click()
    await expect(page.locator(".diff")).to_contain_text("软化水站")
    assert await serious(page) == []
    await page.get_by_role("button", name="保存…").click()
    await reason_given(page, "新的用途")
    await expect(page.get_by_text("本公司第 2 版")).to_be_visible()
    (saved,) = journal(data, "CompanyFileSaved")[before:]
    assert (saved["who"], saved["number"], saved["why"]) == ("sunli", 2, "新的用途")
    assert "软化水站" in industry(data)
    await page.get_by_role("button", name="退回到这一版…").first.click()
    await reason_given(page, "试完了")
    await expect(page.get_by_text("试完了(退回到第 1 版)")).to_be_visible()
    assert "软化水站" not in industry(data)


async def test_weights_are_checked_and_the_shipped_ones_are_what_is_edited_first(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "sunli", password, path=WEIGHTS)
    await expect(page.get_by_text("随产品的版本").first).to_be_visible()
    await page.locator(".cm-line", has_text='"dense"').click()
    await page.keyboard.press("End")
    await page.keyboard.press("Backspace")
    await page.keyboard.insert_text("e9,")
    await page.get_by_role("button", name="检查").click()
    await expect(page.get_by_text("应为 0 到 5 的数")).to_be_visible()


async def test_of_two_trainers_the_second_is_asked_to_look_again(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    first = await signed_in(browser, server, "sunli", password, path=GRAPH)
    second = await signed_in(browser, server, "admin", password, path=GRAPH)
    for page, word in ((first, "甲"), (second, "乙")):
        await expect(page.locator(".cm-content")).to_be_visible()
        await appended(page, f"\nours{word}:\n  _term: [{word}条款]\n")
        await page.get_by_role("button", name="保存…").click()
        await expect(page.locator(".q-dialog")).to_contain_text("开发集", timeout=60_000)
        await reason_given(page, "一起改")
        if page is first:
            await expect(page.get_by_text("· 一起改")).to_be_visible()
    await expect(second.locator(".q-notification").last).to_contain_text("别人刚存了另一版")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_the_editors_fit_and_have_no_serious_finding(
    browser: Browser, server: str, password: str, size: dict[str, int]
) -> None:
    page = await signed_in(browser, server, "sunli", password, size)
    for path in (GRAPH, TAXONOMY, INDUSTRY, WEIGHTS):
        await page.goto(f"{server}/console{path}")
        await expect(page.locator(".cm-content[aria-label]")).to_be_visible()
        assert await beyond_the_edge(page) == [], path
        assert await serious(page) == [], path


async def test_a_manager_may_not_edit(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "chenjing", password)
    response = await page.goto(f"{server}/console{GRAPH}")
    assert response is not None
    assert response.status == 403
