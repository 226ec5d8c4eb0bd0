"""The CRM sleeps, is slow or loses an answer: the card says so, and what was confirmed is carried out once, later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.decision import State
from bot.store import open_engine
from bot.tables import ActionRow
from crm_bridge.adapters.embedded import EmbeddedCrm
from crm_bridge.adapters.embedded.tables import OpportunityRow, QuoteRow
from tests.fakes.clock import Clock
from tests.fakes.product import ASKED, DemoCompany, Product, start
from tests.fakes.sleeping_crm import SleepingCrm
from tests.fakes.wecom_platform import WeComPlatform


@pytest.fixture
def crm(data_dir: Path, clock: Clock) -> SleepingCrm:
    return SleepingCrm(EmbeddedCrm(open_engine(f"sqlite:///{data_dir / 'yiju.db'}"), clock))


@pytest.fixture
async def product(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform, crm: SleepingCrm
) -> AsyncIterator[Product]:
    """The product on a CRM that can be sent to sleep."""
    running = start(demo, data_dir, clock, wecom, crm=crm)
    yield running
    await running.close()


async def test_a_card_that_could_not_ask_the_crm_says_so(product: Product, crm: SleepingCrm) -> None:
    await product.hears("zhangsan", "华东仁和")
    crm.asleep = True
    await product.hears("zhangsan", "客户说:你们X200多少钱一台")
    decision = product.decision(product.cards("zhangsan")[0])
    assert any("CRM 暂时连不上" in unknown for unknown in decision.rationale.unknowns)
    assert "18800" in decision.draft.text.replace(",", "")


async def test_a_confirmed_action_waits_says_so_and_is_done_once_when_the_crm_wakes(
    product: Product, crm: SleepingCrm
) -> None:
    before = product.count(OpportunityRow), product.count(QuoteRow)
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    crm.asleep = True
    await product.taps(card, "确认")
    assert "暂时没有响应" in card.content["main_title"]["desc"]
    for _ in range(3):
        product.pass_by(minutes=1)
        await product.settle()
    assert (product.count(OpportunityRow), product.count(QuoteRow)) == before
    crm.asleep = False
    product.pass_by(minutes=5)
    await product.settle()
    assert (product.count(OpportunityRow), product.count(QuoteRow)) == (before[0] + 1, before[1] + 1)
    assert product.decision(card).state is State.CARRIED_OUT
    assert {row.state for row in product.rows(ActionRow)} == {"done"}
    assert "已完成" in str(product.cards("zhangsan")[-1].content)


async def test_a_write_whose_answer_was_lost_is_not_written_again(product: Product, crm: SleepingCrm) -> None:
    before = product.count(OpportunityRow), product.count(QuoteRow)
    await product.hears("zhangsan", ASKED)
    crm.lost_answers = 2
    await product.taps(product.cards("zhangsan")[0], "确认")
    for _ in range(3):
        product.pass_by(minutes=6)
        await product.settle()
    assert (product.count(OpportunityRow), product.count(QuoteRow)) == (before[0] + 1, before[1] + 1)
    assert {row.state for row in product.rows(ActionRow)} == {"done"}


async def test_a_rep_who_asks_about_a_customer_meanwhile_is_not_left_without_words(
    product: Product, crm: SleepingCrm
) -> None:
    crm.asleep = True
    await product.hears("zhangsan", "华东仁和什么等级")
    assert len(product.words("zhangsan")) == 1
