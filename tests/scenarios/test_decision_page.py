"""The decision page: what a rep changes there is carried out as changed, what is wrong comes back with the form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.decision import ReasonKind, State
from bot.tables import ActionRow, ConfirmationRow, CorrectionRow
from crm_bridge.adapters.embedded.tables import OpportunityRow
from tests.fakes.product import ASKED, Browser, Product
from tests.fakes.wecom_platform import Shown


@pytest.fixture
async def card(product: Product) -> Shown:
    await product.hears("zhangsan", ASKED)
    return product.cards("zhangsan")[0]


@pytest.fixture
def url(card: Shown) -> str:
    return str(card.content["card_action"]["url"])


@pytest.fixture
async def browser(product: Product, url: str) -> AsyncIterator[Browser]:
    """zhangsan's, signed in."""
    opened = Browser(product)
    await opened.sign_in(url, "zhangsan")
    yield opened
    await opened.close()


def field_of(product: Product, card: Shown, kind: str, name: str) -> str:
    """The name of an action's field in the form."""
    kinds = [action.kind for action in product.decision(card).draft.actions]
    return f"a{kinds.index(kind)}.{name}"


async def test_the_page_shows_every_reason_and_links_each_passage(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    page = (await browser.get(url)).text
    for reason in product.decision(card).rationale.reasons:
        assert reason.source.split("《")[-1][:8] in page
        if reason.kind is ReasonKind.PASSAGE:
            assert f"/source/{reason.ref}" in page


async def test_a_form_sent_back_as_it_was_is_a_plain_yes(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    page = await browser.post(url, await browser.form(url), move="confirm")
    assert page.status_code == 200
    assert product.decision(card).state is State.CARRIED_OUT
    (confirmation,) = product.rows(ConfirmationRow)
    assert (confirmation.kind, confirmation.changes) == ("confirmed", {})


async def test_words_in_several_lines_sent_back_as_they_were_are_a_plain_yes(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    await product.hears("zhangsan", "客户华东仁和说:X200要两台呢,报个价")
    (newer,) = product.open_cards("zhangsan")
    url = str(newer.content["card_action"]["url"])
    assert "\n" in (form := await browser.form(url))[field_of(product, newer, "opportunity.create", "note")]
    assert (await browser.post(url, form, move="confirm")).status_code == 200
    (confirmation,) = product.rows(ConfirmationRow)
    assert (confirmation.kind, confirmation.changes) == ("confirmed", {})


async def test_changed_fields_and_words_are_carried_out_as_changed_and_recorded(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    known = {row.id for row in product.rows(OpportunityRow)}
    quantity = field_of(product, card, "opportunity.create", "quantity")
    form = await browser.form(url) | {quantity: "40", "draft": "您好,报价稍后奉上。", "note": "客户改口了"}
    await browser.post(url, form, move="confirm")
    (made,) = (row for row in product.rows(OpportunityRow) if row.id not in known)
    assert made.quantity == 40
    (confirmation,) = product.rows(ConfirmationRow)
    assert confirmation.kind == "corrected"
    assert confirmation.changes["opportunity.create.quantity"] == [50, 40]
    assert confirmation.changes["draft"][1] == "您好,报价稍后奉上。"
    (correction,) = product.rows(CorrectionRow)
    assert (correction.kind, correction.note) == ("content", "客户改口了")
    assert "修正" in str(card.content)


async def test_an_action_that_is_unticked_is_not_carried_out(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    before = product.count(OpportunityRow)
    form = await browser.form(url)
    form.pop(field_of(product, card, "opportunity.create", "keep"))
    await browser.post(url, form, move="confirm")
    assert [row.kind for row in product.rows(ActionRow)] == ["quote.draft"]
    assert product.count(OpportunityRow) == before


async def test_a_wrong_field_comes_back_with_its_reason_and_the_rest_of_the_form(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    quantity = field_of(product, card, "opportunity.create", "quantity")
    form = await browser.form(url) | {quantity: "很多", "draft": "我改了一半的草稿"}
    page = await browser.post(url, form, move="confirm")
    assert page.status_code == 422
    assert "数量" in page.text
    assert "我改了一半的草稿" in page.text
    assert 'value="很多"' in page.text
    assert product.decision(card).state is State.PROPOSED


@pytest.mark.parametrize("move", ["fly", "", "intent"])
async def test_a_form_that_no_page_made_is_refused(
    product: Product, card: Shown, url: str, browser: Browser, move: str
) -> None:
    form = await browser.form(url) | {"intent": "no_such_intent"}
    assert (await browser.post(url, form, move=move)).status_code == 422
    assert product.decision(card).state is State.PROPOSED


async def test_a_form_without_its_mark_is_refused(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    form = await browser.form(url) | {"mark": "from-another-site"}
    assert (await browser.post(url, form, move="confirm")).status_code == 409
    assert product.count(ActionRow) == 0


async def test_a_page_that_is_behind_is_told_so(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    form = await browser.form(url)
    await product.taps(card, "驳回")
    page = await browser.post(url, form, move="confirm")
    assert page.status_code == 409
    assert "已由张三处理过了" in page.text
    assert product.decision(card).state is State.DECLINED
    assert product.count(ActionRow) == 0


async def test_another_intent_on_the_page_leads_to_the_new_proposal(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    page = await browser.post(url, await browser.form(url), move="intent", intent="technical_inquiry")
    assert page.status_code == 200
    assert "技术咨询" in page.text
    assert product.decision(card).state is State.SUPERSEDED
    assert len(product.open_cards("zhangsan")) == 1


async def test_declining_on_the_page_keeps_the_reason(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    await browser.post(url, await browser.form(url), move="decline", note="客户已经买了")
    assert product.decision(card).note == "客户已经买了"
    assert "客户已经买了" in str(card.content)


async def test_a_source_shows_the_passage_in_its_document(
    product: Product, card: Shown, url: str, browser: Browser
) -> None:
    passages = [one for one in product.decision(card).rationale.reasons if one.kind is ReasonKind.PASSAGE]
    assert passages
    for reason in passages:
        page = await browser.get(f"{url}/source/{reason.ref}")
        found = product.parts.library.passage(reason.ref)
        assert found is not None
        assert page.status_code == 200
        assert found.citation.title in page.text
        assert 'id="quoted"' in page.text


async def test_a_passage_of_another_customers_contract_is_refused(
    product: Product, url: str, browser: Browser
) -> None:
    accounts = {one.name: one.id for one in await product.parts.crm.directory()}
    found = product.parts.library.search("质保期", customer=accounts["苏州精模智造有限公司"], k=20)
    theirs = [one.passage for one in found.evidence if one.passage.customer]
    assert theirs
    for passage in theirs:
        page = await browser.get(f"{url}/source/{passage.id}")
        assert page.status_code == 404
        assert "苏州精模" not in page.text
    assert (await browser.get(f"{url}/source/nothing")).status_code == 404


async def test_what_a_customer_wrote_is_shown_as_words_and_never_as_markup(product: Product) -> None:
    await product.hears("zhangsan", "客户华东仁和说:你们X200多少钱<script>alert(1)</script>")
    card = product.cards("zhangsan")[0]
    browser = Browser(product)
    page = await browser.sign_in(str(card.content["card_action"]["url"]), "zhangsan")
    assert "<script>alert" not in page.text
    assert page.headers["x-frame-options"] == "DENY"
    await browser.close()


INSIDE = {"user-agent": "Mozilla/5.0 MicroMessenger/7.0.1 wxwork/4.1.30"}


def signed_in(product: Product, away: httpx.Response, **who: str) -> str:
    """Where WeCom sends a browser back to, with a code of this person's."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away.headers["location"]).query).items()}
    code = product.wecom.pages.code(**who)
    return str(httpx.URL(asked["redirect_uri"], params={"code": code, "state": asked["state"]}))


async def test_inside_wecom_the_page_opens_without_a_code(product: Product, url: str) -> None:
    rep = Browser(product)
    away = await rep.web.get(url, headers=INSIDE)
    assert away.status_code == 303
    page = await rep.get(signed_in(product, away, userid="ZhangSan"))
    assert (page.status_code, "因为" in page.text) == (200, True)
    await rep.close()


async def test_inside_wecom_a_colleague_who_got_the_link_is_told_whose_it_is(
    product: Product, url: str
) -> None:
    other = Browser(product)
    away = await other.web.get(url, headers=INSIDE)
    page = await other.get(signed_in(product, away, userid="lisi"))
    assert (page.status_code, "因为" in page.text) == (403, False)
    await other.close()


async def test_nobody_signs_another_persons_browser_in_as_themselves(product: Product, url: str) -> None:
    sender, receiver = Browser(product), Browser(product)
    away = await sender.web.get(url, headers=INSIDE)
    await receiver.web.get(url, headers=INSIDE)
    refused = await receiver.get(signed_in(product, away, userid="zhangsan"))
    assert (refused.status_code, "yiju_person" in receiver.web.cookies) == (403, False)
    for one in (sender, receiver):
        await one.close()


async def test_somebody_outside_the_company_is_nobody(product: Product, url: str) -> None:
    stranger = Browser(product)
    away = await stranger.web.get(url, headers=INSIDE)
    assert (await stranger.get(signed_in(product, away, openid="o1"))).status_code == 403
    await stranger.close()
