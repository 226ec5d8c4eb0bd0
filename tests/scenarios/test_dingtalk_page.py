"""The decision page for people of DingTalk: its sign-in says who opened it, and a forwarded link opens for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.decision import State
from tests.fakes.dingtalk_chat import DingTalkChat
from tests.fakes.product import ASKED, Browser, Product

pytestmark = pytest.mark.parametrize("dingtalk", ["http"], indirect=True)
INSIDE = {"user-agent": "Mozilla/5.0 (iPhone) AliApp(DingTalk/7.6.0) com.laiwang.DingTalk"}
ME = "/v1.0/contact/users/me"


@pytest.fixture
async def url(dingtalk: Product, chat: DingTalkChat) -> str:
    """Of a decision that was shown to 张三 in DingTalk."""
    await dingtalk.deliver(chat.robot_callback(chat.message("zhangsan", ASKED)), "/dingtalk/robot")
    await dingtalk.settle()
    (decision,) = dingtalk.decisions()
    return dingtalk.parts.cards.path(decision)


@pytest.fixture
async def browser(dingtalk: Product) -> AsyncIterator[Browser]:
    opened = Browser(dingtalk)
    yield opened
    await opened.close()


def back(chat: DingTalkChat, away: httpx.Response, user: str) -> str:
    """Where DingTalk sends a browser back to, with a code of this person's."""
    address = urlsplit(away.headers["location"])
    assert address.netloc == "login.dingtalk.com"
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    chat.platform.codes["c1"] = f"union-{user}"
    return str(httpx.URL(asked["redirect_uri"], params={"authCode": "c1", "state": asked["state"]}))


async def test_inside_dingtalk_the_page_opens_for_its_rep_who_confirms_on_it(
    dingtalk: Product, chat: DingTalkChat, url: str, browser: Browser
) -> None:
    away = await browser.web.get(url, headers=INSIDE)
    page = await browser.get(back(chat, away, "zhangsan"))
    assert (page.status_code, "因为" in page.text) == (200, True)
    await browser.post(url, await browser.form(url), move="confirm")
    (decision,) = dingtalk.decisions()
    assert (decision.state, decision.decided_by) == (State.CARRIED_OUT, "zhangsan")


async def test_a_colleague_who_got_the_link_forwarded_is_told_whose_it_is(
    dingtalk: Product, chat: DingTalkChat, url: str, browser: Browser
) -> None:
    away = await browser.web.get(url, headers=INSIDE)
    page = await browser.get(back(chat, away, "lisi"))
    assert (page.status_code, "因为" in page.text) == (403, False)
    assert dingtalk.decisions()[0].state is State.PROPOSED


async def test_another_browser_chooses_between_dingtalk_and_a_code(
    dingtalk: Product, chat: DingTalkChat, url: str, browser: Browser
) -> None:
    asked = await browser.get(url)
    assert (asked.status_code, "用钉钉登录" in asked.text, "登录码" in asked.text) == (401, True, True)
    away = await browser.web.get(f"{url}/sign-in")
    assert (await browser.get(back(chat, away, "zhangsan"))).status_code == 200


async def test_a_code_is_worth_nothing_in_a_browser_that_did_not_ask_for_it(
    dingtalk: Product, chat: DingTalkChat, url: str, browser: Browser
) -> None:
    sender = Browser(dingtalk)
    away = await sender.web.get(url, headers=INSIDE)
    await sender.close()
    await browser.web.get(url, headers=INSIDE)
    refused = await browser.get(back(chat, away, "zhangsan"))
    assert (refused.status_code, "yiju_person" in browser.web.cookies) == (403, False)


async def test_somebody_who_is_no_employee_is_nobody(
    dingtalk: Product, chat: DingTalkChat, url: str, browser: Browser
) -> None:
    away = await browser.web.get(url, headers=INSIDE)
    assert (await browser.get(back(chat, away, "a-stranger"))).status_code == 403


async def test_when_dingtalk_is_away_the_page_says_so_and_offers_the_code(
    dingtalk: Product, chat: DingTalkChat, url: str, browser: Browser
) -> None:
    away = await browser.web.get(url, headers=INSIDE)
    chat.platform.fail(ME, "system.error", 500)
    page = await browser.get(back(chat, away, "zhangsan"))
    assert (page.status_code, "钉钉现在没有回应" in page.text) == (502, True)
