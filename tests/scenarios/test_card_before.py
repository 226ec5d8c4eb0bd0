"""Words too short to be read alone are read after the card before, as the rep left it."""

from __future__ import annotations

import pytest

from bot.decision import Decision, State
from tests.fakes.product import Product

ASKED, SHORT = "客户华东仁和说:质保几年", "客户华东仁和说:不行"


def last(product: Product) -> Decision:
    return product.decision(product.cards("zhangsan")[-1])


async def test_after_a_confirmed_card_short_words_are_read_as_of_what_it_was_about(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    await product.taps(product.cards("zhangsan")[-1], "确认")
    await product.hears("zhangsan", SHORT)
    assert (last(product).words, last(product).intent) == ("不行", "contract_terms")


@pytest.mark.parametrize("confirmed", [False, True], ids=["open", "confirmed"])
async def test_after_a_corrected_card_short_words_are_read_as_of_what_the_rep_said(
    product: Product, confirmed: bool
) -> None:
    await product.hears("zhangsan", ASKED)
    assert last(product).intent == "contract_terms"
    await product.taps(product.cards("zhangsan")[-1], "修正", choice="service_request")
    corrected = last(product)
    assert (corrected.words, corrected.intent, corrected.told) == ("质保几年", "service_request", True)
    if confirmed:
        await product.taps(product.cards("zhangsan")[-1], "确认")
    await product.hears("zhangsan", SHORT)
    assert (last(product).words, last(product).intent) == ("不行", "service_request")


async def test_newer_words_leave_a_card_that_a_rep_corrected_as_it_is(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    await product.taps(product.cards("zhangsan")[-1], "修正", choice="service_request")
    await product.hears("zhangsan", "客户华东仁和说:尽快")
    states = [(one.words, one.state) for one in product.decisions()]
    assert states == [("质保几年", State.SUPERSEDED), ("质保几年", State.PROPOSED), ("尽快", State.PROPOSED)]


async def test_a_card_of_another_customer_is_no_card_before(product: Product) -> None:
    await product.hears("zhangsan", "客户望潮三院说:质保几年")
    await product.hears("zhangsan", SHORT)
    assert last(product).intent != "contract_terms"
