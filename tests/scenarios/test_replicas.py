"""Two processes on one PostgreSQL database: whatever arrives at both is worked once, and of two taps one wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.decision import State
from bot.tables import ActionRow, ConfirmationRow, DeliveryRow, TurnRow
from crm_bridge.adapters.embedded.tables import OpportunityRow
from tests.fakes.clock import Clock
from tests.fakes.product import ASKED, DemoCompany, Product, start
from tests.fakes.replicas import refill
from tests.fakes.wecom_platform import Shown, WeComPlatform

pytestmark = pytest.mark.service


@pytest.fixture
def database(postgres_url: str) -> str:
    """The demo company in PostgreSQL."""
    refill(postgres_url)
    return postgres_url


@pytest.fixture
async def pair(
    demo: DemoCompany, database: str, data_dir: Path, clock: Clock, wecom: WeComPlatform
) -> AsyncIterator[tuple[Product, Product]]:
    one, other = (start(demo, data_dir, clock, wecom, database_url=database) for _ in range(2))
    yield one, other
    await one.close()
    await other.close()


async def settle(*products: Product) -> None:
    """Both work at once, until neither finds anything more."""
    for _ in range(3):
        await asyncio.gather(*(product.settle() for product in products))


async def test_a_callback_that_reaches_both_is_one_card(pair: tuple[Product, Product]) -> None:
    one, other = pair
    callback = one.wecom.say("zhangsan", ASKED)
    answers = await asyncio.gather(*(product.deliver(callback) for product in pair))
    await settle(*pair)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(one.cards("zhangsan")) == 1
    assert [other.count(table) for table in (DeliveryRow, TurnRow)] == [1, 1]


async def test_two_taps_at_two_processes_are_one_action_and_one_is_told(
    pair: tuple[Product, Product],
) -> None:
    one, other = pair
    before = one.count(OpportunityRow)
    await one.hears("zhangsan", ASKED)
    (card,) = one.cards("zhangsan")
    forwarded = Shown("chenjing", card.kind, card.content, card.msgid, card.task)
    await asyncio.gather(
        one.deliver(one.wecom.tap(card, "确认")), other.deliver(one.wecom.tap(forwarded, "确认"))
    )
    await settle(*pair)
    assert one.count(OpportunityRow) == before + 1
    assert one.count(ConfirmationRow) == 1
    assert {row.state for row in one.rows(ActionRow)} == {"done"}
    assert one.decision(card).state is State.CARRIED_OUT
    told = one.words("zhangsan") + one.words("chenjing")
    assert len(told) == 1
    assert "处理过了" in told[0]


async def test_lines_that_arrive_at_both_never_leave_two_open_cards(pair: tuple[Product, Product]) -> None:
    one, other = pair
    for number, words in enumerate(("你们X200多少钱一台", "要50台", "带制冷吗", "质保几年")):
        await pair[number % 2].deliver(one.wecom.say("zhangsan", f"客户华东仁和说:{words}"))
        await asyncio.gather(one.settle(), other.settle())
    await settle(*pair)
    (card,) = one.open_cards("zhangsan")
    assert one.decision(card).words.splitlines() == ["你们X200多少钱一台", "要50台", "带制冷吗", "质保几年"]
