"""WeCom answers with errors: tokens that ended, codes that were used, busy systems. Still exactly one card."""

from __future__ import annotations

import pytest

from bot.decision import State
from bot.tables import OutboxRow
from tests.fakes.product import ASKED, Product

SEND, UPDATE, TOKEN = "message/send", "message/update_template_card", "gettoken"


async def test_a_card_that_cannot_be_updated_is_followed_by_a_fresh_message(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    product.wecom.script(UPDATE, 60140, 60140)
    await product.taps(card, "驳回")
    fresh = product.cards("zhangsan")[-1]
    assert fresh is not card
    assert "驳回" in str(fresh.content)
    assert "张三" in str(fresh.content)
    assert product.decision(card).state is State.DECLINED
    assert product.open_cards("zhangsan") == [
        card
    ]  # WeCom left it as it was; a tap on it is refused in words
    await product.taps(card, "确认")
    assert "已由张三处理过" in product.words("zhangsan")[-1]


async def test_a_code_older_than_three_days_is_followed_by_a_fresh_message(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    product.pass_by(hours=73)
    await product.parts.jobs.expire()
    await product.settle()
    assert "已过期" in str(product.cards("zhangsan")[-1].content)
    assert len(product.cards("zhangsan")) == 2
    assert product.decision(card).state is State.EXPIRED


@pytest.mark.parametrize("stale", [42001, 40014])
async def test_a_token_that_ended_early_is_renewed_once_and_the_card_comes(
    product: Product, stale: int
) -> None:
    product.wecom.script(SEND, stale)
    await product.hears("zhangsan", ASKED)
    assert len(product.cards("zhangsan")) == 1
    assert product.wecom.calls[TOKEN] == 2
    assert product.wecom.calls[SEND] == 2


async def test_tokens_that_the_platform_forgot_are_renewed(product: Product) -> None:
    await product.hears("zhangsan", "帮助")
    product.wecom.forget_tokens()
    await product.hears("zhangsan", ASKED)
    assert len(product.cards("zhangsan")) == 1
    assert product.wecom.calls[TOKEN] == 2


@pytest.mark.parametrize("busy", [45009, 45033, -1])
async def test_a_busy_platform_gets_the_card_later_and_once(product: Product, busy: int) -> None:
    product.wecom.script(SEND, busy, busy)
    await product.hears("zhangsan", ASKED)
    assert product.cards("zhangsan") == []
    for _ in range(3):
        product.pass_by(minutes=5)
        await product.settle()
    assert len(product.cards("zhangsan")) == 1
    assert [row.state for row in product.rows(OutboxRow)] == ["done"]


async def test_an_answer_that_was_lost_leaves_one_card(product: Product) -> None:
    def lose(path: str) -> None:
        if path == SEND:
            product.wecom.before_answer = None
            raise ConnectionResetError

    product.wecom.before_answer = lose
    await product.hears("zhangsan", ASKED)
    product.pass_by(minutes=5)
    await product.settle()
    assert len(product.cards("zhangsan")) == 1
    assert [row.state for row in product.rows(OutboxRow)] == ["done"]


async def test_a_card_that_the_platform_refuses_is_kept_as_a_dead_letter_and_blocks_nobody(
    product: Product,
) -> None:
    product.wecom.script(SEND, 60020)
    await product.hears("zhangsan", ASKED)
    await product.hears("lisi", "客户苏州精模说:P60多少钱,要20台")
    assert product.cards("zhangsan") == []
    assert len(product.cards("lisi")) == 1
    (dead,) = (row for row in product.rows(OutboxRow) if row.state == "dead")
    assert "60020" in dead.error


async def test_words_queued_behind_a_busy_card_keep_their_order(product: Product) -> None:
    product.wecom.script(SEND, 45009)
    await product.hears("zhangsan", ASKED, "帮助")
    product.pass_by(minutes=5)
    await product.settle()
    assert [shown.kind for shown in product.wecom.inbox("zhangsan")] == ["template_card", "markdown"]
