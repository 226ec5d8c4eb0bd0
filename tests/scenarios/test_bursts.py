"""Five short lines of a customer are one matter: the first is answered at once, and never two cards stay open."""

from __future__ import annotations

from bot.decision import State
from bot.tables import ActionRow, TurnRow
from tests.fakes.product import ASKED, Product
from tests.fakes.wecom_platform import Shown

LINES = ("你们X200多少钱一台", "要50台", "带制冷吗", "质保几年", "什么时候能到货")


def pasted(words: str, customer: str = "华东仁和") -> str:
    return f"客户{customer}说:{words}"


async def test_the_first_line_is_answered_at_once_and_more_lines_replace_its_card(product: Product) -> None:
    await product.hears("zhangsan", pasted(LINES[0]))
    assert len(product.open_cards("zhangsan")) == 1
    await product.hears("zhangsan", *map(pasted, LINES[1:]))
    first, second = product.cards("zhangsan")
    assert "客户又有新消息" in first.content["replace_text"]
    assert product.open_cards("zhangsan") == [second]
    assert product.decision(second).words.splitlines() == list(LINES)
    assert [one.state for one in product.decisions()] == [State.SUPERSEDED, State.PROPOSED]


async def test_lines_that_trickle_in_never_leave_two_open_cards(product: Product) -> None:
    for number, words in enumerate(LINES, 1):
        await product.hears("zhangsan", pasted(words))
        assert len(product.cards("zhangsan")) == number
        assert len(product.open_cards("zhangsan")) == 1
    assert [one.state for one in product.decisions()] == [State.SUPERSEDED] * 4 + [State.PROPOSED]


async def test_a_superseded_card_that_is_confirmed_fires_nothing(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    kept = Shown(card.user, card.kind, dict(card.content), card.msgid, card.task)
    await product.hears("zhangsan", pasted(LINES[1]))
    await product.taps(kept, "确认")
    assert "已经被新的卡片取代" in product.words("zhangsan")[-1]
    assert product.count(ActionRow) == 0
    assert len(product.open_cards("zhangsan")) == 1


async def test_lines_that_pile_up_before_anything_was_worked_are_one_card(product: Product) -> None:
    await product.hears("zhangsan", *map(pasted, LINES))
    (card,) = product.cards("zhangsan")
    assert product.decision(card).words.splitlines() == list(LINES)
    assert product.count(TurnRow) == 1


async def test_words_of_another_customer_are_another_card(product: Product) -> None:
    await product.hears("zhangsan", pasted(LINES[0]), pasted("你们X200R多少钱", "望潮三院"))
    cards = product.open_cards("zhangsan")
    assert [product.decision(card).customer_name for card in cards] == ["华东仁和", "望潮三院"]


async def test_words_that_come_much_later_are_a_matter_of_their_own(product: Product) -> None:
    await product.hears("zhangsan", pasted(LINES[0]))
    product.pass_by(minutes=11)
    await product.hears("zhangsan", pasted("请安排工程师上门维修"))
    assert product.decision(product.cards("zhangsan")[1]).words == "请安排工程师上门维修"


async def test_two_reps_who_write_at_once_do_not_mix(product: Product) -> None:
    for rep, customer in (("zhangsan", "华东仁和"), ("lisi", "苏州精模")):
        await product.deliver(product.wecom.say(rep, pasted(LINES[0], customer)))
    await product.settle()
    for rep, customer in (("zhangsan", "华东仁和"), ("lisi", "苏州精模")):
        (card,) = product.cards(rep)
        assert (product.decision(card).rep, product.decision(card).customer_name) == (rep, customer)
