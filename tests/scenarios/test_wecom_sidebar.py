"""WeCom's chat toolbar: who may open it, whose chat it is, and what stands there when something is missing."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from selectolax.lexbor import LexborHTMLParser

from bot import journal
from crm_bridge import CrmUnavailable
from tests.fakes.product import ASKED, PUBLIC_URL, Product
from tests.fakes.wecom_platform import AGENT, CORP
from tests.fakes.wecom_toolbar import AT, WANG, Toolbar, account_of, bound, fields, toolbar

__all__ = ["bound", "toolbar"]
LARGEST = 100_000
"""Bytes of the page with a card, its script and its style sheet, uncompressed."""


def linked(product: Product) -> list[dict[str, Any]]:
    with product.parts.store.look() as session:
        lines = [line for line in journal.lines(session) if line.what == "ContactLinked"]
        return [orjson.loads(line.body) | {"who": line.who} for line in lines]


async def test_a_page_opens_without_a_tap_and_is_signed_for_its_own_address(
    product: Product, toolbar: Toolbar
) -> None:
    page = await toolbar.web.get(f"{AT}?from=toolbar%20x")
    assert page.status_code == 303
    page = await toolbar.web.get(toolbar.signed_in(page), follow_redirects=True)
    assert page.status_code == 200
    node = LexborHTMLParser(page.text).css_first("#sidebar")
    sdk = orjson.loads(str(node.attributes["data-sdk"]))
    assert (sdk["corp"], sdk["agent"]) == (CORP, str(AGENT))
    url = f"{PUBLIC_URL}{AT}?from=toolbar%20x"
    assert product.wecom.pages.is_signed("company", url, sdk["company"])
    assert product.wecom.pages.is_signed("app", url, sdk["app"])
    assert "正在看这是与哪位客户的聊天" in page.text


async def test_only_the_sdk_may_come_from_elsewhere_and_only_on_this_page(
    product: Product, bound: Toolbar
) -> None:
    page = await bound.open()
    policy = page.headers["content-security-policy"]
    assert re.findall(r"https?://\S+?(?=[ ;])", policy) == [
        "https://res.wx.qq.com/open/js/jweixin-1.2.0.js",
        "https://open.work.weixin.qq.com/wwopen/js/jwxwork-1.0.0.js",
    ]
    assert "unsafe" not in policy
    assert re.findall(r"<script src=\"([^\"]+)\"", page.text)[-1] == "/static/sidebar.js"
    assert "<script>" not in page.text
    await product.hears("zhangsan", ASKED)
    files = [(await bound.web.get(f"/static/{name}")).content for name in ("sidebar.js", "page.css")]
    assert sum(map(len, ((await bound.open()).content, *files))) < LARGEST
    decided = await bound.web.get(
        urlsplit(str(product.cards("zhangsan")[0].content["card_action"]["url"])).path
    )
    assert re.findall(r"script-src ([^;]+)", decided.headers["content-security-policy"]) == ["'self'"]


async def test_a_contact_nobody_named_yet_is_named_once_by_the_rep_and_it_is_written_down(
    product: Product, toolbar: Toolbar
) -> None:
    product.wecom.pages.add_contact(WANG, "王建国", "", ZhangSan="华东仁和医疗")
    page = await toolbar.open()
    offered = [one.text() for one in LexborHTMLParser(page.text).css("button[name=account]")]
    assert ("王建国" in page.text, offered[0]) == (True, "华东仁和医疗科技有限公司")
    account = await account_of(product, "华东仁和")
    page = await toolbar.send(page, f"{AT}/link", account=account)
    assert "华东仁和" in page.text
    assert "没有待确认的卡片" in page.text
    assert linked(product) == [{"contact": WANG, "account": account, "before": "", "who": "zhangsan"}]
    assert "没有待确认的卡片" in (await toolbar.open()).text


async def test_another_of_ones_own_customers_can_be_chosen_later(product: Product, bound: Toolbar) -> None:
    page = await bound.open(choose="1", q="仁和")
    assert "华东仁和医疗科技有限公司" in page.text
    own = [
        one.id
        for one in await product.parts.crm.directory()
        if one.owner == "zhangsan" and "华东仁和" not in one.also
    ]
    await bound.send(await bound.open(choose="1"), f"{AT}/link", account=own[0])
    assert [line["before"] for line in linked(product)] == ["", await account_of(product, "华东仁和")]


async def test_nobody_takes_another_reps_customer_or_contact(product: Product, bound: Toolbar) -> None:
    other = Toolbar(product, "lisi")
    theirs = await other.open()
    assert (theirs.status_code, "张三" in theirs.text, "华东仁和" in theirs.text) == (403, True, False)
    stranger = await other.open("wmSomebodyElse")
    account = await account_of(product, "华东仁和")
    refused = await other.send(stranger, f"{AT}/link", account=account)
    assert refused.status_code == 403
    own = next(one.id for one in await product.parts.crm.directory() if one.owner == "lisi")
    form = fields(LexborHTMLParser(stranger.text).css_first('form[method="post"]'))
    taken = await other.web.post(f"{AT}/link?contact={WANG}", data=form | {"account": own})
    assert taken.status_code == 403
    assert [line["account"] for line in linked(product)] == [account]
    await other.close()


async def test_a_contact_of_colleagues_only_cannot_be_claimed(product: Product, toolbar: Toolbar) -> None:
    product.wecom.pages.add_contact(WANG, "王建国", "", LiSi="")
    refused = await toolbar.send(
        await toolbar.open(), f"{AT}/link", account=await account_of(product, "华东仁和")
    )
    assert (refused.status_code, linked(product)) == (403, [])


async def test_without_the_right_to_read_contacts_the_rep_says_who_it_is(
    product: Product, toolbar: Toolbar
) -> None:
    product.wecom.script("externalcontact/get", 48002, 48002)
    page = await toolbar.send(
        await toolbar.open(), f"{AT}/link", account=await account_of(product, "华东仁和")
    )
    assert (page.status_code, len(linked(product))) == (200, 1)


@pytest.mark.parametrize("user", ["sunli", "admin"])
async def test_who_decides_nothing_is_told_whom_the_page_is_for(product: Product, user: str) -> None:
    opened = Toolbar(product, user)
    page = await opened.open()
    assert (page.status_code, "只给销售和主管用" in page.text) == (403, True)
    await opened.close()


async def test_a_member_whom_nobody_added_is_told_whom_to_ask(product: Product) -> None:
    opened = Toolbar(product, "nobody")
    page = await opened.open()
    assert (page.status_code, "管理员" in page.text, "nobody" in page.text) == (403, True, True)
    await opened.close()


async def test_outside_wecom_the_page_says_where_to_open_it(product: Product) -> None:
    laptop = Toolbar(product, "zhangsan", {"user-agent": "Mozilla/5.0 Chrome/130"})
    page = await laptop.open()
    assert (page.status_code, "聊天右侧的工具栏" in page.text) == (401, True)
    await laptop.close()


async def test_a_sign_in_of_another_browser_or_with_a_used_code_lets_nobody_in(
    product: Product, toolbar: Toolbar
) -> None:
    away = await toolbar.web.get(AT)
    victim = Toolbar(product, "lisi")
    await victim.web.get(AT)
    assert (await victim.web.get(toolbar.signed_in(away))).status_code == 403
    assert (await toolbar.web.get(toolbar.signed_in(away, code="used"))).status_code == 403
    assert (await toolbar.web.get(toolbar.signed_in(away, state=""))).status_code == 403
    product.wecom.script("auth/getuserinfo", 50001)
    assert (await toolbar.web.get(toolbar.signed_in(away))).status_code == 502
    outsider = product.wecom.pages.code(openid="o1")
    assert (await toolbar.web.get(toolbar.signed_in(away, code=outsider))).status_code == 403
    assert "yiju_person" not in toolbar.web.cookies
    await victim.close()


async def test_while_the_customer_system_sleeps_the_page_says_so(
    product: Product, bound: Toolbar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asleep(*_: Any) -> Any:
        raise CrmUnavailable("asleep")

    monkeypatch.setattr(product.parts.desk.customers, "of", asleep)
    page = await bound.open()
    assert (page.status_code, "客户系统现在没有回应" in page.text) == (503, True)


@pytest.mark.parametrize("contact", ["../x", "a" * 65, "wm 1", "客户", "wm1\n"])
async def test_what_can_be_no_contact_is_refused_in_words(toolbar: Toolbar, contact: str) -> None:
    page = await toolbar.open(contact)
    assert (page.status_code, "不是一个外部联系人的编号" in page.text) == (422, True)


@pytest.mark.parametrize("path", ["", "/link", "/words", "/placed"])
async def test_who_is_not_signed_in_sends_nothing(product: Product, path: str) -> None:
    stranger = Toolbar(product, "zhangsan")
    sent = await stranger.web.post(f"{AT}{path}?contact={WANG}&card=d1", data={"mark": "x"})
    assert sent.status_code == 401
    await stranger.close()


@pytest.mark.parametrize("path", ["/link", "/words", "/placed"])
async def test_a_form_without_the_pages_mark_is_refused(bound: Toolbar, path: str) -> None:
    sent = await bound.web.post(
        f"{AT}{path}?contact={WANG}&card=d1", data={"words": "多少钱", "key": "a" * 16}
    )
    assert (sent.status_code, "放得太久" in sent.text) == (403, True)
