"""Papers that are out of date speak only to a rep who asks for them, and say that they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from bot import decisions
from bot.app import Parts, assemble
from bot.channels import Heard
from bot.decision import ReasonKind
from bot.tables import DecisionRow, TurnRow
from tests.fakes.clock import Clock
from tests.fakes.demo import demo_company
from tests.fakes.product import settings_for


@pytest.fixture(scope="module")
def with_old_prices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The demo company, with the prices of last year beside those of today."""
    folder = tmp_path_factory.mktemp("past")
    parts = assemble(settings_for(demo_company().copy_to(folder / "var"), simulator=True), Clock())
    path = folder / "老价格表.csv"
    path.write_text("型号,标准单价（元）\nX200,19777\nX350,66777\n", encoding="utf-8")
    added = parts.library.add(
        path,
        kind="price",
        title="产品价格表2025",
        valid_from=date(2025, 1, 1),
        valid_until=date(2025, 12, 31),
    )
    assert added.document_id, added.detail
    yield parts
    parts.store.close()


async def told(parts: Parts, key: str, words: str) -> TurnRow:
    assert await parts.gateway.accept("sim", Heard(key, "zhangsan", key, words, parts.clock()))
    await parts.settle()
    with parts.store.look() as session:
        return session.execute(select(TurnRow).where(TurnRow.delivery == key)).scalars().one()  # type: ignore[arg-type]


async def test_a_rep_who_asks_for_last_years_prices_gets_them_marked(with_old_prices: Parts) -> None:
    answer = (await told(with_old_prices, "sim:1", "去年的价格表里X200标准单价多少")).answer
    assert "19777" in answer
    assert "⚠️" in answer
    assert "(已过期,有效期至 2025-12-31)" in answer


async def test_a_rep_who_does_not_ask_for_them_never_sees_them(with_old_prices: Parts) -> None:
    answer = (await told(with_old_prices, "sim:2", "X200标准单价多少")).answer
    assert "19777" not in answer
    assert "已过期" not in answer


async def test_a_customer_who_asks_for_them_is_written_nothing_of_them(with_old_prices: Parts) -> None:
    await told(with_old_prices, "sim:3", "客户华东仁和说:去年的价格表里X200标准单价多少,还按那个价行吗")
    with with_old_prices.store.look() as session:
        (decision,) = (decisions.read(row) for row in session.execute(select(DecisionRow)).scalars())
    reasons = [one.text for one in decision.rationale.reasons if one.kind is ReasonKind.PASSAGE]
    assert "19777" not in decision.draft.text + "".join(reasons)
