"""The main job in WeCom: a rep pastes what a customer said, corrects the card, confirms it, and takes it back."""

from __future__ import annotations

import json
from collections.abc import Sequence

import orjson
from structlog.testing import capture_logs

from bot import journal, people, turns
from bot.decision import ReasonKind, State
from bot.tables import ActionRow, ConfirmationRow, CorrectionRow
from crm_bridge.adapters.embedded.tables import OpportunityRow, QuoteRow, TaskRow, Tracked
from tests.fakes.product import ASKED, Product
from tests.fakes.wecom_platform import Shown


def told(card: Shown) -> str:
    """Everything a card says."""
    return json.dumps(card.content, ensure_ascii=False)


def new_in_crm(product: Product, table: type[Tracked], before: Sequence[Tracked]) -> list[Tracked]:
    known = {row.id for row in before}
    return [row for row in product.rows(table) if row.id not in known]


async def test_a_paste_becomes_one_card_with_reasons_draft_actions_and_buttons(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    assert card.content["main_title"]["title"].startswith("询价报价")
    assert [button["text"] for button in card.content["button_list"]] == ["确认", "修正", "驳回"]
    said = told(card)
    for part in ("什么价", "用户手册", "价格表", "框架采购合同", "拟回复", "报价单草稿", "新建商机"):
        assert part in said
    assert product.count(ActionRow) == 0


async def test_every_reason_stands_on_words_a_passage_or_a_crm_field(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    decision = product.decision(product.cards("zhangsan")[0])
    kinds = {reason.kind for reason in decision.rationale.reasons}
    assert {ReasonKind.WORDS, ReasonKind.PASSAGE, ReasonKind.CRM} <= kinds
    passages = [reason for reason in decision.rationale.reasons if reason.kind is ReasonKind.PASSAGE]
    titles = " ".join(reason.source for reason in passages)
    for document in ("X系列离心机用户手册", "产品与服务价格表", "华东仁和年度框架采购合同"):
        assert document in titles
    assert all(product.parts.library.passage(reason.ref) for reason in passages)
    for promised in ("自然风冷", "36 个月", "16544"):
        assert promised in decision.draft.text


async def test_a_customer_who_compares_two_products_brings_their_table_to_the_page_of_the_card(
    product: Product,
) -> None:
    await product.hears("zhangsan", "客户华东仁和说:X200 和 X350 差在哪")
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert "| 最高转速 | 16500 r/min | 4500 r/min |" in decision.rationale.compared
    assert not any("差在哪" in one for one in decision.rationale.unknowns)
    places = [one for one in decision.rationale.reasons if one.kind is ReasonKind.PASSAGE]
    assert {one.source.partition("》")[0] for one in places} == {"《X系列离心机用户手册"}
    assert "|" not in decision.draft.text


async def test_a_corrected_intent_gives_a_new_card_and_the_old_one_says_so(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (old,) = product.cards("zhangsan")
    await product.taps(old, "修正", "technical_inquiry")
    old, new = product.cards("zhangsan")
    assert "改了意图" in old.content["replace_text"]
    assert "张三" in told(old)
    assert new.content["main_title"]["title"].startswith("技术咨询")
    assert "销售改为技术咨询" in told(new)
    assert [one.state for one in product.decisions()] == [State.SUPERSEDED, State.PROPOSED]
    (correction,) = product.rows(CorrectionRow)
    assert (correction.kind, correction.proposed, correction.corrected) == (
        "intent",
        "quote_request",
        "technical_inquiry",
    )
    assert product.count(ActionRow) == 0


async def test_a_customer_asks_three_things_and_quote_and_opportunity_are_in_the_crm(
    product: Product,
) -> None:
    quotes, opportunities = product.rows(QuoteRow), product.rows(OpportunityRow)
    await product.hears("zhangsan", ASKED)
    await product.taps(product.cards("zhangsan")[0], "修正", "technical_inquiry")
    await product.taps(product.cards("zhangsan")[1], "修正", "quote_request")
    card = product.open_cards("zhangsan")[-1]
    await product.taps(card, "确认")
    (quote,) = new_in_crm(product, QuoteRow, quotes)
    (opportunity,) = new_in_crm(product, OpportunityRow, opportunities)
    assert quote.updated_by == opportunity.updated_by == "zhangsan"
    assert isinstance(opportunity, OpportunityRow)
    assert (opportunity.product, opportunity.quantity, str(opportunity.amount)) == ("X200", 50, "827200.00")
    decision = product.decision(card)
    assert decision.state is State.CARRIED_OUT
    assert "已完成" in told(card)
    assert "商机" in told(card)
    assert [button["text"] for button in card.content["button_list"]] == ["撤销"]


async def test_a_second_tap_gets_the_right_words_and_changes_nothing(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    kept = Shown(card.user, card.kind, dict(card.content), card.msgid, card.task)
    await product.taps(card, "确认")
    written = [product.count(table) for table in (OpportunityRow, QuoteRow, ActionRow, ConfirmationRow)]
    for button in ("确认", "驳回", "修正"):
        await product.taps(kept, button, "complaint" if button == "修正" else "")
    assert ["已由张三处理过" in words for words in product.words("zhangsan")] == [True] * 3
    assert [
        product.count(table) for table in (OpportunityRow, QuoteRow, ActionRow, ConfirmationRow)
    ] == written
    assert product.decision(card).state is State.CARRIED_OUT


async def test_a_tap_on_the_card_that_was_replaced_fires_nothing(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    kept = Shown(card.user, card.kind, dict(card.content), card.msgid, card.task)
    await product.taps(card, "修正", "complaint")
    await product.taps(kept, "确认")
    assert "已由张三处理过了" in product.words("zhangsan")[-1]
    assert product.count(ActionRow) == 0


async def test_what_was_written_is_taken_back_by_undo(product: Product) -> None:
    quotes, opportunities = product.rows(QuoteRow), product.rows(OpportunityRow)
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    await product.taps(card, "确认")
    await product.taps(card, "撤销")
    written = [*new_in_crm(product, QuoteRow, quotes), *new_in_crm(product, OpportunityRow, opportunities)]
    assert [row.cancelled for row in written] == [True, True]
    assert product.decision(card).state is State.UNDONE
    assert "张三" in told(product.cards("zhangsan")[-1])
    assert "撤销" in told(product.cards("zhangsan")[-1])
    assert product.open_cards("zhangsan") == []


async def test_a_declined_card_writes_nothing_and_says_who_declined(product: Product) -> None:
    before = [product.count(table) for table in (OpportunityRow, QuoteRow, TaskRow)]
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    await product.taps(card, "驳回")
    assert "张三" in card.content["replace_text"]
    assert "驳回" in card.content["replace_text"]
    assert [product.count(table) for table in (OpportunityRow, QuoteRow, TaskRow)] == before
    assert product.count(ConfirmationRow) == 0


async def test_a_correction_without_another_intent_asks_for_one(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    await product.taps(card, "修正", "quote_request")
    assert "另一个意图" in product.words("zhangsan")[-1]
    assert product.decision(card).state is State.PROPOSED


async def test_the_journal_tells_the_whole_story_and_its_chain_holds(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    await product.taps(product.cards("zhangsan")[0], "修正", "technical_inquiry")
    await product.taps(product.cards("zhangsan")[1], "修正", "quote_request")
    card = product.open_cards("zhangsan")[-1]
    await product.taps(card, "确认")
    await product.taps(card, "撤销")
    with product.parts.store.look() as session:
        assert journal.verify(session) is None
        lines = list(journal.lines(session, product.decision(card).id))
        made_with = orjson.loads(lines[0].body)["made_with"]
    told_by = [line.what for line in lines]
    assert told_by[:2] == ["DecisionProposed", "DecisionConfirmed"]
    assert told_by.count("ActionCarriedOut") == told_by.count("ActionUndone") == 2
    assert "DecisionUndone" in told_by
    assert {line.who for line in lines} == {"copilot", "zhangsan"}
    assert all(made_with[part] for part in ("model", "index", "prompts"))


async def test_the_same_words_give_the_same_proposal_again(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    first = product.decision(product.cards("zhangsan")[0])
    with product.parts.store.look() as session:
        turn, rep = turns.of(session, first), people.by_id(session, first.rep)
    again = await product.parts.copilot.propose(turn, rep, product.parts.copilot.read(turn))
    assert again.content_hash == first.content_hash
    assert again.provenance == first.provenance
    assert again.rationale.reasons == first.rationale.reasons


async def test_logs_tell_the_turn_by_its_ids_and_never_by_its_words(product: Product) -> None:
    with capture_logs() as logs:
        await product.hears("zhangsan", f"{ASKED},我电话13912345678")
        await product.taps(product.cards("zhangsan")[0], "确认")
    told = str(logs)
    assert product.decisions()[0].id in told
    for private in ("13912345678", "X200", "带制冷吗", "华东仁和"):
        assert private not in told
