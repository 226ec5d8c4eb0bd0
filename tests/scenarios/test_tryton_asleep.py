"""The whole product on a real Tryton behind a line that breaks: cards say how old their fields are, actions wait, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.decision import State
from bot.demo.tryton import PASSWORD, USER
from bot.store import Store
from bot.tables import ActionRow
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.adapters.tryton import TrytonRpc, connect
from tests.crm_bridge.tryton.conftest import proxy, rpc, tryton
from tests.fakes.clock import Clock
from tests.fakes.product import ASKED, DemoCompany, Product, start
from tests.fakes.tryton_server import Proxy
from tests.fakes.wecom_platform import WeComPlatform

__all__ = ["proxy", "rpc", "tryton"]


@pytest.fixture
async def crm(proxy: Proxy, data_dir: Path, clock: Clock) -> AsyncIterator[RemoteCrm]:
    store = Store(f"sqlite:///{data_dir / 'yiju.db'}")
    access = Access(base_url=proxy.address, database="crm", user=USER, password=PASSWORD)
    opened = connect(access, Host(store.engine, store.begin, clock))
    yield opened
    await opened.close()
    store.close()


@pytest.fixture
async def product(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform, crm: RemoteCrm
) -> AsyncIterator[Product]:
    running = start(demo, data_dir, clock, wecom, crm=crm)
    yield running
    await running.close()


async def sales(rpc: TrytonRpc) -> tuple[int, int]:
    """Opportunities and sales in Tryton."""
    deals = await rpc.model("sale.opportunity", "search_count", [])
    return deals, await rpc.model("sale.sale", "search_count", [])


async def test_a_question_is_answered_with_the_fields_of_tryton(product: Product) -> None:
    await product.hears("zhangsan", "华东仁和什么等级")
    assert "A" in product.words("zhangsan")[0]
    assert "Tryton" in product.words("zhangsan")[0]


async def test_while_tryton_sleeps_the_card_says_how_old_its_fields_are(
    product: Product, proxy: Proxy
) -> None:
    await product.hears("zhangsan", "华东仁和什么等级")
    proxy.down = True
    await product.hears("zhangsan", ASKED)
    decision = product.decision(product.cards("zhangsan")[0])
    assert any("读到的" in unknown for unknown in decision.rationale.unknowns)
    assert any(reason.text.startswith("客户等级") for reason in decision.rationale.reasons)


async def test_what_was_confirmed_waits_for_tryton_and_is_done_once_though_an_answer_is_lost(
    product: Product, proxy: Proxy, rpc: TrytonRpc
) -> None:
    before = await sales(rpc)
    await product.hears("zhangsan", ASKED)
    (card,) = product.cards("zhangsan")
    proxy.down = True
    await product.taps(card, "确认")
    assert "暂时没有响应" in card.content["main_title"]["desc"]
    proxy.down, proxy.cut_answers = False, 1
    for _ in range(4):
        product.pass_by(minutes=6)
        await product.settle()
    assert proxy.cut_answers == 0
    deals, quotes = await sales(rpc)
    assert (deals, quotes) == (before[0], before[1] + 1)  # the deal of X200 that was there moves on
    assert {row.kind for row in product.rows(ActionRow)} == {"opportunity.move_stage", "quote.draft"}
    assert product.decision(card).state is State.CARRIED_OUT
    assert {row.state for row in product.rows(ActionRow)} == {"done"}
