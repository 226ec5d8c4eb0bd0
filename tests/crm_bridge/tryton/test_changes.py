"""What people change in a real Tryton 8.0 is told, once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel, col

from bot.events.intake import Intake
from bot.events.polled import Polling
from bot.events.rules import load_rules
from bot.events.sweep import Sweep
from bot.leases import InProcessLeases
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from crm_bridge import AccountId, Write, WriteKey
from crm_bridge.adapters.remote import RemoteCrm, RemoteFeed, feed_of
from crm_bridge.adapters.tryton import TrytonRpc
from crm_bridge.events import load_maps
from crm_bridge.events.tables import EventRow


@pytest.fixture
def feed(crm: RemoteCrm) -> RemoteFeed:
    """By the clock of the machine, as the server's."""
    opened = feed_of(crm, lambda: datetime.now(UTC))
    assert opened is not None
    return opened


async def test_a_deal_is_told_when_it_is_made_changed_and_cancelled(
    crm: RemoteCrm, known: AccountId, rpc: TrytonRpc, feed: RemoteFeed
) -> None:
    write = Write("opportunity.create", known, {"title": "X200", "stage": "方案"}, "zhangsan")
    made = (await crm.carry_out(write, WriteKey("told"))).record_id
    number = int(made.removeprefix("OPP-"))
    page = await feed.changes("")
    (first,) = [one for one in page.changes if one.record_id == made]
    assert (first.kind, first.account, first.fields["stage"]) == ("opportunity", known, "方案")
    assert not first.deleted
    await rpc.model("sale.opportunity", "write", [number], {"description": "X200 加急"})
    page = await feed.changes(page.cursor)
    (told,) = page.changes
    assert (told.record_id, told.fields["title"], told.precision) == (made, "X200 加急", "us")
    page = await feed.changes(page.cursor)
    assert page.changes == ()
    await rpc.model("sale.opportunity", "cancel", [number])
    page = await feed.changes(page.cursor)
    (gone,) = page.changes
    assert (gone.record_id, gone.deleted) == (made, True)


async def test_a_customer_that_nobody_changed_yet_is_told_as_new_and_then_as_changed(
    known: AccountId, rpc: TrytonRpc, feed: RemoteFeed
) -> None:
    page = await feed.changes("")
    (new,) = [one for one in page.changes if one.record_id == known]
    assert (new.kind, new.account, new.fields["tier"], new.fields["owner"]) == (
        "account", known, "B", "zhangsan",
    )  # fmt: skip
    (vip,) = await rpc.model(
        "party.category", "search", [["name", "=", "VIP"], ["parent.name", "=", "客户等级"]], 0, 1, None
    )
    (b,) = await rpc.model(
        "party.category", "search", [["name", "=", "B"], ["parent.name", "=", "客户等级"]], 0, 1, None
    )
    party = int(known.removeprefix("ACC-"))
    await rpc.model("party.party", "write", [party], {"categories": [["remove", [b]], ["add", [vip]]]})
    (changed,) = (await feed.changes(page.cursor)).changes
    assert (changed.record_id, changed.fields["tier"]) == (known, "VIP")


async def test_an_order_that_is_confirmed_and_then_cancelled_is_noticed(
    crm: RemoteCrm, known: AccountId, rpc: TrytonRpc, feed: RemoteFeed, tmp_path: Path
) -> None:
    """Tryton takes an order back by way of a draft: asking tells that it came, the sweep that it is gone."""
    line = {"product": "X200", "quantity": 5, "unit_price": "18800"}
    write = Write("quote.draft", known, {"title": "X200 5台", "lines": [line]}, "zhangsan")
    number = int((await crm.carry_out(write, WriteKey("to-cancel"))).record_id.removeprefix("QT-"))
    party = int(known.removeprefix("ACC-"))
    (address,) = await rpc.model("party.address", "search", [["party", "=", party]], 0, 1, None)
    ready = {"invoice_address": address, "shipment_address": address, "sale_date": date(2026, 11, 28)}
    await rpc.model("sale.sale", "write", [number], ready)
    for button in ("quote", "confirm"):
        await rpc.model("sale.sale", button, [number])

    store = Store(f"sqlite:///{tmp_path / 'events.db'}")
    SQLModel.metadata.create_all(store.engine)
    try:
        queue = Queue(store, DeliveryRow, InProcessLeases())
        intake = Intake(store, queue, load_maps(), load_rules(), lambda: datetime.now(UTC))
        assert await Polling(intake, crm.name, feed, timedelta(seconds=60)).poll_changes()
        for button in ("draft", "cancel"):
            await rpc.model("sale.sale", button, [number])
        await Polling(intake, crm.name, feed, timedelta(seconds=60)).poll_changes()
        assert await Sweep(intake, crm).sweep()
        of_it = select(col(EventRow.means)).where(col(EventRow.entity) == f"SO-{number}")
        with store.look() as session:
            means = session.execute(of_it.order_by(col(EventRow.received_at))).scalars().all()
        assert means == ["order.updated", "order.closed-or-missing"]
    finally:
        store.close()
