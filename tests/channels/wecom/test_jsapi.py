"""Signatures that let a page call WeCom's JS-SDK, and the tickets behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.channels import ChannelError, ChannelRefused
from bot.channels.wecom import WeCom
from bot.channels.wecom.jsapi import Signature, sign
from bot.sharing import StoredTokens
from bot.store import Store
from tests.fakes.wecom_platform import WeComPlatform, settings

URL = "https://yiju.example/wecom/sidebar?contact=wm1"
KNOWN_TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"


def shown(signature: Signature) -> dict[str, Any]:
    return {
        "timestamp": signature.timestamp,
        "nonceStr": signature.nonce,
        "signature": signature.signature,
    }


@pytest.mark.parametrize(
    "url", ["http://mp.weixin.qq.com?params=value", "http://mp.weixin.qq.com?params=value#x"]
)
def test_the_documentations_own_example_is_signed_alike(url: str) -> None:
    signed = sign(KNOWN_TICKET, "Wm3WZYTPz0wzccnW", 1414587457, url)
    assert signed == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


async def test_a_page_is_signed_as_the_company_and_as_the_app_for_its_own_address(
    wecom: WeCom, platform: WeComPlatform
) -> None:
    signatures = await wecom.signatures(URL)
    company, app = shown(signatures.company), shown(signatures.app)
    assert platform.pages.is_signed("company", URL, company)
    assert platform.pages.is_signed("app", URL, app)
    assert not platform.pages.is_signed("app", URL, company)
    assert not platform.pages.is_signed("company", f"{URL}2", company)


async def test_tickets_are_fetched_once_in_two_hours_and_every_page_has_its_own_nonce(
    wecom: WeCom, platform: WeComPlatform
) -> None:
    nonces = {(await wecom.signatures(f"{URL}{number}")).app.nonce for number in range(20)}
    assert len(nonces) == 20
    assert (platform.calls["get_jsapi_ticket"], platform.calls["ticket/get"]) == (1, 1)
    platform.now += timedelta(hours=2)
    signatures = await wecom.signatures(URL)
    assert platform.pages.is_signed("app", URL, shown(signatures.app))
    assert (platform.calls["get_jsapi_ticket"], platform.calls["ticket/get"]) == (2, 2)


async def test_processes_share_tickets_which_no_copy_of_the_database_gives_away(
    platform: WeComPlatform, store: Store
) -> None:
    async with platform.http() as http:
        for _ in range(3):
            shelf = StoredTokens(store, "secret")
            process = WeCom(settings(), http, platform.clock, shelf=shelf)
            signatures = await process.signatures(URL)
            assert platform.pages.is_signed("app", URL, shown(signatures.app))
    assert [platform.calls[path] for path in ("gettoken", "get_jsapi_ticket", "ticket/get")] == [1, 1, 1]
    with store.look() as session:
        kept = session.connection().exec_driver_sql("SELECT * FROM bot_shared_token").fetchall()
    assert len(kept) == 3
    assert not any(ticket in str(kept) for ticket in platform.pages.tickets)


async def test_without_the_right_to_a_ticket_nobody_hammers(wecom: WeCom, platform: WeComPlatform) -> None:
    platform.script("ticket/get", 48002)
    for _ in range(5):
        with pytest.raises(ChannelRefused):
            await wecom.signatures(URL)
    assert platform.calls["ticket/get"] == 1


async def test_a_ticket_that_is_missing_from_the_answer_is_asked_for_again_later(
    wecom: WeCom, platform: WeComPlatform
) -> None:
    platform.script("get_jsapi_ticket", 0)
    with pytest.raises(ChannelError, match="without a ticket"):
        await wecom.signatures(URL)
    assert (await wecom.signatures(URL)).company.signature


async def test_a_contact_has_the_companies_that_members_noted(wecom: WeCom, platform: WeComPlatform) -> None:
    platform.pages.add_contact("wm1", "王敏", "", ZhangSan="华东仁和", LiSi="")
    found = await wecom.contact("wm1")
    assert found
    assert (found.name, found.companies) == ("王敏", ("华东仁和",))
    assert found.followers == {"zhangsan", "lisi"}


@pytest.mark.parametrize("code", [48002, 84061])
async def test_a_contact_that_wecom_cannot_tell_of_is_nobody(
    wecom: WeCom, platform: WeComPlatform, code: int
) -> None:
    platform.script("externalcontact/get", code)
    assert await wecom.contact("wm1") is None


async def test_another_refusal_is_an_error(wecom: WeCom, platform: WeComPlatform) -> None:
    platform.script("externalcontact/get", 41001)
    with pytest.raises(ChannelRefused):
        await wecom.contact("wm1")
