"""The order was cancelled and nobody said so: the sweep finds out, and the owner gets the card the event would have brought."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from bot.events.sweep import Sweep
from crm_bridge.adapters.embedded.tables import OrderRow
from crm_bridge.events.tables import EventRow
from tests.events import made
from tests.fakes.product import Product


def an_order(product: Product) -> OrderRow:
    """One of 华东仁和's."""
    return next(row for row in product.rows(OrderRow) if row.account == account_of(product))


def account_of(product: Product) -> str:
    from crm_bridge.adapters.embedded.tables import AccountRow

    return next(row.id for row in product.rows(AccountRow) if row.name.startswith("华东仁和"))


async def known(product: Product, order: OrderRow, source: str = "/crm/embedded") -> None:
    """The last that anybody reported of it."""
    at = product.clock() - timedelta(hours=1)
    event = made.ours(
        "order.updated",
        order.id,
        id_="last",
        time=at.isoformat(),
        source=source,
        account=order.account,
        fields={"status": "执行中"},
    )
    (taken,) = await product.parts.intake.accept([event])
    assert taken.status == "accepted"


def silently(product: Product, order: OrderRow, **values: object) -> None:
    with product.parts.store.begin() as session:
        session.execute(
            update(OrderRow).where(col(OrderRow.id) == order.id).values(updated_at=product.clock(), **values)
        )


async def test_the_cancelled_order_whose_event_was_never_sent(product: Product) -> None:
    order, sweep = an_order(product), Sweep(product.parts.intake, product.parts.crm)
    await known(product, order)
    silently(product, order, status="已取消")
    assert await sweep.sweep() == 1
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    assert order.id in product.decision(card).words
    assert "已取消" in product.decision(card).words
    found = next(row for row in product.rows(EventRow) if row.id.startswith("sweep-"))
    assert (found.means, found.causation, found.correlation) == ("order.cancelled", "last", "sweep")
    assert found.payload["data"]["synthesized"] is True
    assert await sweep.sweep() == 0


async def test_the_event_that_comes_late_after_all_brings_no_second_card(product: Product) -> None:
    order, sweep = an_order(product), Sweep(product.parts.intake, product.parts.crm)
    await known(product, order)
    silently(product, order, status="已取消")
    await sweep.sweep()
    await product.settle()
    late = made.ours(
        "order.cancelled",
        order.id,
        id_="lost",
        time=product.clock().isoformat(),
        account=order.account,
        fields={"status": "已取消"},
    )
    product.pass_by(seconds=5)
    await product.parts.intake.accept([late])
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def test_an_order_that_is_as_we_know_it_or_older_in_the_source_is_no_difference(
    product: Product,
) -> None:
    order = an_order(product)
    await known(product, order)
    silently(product, order, status="执行中")
    assert await Sweep(product.parts.intake, product.parts.crm).sweep() == 0
    with product.parts.store.begin() as session:
        long_ago = product.clock() - timedelta(days=3)
        session.execute(
            update(OrderRow).where(col(OrderRow.id) == order.id).values(updated_at=long_ago, status="草稿")
        )
    assert await Sweep(product.parts.intake, product.parts.crm).sweep() == 0


async def test_an_order_that_vanished_is_reported_where_the_system_once_knew_it(product: Product) -> None:
    for source, found in (("/erp/other", 0), ("/crm/embedded", 1)):
        event = made.ours(
            "order.updated",
            f"SO-{found}",
            id_=source,
            time=product.clock().isoformat(),
            source=source,
            account="华东仁和",
            fields={"status": "执行中"},
        )
        await product.parts.intake.accept([event])
        product.pass_by(seconds=2)
        assert await Sweep(product.parts.intake, product.parts.crm).sweep() == found
    await product.settle()
    assert len(product.open_cards("zhangsan")) == 1
