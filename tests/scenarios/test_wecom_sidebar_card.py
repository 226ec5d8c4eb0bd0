"""WeCom's chat toolbar: the customer's card is answered there, their words become one, and what was confirmed goes into the chat."""

from __future__ import annotations

import orjson
import pytest
from selectolax.lexbor import LexborHTMLParser

from bot import journal
from bot.decision import State
from bot.tables import ActionRow, ConfirmationRow, DeliveryRow
from tests.fakes.product import ASKED, PUBLIC_URL, Product
from tests.fakes.wecom_toolbar import AT, WANG, Toolbar, account_of, bound, fields, toolbar

__all__ = ["bound", "toolbar"]


async def test_the_customers_open_card_is_edited_and_confirmed_in_place(
    product: Product, bound: Toolbar
) -> None:
    await product.hears("zhangsan", ASKED)
    page = await bound.open()
    assert "因为" in page.text
    assert "放进聊天框" not in page.text
    page = await bound.send(page, f"{AT}?", draft="您好,报价稍后奉上。", move="confirm")
    assert page.status_code == 200
    assert str(page.url).startswith(f"{PUBLIC_URL}{AT}?contact={WANG}")
    (decision,) = product.decisions()
    assert decision.state is State.CARRIED_OUT
    (confirmation,) = product.rows(ConfirmationRow)
    assert (confirmation.person, confirmation.changes["draft"][1]) == ("zhangsan", "您好,报价稍后奉上。")
    draft = LexborHTMLParser(page.text).css_first("#draft")
    assert draft.text() == "您好,报价稍后奉上。"
    assert "放进聊天框" in page.text
    assert "已创建商机" in page.text


async def test_a_wrong_field_comes_back_with_what_was_typed(product: Product, bound: Toolbar) -> None:
    await product.hears("zhangsan", ASKED)
    kinds = [action.kind for action in product.decisions()[0].draft.actions]
    quantity = f"a{kinds.index('opportunity.create')}__quantity"
    page = await bound.send(
        await bound.open(), f"{AT}?", move="confirm", draft="改了一半", **{quantity: "很多"}
    )
    assert (page.status_code, "改了一半" in page.text, "数量" in page.text) == (422, True, True)
    node = LexborHTMLParser(page.text).css_first("#sidebar")
    signed = orjson.loads(str(node.attributes["data-sdk"]))["app"]
    assert product.wecom.pages.is_signed("app", str(page.url), signed)


async def test_another_intent_leads_to_the_new_proposal(product: Product, bound: Toolbar) -> None:
    await product.hears("zhangsan", ASKED)
    page = await bound.send(await bound.open(), f"{AT}?", move="intent", intent="technical_inquiry")
    assert "技术咨询" in page.text
    states = {one.intent: one.state for one in product.decisions()}
    assert states == {"quote_request": State.SUPERSEDED, "technical_inquiry": State.PROPOSED}


async def test_a_card_that_was_decided_in_the_chat_meanwhile_is_told_so(
    product: Product, bound: Toolbar
) -> None:
    await product.hears("zhangsan", ASKED)
    page = await bound.open()
    await product.taps(product.cards("zhangsan")[0], "驳回")
    late = await bound.send(page, f"{AT}?", move="confirm")
    assert (late.status_code, product.count(ActionRow)) == (409, 0)


async def test_words_given_on_the_page_become_a_card_about_this_customer_once(
    product: Product, bound: Toolbar
) -> None:
    page = await bound.open()
    words = "X350 要 3 台,给个报价"
    first = await bound.send(page, f"{AT}/words", words=words)
    again = await bound.send(page, f"{AT}/words", words=words)
    assert (first.status_code, again.status_code) == (200, 200)
    (decision,) = product.decisions()
    assert (decision.customer, decision.words) == (await account_of(product, "华东仁和"), words)
    assert "询价报价" in first.text
    assert len(product.open_cards("zhangsan")) == 1


async def test_of_a_pasted_record_only_the_customers_lines_are_read(product: Product, bound: Toolbar) -> None:
    record = "王建国 10:01\nX200 质保几年?\n张三 10:02\n我查一下\n王建国 10:03\n50 台什么价"
    await bound.send(await bound.open(), f"{AT}/words", words=record)
    (decision,) = product.decisions()
    assert decision.words == "X200 质保几年?\n50 台什么价"


