"""Who may decide a card, and until when: its rep or their manager, before it expires, signed in as themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.decision import State
from bot.tables import ActionRow
from tests.fakes.product import ASKED, Browser, Product
from tests.fakes.wecom_platform import Shown


@pytest.fixture
async def browser(product: Product) -> AsyncIterator[Browser]:
    opened = Browser(product)
    yield opened
    await opened.close()


@pytest.fixture
async def card(product: Product) -> Shown:
    await product.hears("zhangsan", ASKED)
    return product.cards("zhangsan")[0]


def url(card: Shown) -> str:
    return str(card.content["card_action"]["url"])


async def test_an_expired_card_says_so_and_a_tap_on_it_changes_nothing(product: Product, card: Shown) -> None:
    kept = Shown(card.user, card.kind, dict(card.content), card.msgid, card.task)
    product.pass_by(hours=25)
    await product.parts.jobs.expire()
    await product.settle()
    assert "已过期" in card.content["replace_text"]
    await product.taps(kept, "确认")
    assert "已经过期" in product.words("zhangsan")[-1]
    assert product.count(ActionRow) == 0


async def test_a_tap_is_refused_after_the_time_even_before_the_clock_job_came(
    product: Product, card: Shown
) -> None:
    product.pass_by(hours=25)
    await product.taps(card, "确认")
    assert "已经过期" in product.words("zhangsan")[-1]
    assert product.decision(card).state is State.EXPIRED
    assert product.count(ActionRow) == 0


@pytest.mark.parametrize("other", ["lisi", "sunli", "admin", "nobody"])
async def test_a_forwarded_card_carries_no_right(product: Product, card: Shown, other: str) -> None:
    await product.taps(card, "确认", by=other)
    assert "只有" in product.words(other)[-1]
    assert product.decision(card).state is State.PROPOSED
    assert product.count(ActionRow) == 0


async def test_the_manager_may_decide_and_the_reps_card_names_them(product: Product, card: Shown) -> None:
    await product.taps(card, "确认", by="chenjing")
    assert product.decision(card).state is State.CARRIED_OUT
    assert product.decision(card).decided_by == "chenjing"
    assert "陈静" in card.content["main_title"]["desc"]


async def test_of_two_taps_the_second_is_told_who_was_first(product: Product, card: Shown) -> None:
    taps = [
        product.wecom.tap(card, "确认"),
        product.wecom.tap(Shown("chenjing", card.kind, card.content, "m", card.task), "驳回"),
    ]
    for tap in taps:
        await product.deliver(tap)
    await product.settle()
    assert "已由张三处理过" in product.words("chenjing")[-1]
    assert product.decision(card).decided_by == "zhangsan"


async def test_a_tap_on_a_card_that_nobody_sent_is_told_so(product: Product, card: Shown) -> None:
    forged = Shown(
        "zhangsan", card.kind, {"button_list": [{"text": "确认", "key": "confirm@nothing@0@00"}]}, "m", "t"
    )
    await product.taps(forged, "确认")
    assert "没有找到这张卡片" in product.words("zhangsan")[-1]


async def test_a_tap_bound_to_other_content_is_refused(product: Product, card: Shown) -> None:
    key = card.content["button_list"][0]["key"]
    other = Shown(
        "zhangsan",
        card.kind,
        {"button_list": [{"text": "确认", "key": key[:-16] + "0" * 16}]},
        "m",
        card.task,
    )
    await product.taps(other, "确认")
    assert "旧版本" in product.words("zhangsan")[-1]
    assert product.count(ActionRow) == 0


async def test_a_link_alone_opens_nothing(product: Product, card: Shown, browser: Browser) -> None:
    page = await browser.get(url(card))
    assert page.status_code == 401
    assert "请先确认您是谁" in page.text
    assert "X200" not in page.text
    assert (await browser.post(url(card), {"move": "confirm", "mark": "x"})).status_code == 401
    assert product.decision(card).state is State.PROPOSED


async def test_a_code_sent_to_the_chat_opens_the_page(
    product: Product, card: Shown, browser: Browser
) -> None:
    page = await browser.sign_in(url(card), "zhangsan")
    assert page.status_code == 200
    assert "价格表" in page.text
    assert (await browser.get(url(card))).status_code == 200


async def test_a_code_is_sent_only_to_the_rep_or_their_manager(
    product: Product, card: Shown, browser: Browser
) -> None:
    response = await browser.web.post(f"{url(card)}/code", data={"send": "1", "user": "lisi"})
    await product.settle()
    assert response.status_code == 403
    assert product.words("lisi") == []


async def test_wrong_codes_are_limited(product: Product, card: Shown, browser: Browser) -> None:
    for _ in range(5):
        assert (await browser.type_code(url(card), "zhangsan", "000000x")).status_code == 403
    assert (await browser.sign_in(url(card), "zhangsan")).status_code == 403
    assert (await browser.get(url(card))).status_code == 401


async def test_somebody_else_who_is_signed_in_may_not_open_it(
    product: Product, card: Shown, browser: Browser
) -> None:
    await product.hears("lisi", "客户苏州精模说:P60多少钱,要20台")
    await browser.sign_in(url(product.cards("lisi")[0]), "lisi")
    page = await browser.get(url(card))
    assert page.status_code == 403
    assert "只有张三本人或其主管" in page.text
    assert "华东仁和" not in page.text


async def test_a_link_that_was_tampered_with_or_ran_out_opens_nothing(
    product: Product, card: Shown, browser: Browser
) -> None:
    assert (await browser.get(url(card)[:-3] + "abc")).status_code == 403
    product.pass_by(days=91)
    assert (await browser.get(url(card))).status_code == 403
