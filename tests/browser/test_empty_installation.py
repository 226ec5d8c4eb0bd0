"""An installation in which nothing has happened yet: every page says what would be there, or what to do first."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from bot.console.access import PLACES
from tests.browser.first_day import ADMIN, PASSWORD, first_day
from tests.browser.test_console import signed_in

__all__ = ["first_day"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
SAYS = {
    "/": "销售把客户的话发给机器人,这里就会出现第一张卡片",
    "/board": "有人确认、修正或驳回之后,这里就有数字",
    "/labels": "也可以在“数据集”里导入聊天记录",
    "/datasets": "先到“标注”里标几条",
    "/models": "训练新模型",
    "/graph": "收录带表格的手册后,型号、参数、故障码会出现在这里",
    "/documents": "拖一份手册或价格表进来,机器人就能引用它",
    "/connections": "现在检查",
    "/quality": "让 ERP、CRM 或设备平台把事件发到",
    "/dead-letters": "没有读不懂的事件",
    "/users": "新增人员",
    "/policy": "能读吗",
    "/jobs": "现在运行",
    "/health": "设置企业微信或钉钉",
    "/journal": "校验整条链",
    "/settings": "设置来自环境变量和 .env",
}


def test_no_page_of_the_menu_is_left_out() -> None:
    assert set(SAYS) == {place.path for place in PLACES}


async def test_every_page_says_what_to_do_next(browser: Browser, first_day: str) -> None:
    page = await signed_in(browser, first_day, ADMIN, PASSWORD)
    await expect(page.locator(".title").first).to_be_visible()
    for path, words in SAYS.items():
        await page.goto(f"{first_day}/console{path}")
        await expect(page.get_by_text(words).first).to_be_visible(timeout=30_000)
