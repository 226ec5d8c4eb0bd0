"""WeCom's chat toolbar as one person has it open: signing in without a tap, filling in forms, sending them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from crm_bridge import AccountId
from tests.fakes.product import PUBLIC_URL, Product

AT = "/wecom/sidebar"
INSIDE = {"user-agent": "Mozilla/5.0 (iPhone) MicroMessenger/7.0.1 wxwork/4.1.30"}
WANG = "wmWangJianguo01"
"""王建国 of 华东仁和, 张三's customer."""


class Toolbar:
    """One person's WeCom, opened at the toolbar of a chat."""

    def __init__(self, product: Product, user: str, headers: dict[str, str] | None = None) -> None:
        self.product, self.user = product, user
        transport = httpx.ASGITransport(product.app)
        self.web = httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers or INSIDE)

    async def open(self, contact: str = WANG, **query: str) -> httpx.Response:
        """Signs in on the way, as WeCom's browser does without a tap."""
        page = await self.web.get(AT, params={"contact": contact, **query})
        if page.status_code == 303 and "open.weixin.qq.com" in page.headers["location"]:
            page = await self.web.get(self.signed_in(page), follow_redirects=True)
        return page

    def signed_in(self, away: httpx.Response, **changes: str) -> str:
        """Where WeCom sends the browser back to."""
        asked = {
            name: values[0] for name, values in parse_qs(urlsplit(away.headers["location"]).query).items()
        }
        back = {"code": self.product.wecom.pages.code(userid=self.user), "state": asked["state"]} | changes
        return str(httpx.URL(asked["redirect_uri"], params=back))

    async def send(self, page: httpx.Response, action: str, **changes: str) -> httpx.Response:
        """Fill in and send the form of a page whose address begins so; the work it asks for is done meanwhile."""
        form = next(
            one
            for one in LexborHTMLParser(page.text).css("form")
            if str(one.attributes.get("action", "")).startswith(action)
        )
        changed = {name.replace("__", "."): value for name, value in changes.items()}
        url = str(form.attributes["action"])
        sent = asyncio.ensure_future(self.web.post(url, data=fields(form) | changed, follow_redirects=True))
        while not sent.done():
            await self.product.settle()
            await asyncio.wait({sent}, timeout=0.05)
        return await sent

    async def close(self) -> None:
        await self.web.aclose()


def fields(form: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in form.css("input[name], textarea[name]"):
        if one.attributes.get("type") != "checkbox" or "checked" in one.attributes:
            value = one.text() if one.tag == "textarea" else one.attributes.get("value")
            found[str(one.attributes["name"])] = value or ""
    for one in form.css("select[name]"):
        chosen = one.css_first("option[selected]") or one.css_first("option")
        found[str(one.attributes["name"])] = str(chosen.attributes.get("value") or "")
    return found


async def account_of(product: Product, name: str) -> AccountId:
    return next(one.id for one in await product.parts.crm.directory() if name in {one.name, *one.also})


@pytest.fixture
async def toolbar(product: Product) -> AsyncIterator[Toolbar]:
    """张三's."""
    opened = Toolbar(product, "zhangsan")
    yield opened
    await opened.close()


@pytest.fixture
async def bound(product: Product, toolbar: Toolbar) -> Toolbar:
    """张三's, where 王建国 is known to be of 华东仁和."""
    page = await toolbar.open()
    await toolbar.send(page, f"{AT}/link", account=await account_of(product, "华东仁和"))
    return toolbar
