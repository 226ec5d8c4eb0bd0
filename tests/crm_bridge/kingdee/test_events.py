"""What Galaxy's plug-in posts and what a poll finds are one change of one record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.store import Store
from crm_bridge import AccountId
from crm_bridge.adapters.remote import RemoteCrm
from tests.crm_bridge.kingdee.conftest import Notes, open_crm
from tests.events.told import Told, event
from tests.fakes.clock import Clock
from tests.fakes.systems.kingdee import SHANGHAI, FakeKingdee
from tests.fakes.systems.line import Line

PREFIXED = "extends: kingdee\naccount: {prefix: K3-}\nrecords: {order: {prefix: XS-}}\n"


@pytest.fixture(params=["as it ships", "with prefixes"])
async def crm(
    line: Line, notes: Notes, clock: Clock, known: AccountId, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[RemoteCrm]:
    """Once as a company writes it whose numbers would meet another system's."""
    own = tmp_path / "own.yaml"
    own.write_text(PREFIXED, encoding="utf-8")
    opened = open_crm(line, notes, clock, **({"mapping": str(own)} if request.param != "as it ships" else {}))
    yield opened
    await opened.close()


def posted(galaxy: FakeKingdee, form: str) -> dict[str, Any]:
    """The row with objects inside, as Galaxy's JSON has it; times are local."""
    (row,) = galaxy.rows[form].values()
    inside = {
        name: {"FNumber": row[name]}
        for name, kind in galaxy.schema[form].items()
        if kind.startswith("B") and row[name]
    }
    at = row["FModifyDate"].astimezone(SHANGHAI).replace(tzinfo=None)
    told = {name: value for name, value in row.items() if isinstance(value, str | float)}
    return event(
        "/erp/kingdee/main",
        f"{form}.Save",
        told | inside | {"FModifyDate": at.isoformat(timespec="milliseconds")},
    )


@pytest.mark.parametrize("first", ["reported", "asked for"])
async def test_an_event_and_the_poll_of_the_same_change_are_one(
    store: Store, crm: RemoteCrm, galaxy: FakeKingdee, clock: Clock, first: str
) -> None:
    told, mapping = Told(store, crm, clock), crm.system.mapping
    customer, order = f"{mapping.prefix('account')}CUST0001", f"{mapping.prefix('order')}XSDD000019"
    await told.by_asking()
    clock.advance(seconds=10)
    for form, values in (
        ("BD_Customer", {"FCustTypeId": "KHLB_VIP"}),
        ("SAL_SaleOrder", {"FCancelStatus": "B"}),
    ):
        galaxy.edit(form, next(iter(galaxy.rows[form])), **values)
    events = [posted(galaxy, form) for form in ("BD_Customer", "SAL_SaleOrder")]
    if first == "reported":
        await told.take(*events)
        await told.by_asking()
    else:
        await told.by_asking()
        await told.take(*events)
    assert told.news == [("order.cancelled", order), ("tier.changed", customer)]
    assert {place.split(" ")[0] for place in told.state} == {f"account:{customer}", f"order:{order}"}
    assert told.state[f"account:{customer} tier"] == "VIP"
    assert told.state[f"order:{order} account"] == customer


async def test_an_order_has_the_status_that_a_poll_reads(
    store: Store, crm: RemoteCrm, galaxy: FakeKingdee, clock: Clock
) -> None:
    told = Told(store, crm, clock)
    galaxy.edit("SAL_SaleOrder", next(iter(galaxy.rows["SAL_SaleOrder"])), FDocumentStatus="B")
    await told.take(posted(galaxy, "SAL_SaleOrder"))
    reported = told.state
    await told.by_asking()
    assert {place: told.state[place] for place in reported} == reported
    assert "审核中" in reported.values()
