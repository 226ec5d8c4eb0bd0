"""A contract that ends soon: its rep gets one card that proposes to renew it, because of the contract and nobody's words."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.decision import ReasonKind, State
from bot.renewals import Renewals
from bot.tables import DeliveryRow
from crm_bridge.adapters.embedded.tables import ContractRow
from tests.fakes.lent_library import document_called, seen_by
from tests.fakes.product import Product

ENDS = "2027-01-16"
"""Of the demo company's contract with 华东仁和, 51 days after the stories' day."""


def renewals(product: Product) -> Renewals:
    return Renewals(product.parts.desk, product.parts.library)


async def test_the_owner_gets_one_card_that_says_which_contract_ends_and_when(product: Product) -> None:
    assert await renewals(product).look() == 1
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert (decision.intent, decision.state, decision.customer_name) == (
        "renewal_expansion",
        State.PROPOSED,
        "华东仁和",
    )
    first = decision.rationale.reasons[0]
    assert first.kind is ReasonKind.EVENT
    assert "HT-2026-0117" in first.text
    assert ENDS in first.text
    assert "框架采购合同" in first.source
    assert "HT-2026-0117" in decision.draft.text
    assert ENDS in decision.draft.text
    assert "感谢您的消息" not in decision.draft.text
    assert not {ReasonKind.WORDS, ReasonKind.RULE} & {one.kind for one in decision.rationale.reasons}
    said = [key for key, value in card.content.items() if "客户说" in str(value)]
    assert said == [], str(card.content)
    assert product.cards("lisi") == []


async def test_looking_again_the_same_day_or_the_next_brings_no_second_card(product: Product) -> None:
    await renewals(product).look()
    await product.settle()
    product.pass_by(days=1)
    assert await renewals(product).look() == 0
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def test_a_contract_that_ends_later_or_has_ended_brings_none(product: Product) -> None:
    for day in (datetime(2026, 11, 1, 2, tzinfo=UTC), datetime(2027, 3, 2, 2, tzinfo=UTC)):
        product.clock.now = day
        assert await renewals(product).look() == 0
    assert product.count(DeliveryRow) == 0


async def test_another_contract_of_the_customer_that_ends_that_day_leaves_the_number_out(
    product: Product,
) -> None:
    (known,) = (row for row in product.rows(ContractRow) if row.number == "HT-2026-0117")
    with product.parts.store.begin() as session:
        values = known.model_dump() | {"id": "CON-twin", "number": "HT-2026-0999"}
        session.add(ContractRow(**values))
    await renewals(product).look()
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    text = product.decision(card).rationale.reasons[0].text
    assert "HT-" not in text
    assert "框架采购合同" in text


async def test_the_rep_confirms_it_like_any_other_proposal(product: Product) -> None:
    await renewals(product).look()
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    button = next(one["text"] for one in card.content["button_list"])
    if button == "确认":
        await product.taps(card, "确认")
        assert product.decision(card).state is State.CARRIED_OUT
    else:
        await product.taps(card, "驳回")
        assert product.decision(card).state is State.DECLINED


async def test_a_corrected_card_still_says_what_happened_and_puts_no_words_in_a_mouth(
    product: Product,
) -> None:
    await renewals(product).look()
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    await product.taps(card, "修正", choice="contract_terms")
    again = product.decisions()[-1]
    assert again.intent == "contract_terms"
    kinds = [one.kind for one in again.rationale.reasons]
    assert kinds[:2] == [ReasonKind.EVENT, ReasonKind.RULE]
    assert ReasonKind.WORDS not in kinds
    assert "客户说" not in str(product.open_cards("zhangsan")[-1].content["quote_area"])


async def test_of_a_contract_that_the_owner_may_not_read_the_manager_is_told(product: Product) -> None:
    known = document_called(product.parts.library, "框架采购合同")
    with seen_by(product.parts.library, known, "managers"):
        await renewals(product).look()
        await product.settle()
    assert product.cards("zhangsan") == []
    (card,) = product.open_cards("chenjing")
    assert "框架采购合同" in product.decision(card).rationale.reasons[0].source
