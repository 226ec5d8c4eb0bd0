"""What a function of the company posts and what a poll finds are one change of one record."""

from __future__ import annotations

from typing import Any

import pytest

from bot.store import Store
from crm_bridge import AccountId
from crm_bridge.adapters.remote import RemoteCrm
from tests.events.told import Told, event
from tests.fakes.clock import Clock
from tests.fakes.systems.fxiaoke import FakeFxiaoke


def posted(company: FakeFxiaoke, name: str) -> dict[str, Any]:
    (row,) = company.rows[name].values()
    return event("/crm/fxiaoke/main", f"{name}.update", dict(row))


@pytest.mark.parametrize("first", ["reported", "asked for"])
async def test_an_event_and_the_poll_of_the_same_change_are_one(
    store: Store, crm: RemoteCrm, company: FakeFxiaoke, known: AccountId, clock: Clock, first: str
) -> None:
    told = Told(store, crm, clock)
    await told.by_asking()
    clock.advance(seconds=10)
    changes = {
        "AccountObj": {"account_level": "1"},
        "NewOpportunityObj": {"sales_stage": "4"},
        "SalesOrderObj": {"life_status": "invalid"},
    }
    for name, values in changes.items():
        company.edit(name, next(iter(company.rows[name])), **values)
    events = [posted(company, name) for name in changes]
    if first == "reported":
        await told.take(*events)
        await told.by_asking()
    else:
        await told.by_asking()
        await told.take(*events)
    order, deal = (next(iter(company.rows[name])) for name in ("SalesOrderObj", "NewOpportunityObj"))
    assert told.news == [("order.cancelled", order), ("tier.changed", known)]
    subjects = {place.split(" ")[0] for place in told.state}
    assert subjects == {f"account:{known}", f"order:{order}", f"opportunity:{deal}"}
    assert told.state[f"account:{known} tier"] == "VIP"
    assert (told.state[f"opportunity:{deal} stage"], told.state[f"opportunity:{deal} amount"]) == (
        "报价",
        "357200.50",
    )