async def test_words_that_name_another_customer_stay_about_the_one_of_the_chat(
    product: Product, bound: Toolbar
) -> None:
    other = next(one for one in await product.parts.crm.directory() if one.owner == "lisi")
    await bound.send(await bound.open(), f"{AT}/words", words=f"{other.name}也用你们的X200吗,多少钱")
    (decision,) = product.decisions()
    assert decision.customer == await account_of(product, "华东仁和")


async def test_nothing_but_signs_is_no_turn(product: Product, bound: Toolbar) -> None:
    page = await bound.send(await bound.open(), f"{AT}/words", words="👍 …")
    assert (page.status_code, "没有读到文字" in page.text) == (422, True)
    assert product.count(DeliveryRow) == 0


async def test_a_card_that_takes_long_is_looked_for_again(
    product: Product, bound: Toolbar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.sidebar.READ_WITHIN_S", 0.01)
    page = await bound.open()
    form = fields(LexborHTMLParser(page.text).css_first("#words"))
    sent = await bound.web.post(
        f"{AT}/words?contact={WANG}", data=form | {"words": "多少钱"}, follow_redirects=True
    )
    again = str(LexborHTMLParser(sent.text).css_first("#sidebar").attributes["data-again"])
    assert "正在读这段话" in sent.text
    await product.settle()
    later = await bound.web.get(again)
    assert ("正在读这段话" in later.text, "因为" in later.text) == (False, True)


async def test_only_a_draft_that_somebody_confirmed_is_placed_and_that_is_written_down(
    product: Product, bound: Toolbar
) -> None:
    await product.hears("zhangsan", ASKED)
    page = await bound.open()
    (decision,) = product.decisions()
    mark = fields(LexborHTMLParser(page.text).css_first("#words"))["mark"]
    url = f"{AT}/placed?contact={WANG}&card={decision.id}"
    assert (await bound.web.post(url, data={"mark": mark})).status_code == 422
    page = await bound.send(page, f"{AT}?", move="confirm")
    button = LexborHTMLParser(page.text).css_first("#place")
    assert str(button.attributes["data-to"]) == url
    forged = await bound.web.post(url, data={"mark": "x"})
    noted = await bound.web.post(url, data={"mark": str(button.attributes["data-mark"])})
    assert (forged.status_code, noted.status_code) == (403, 204)
    assert "已于" in (await bound.open()).text
    with product.parts.store.look() as session:
        lines = [line.who for line in journal.lines(session, decision.id) if line.what == "DraftPlaced"]
        assert journal.verify(session) is None
    assert lines == ["zhangsan"]


async def test_a_card_about_another_customer_cannot_be_answered_or_placed_here(
    product: Product, bound: Toolbar
) -> None:
    own = next(
        one
        for one in await product.parts.crm.directory()
        if one.owner == "zhangsan" and "华东仁和" not in one.also
    )
    await product.hears("zhangsan", f"客户{own.name}说:X200 50台什么价")
    (decision,) = product.decisions()
    assert decision.customer == own.id
    page = await bound.open()
    assert "没有待确认的卡片" in page.text
    sent = await bound.web.post(f"{AT}?contact={WANG}&card={decision.id}", data={"move": "confirm"})
    assert (sent.status_code, product.count(ActionRow)) == (404, 0)


async def test_the_manager_sees_a_reps_card_and_the_colleague_does_not(
    product: Product, bound: Toolbar
) -> None:
    await product.hears("zhangsan", ASKED)
    manager, other = Toolbar(product, "chenjing"), Toolbar(product, "lisi")
    assert "因为" in (await manager.open()).text
    assert "因为" not in (await other.open()).text
    await manager.close()
    await other.close()


async def test_without_tickets_the_card_is_shown_all_the_same(product: Product, bound: Toolbar) -> None:
    product.pass_by(hours=3)
    await product.hears("zhangsan", ASKED)
    product.wecom.script("ticket/get", 48002)
    page = await bound.open()
    assert (page.status_code, "因为" in page.text, "现在不给这一页签名" in page.text) == (200, True, True)
    assert "jweixin" not in page.text
