"""A fake HubSpot account with two companies, and the adapter at the other end of a line that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.hubspot import connect
from crm_bridge.adapters.remote import RemoteCrm
from tests.fakes.clock import Clock
from tests.fakes.systems.hubspot import FakeHubSpot
from tests.fakes.systems.line import Line

Notes = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def portal(clock: Clock) -> FakeHubSpot:
    return FakeHubSpot(clock)


@pytest.fixture
def known(portal: FakeHubSpot) -> AccountId:
    other = portal.add("companies", name="上海精模机械有限公司", hubspot_owner_id="42")
    number = portal.add(
        "companies", name="华东仁和医疗科技有限公司", short_name="华东仁和", industry="medical", customer_tier="B",
        region="华东", payment_days="60", hubspot_owner_id="41",
    )  # fmt: skip
    portal.add(
        "contacts", company=number, lastname="王", firstname="建国", jobtitle="设备科主任", phone="021-1234"
    )
    portal.add(
        "deals", company=number, secondary=other, dealname="X200 20台", pipeline="default", dealstage="9002",
        amount="357200.50", closedate="2026-12-30T16:00:00Z",
    )  # fmt: skip
    portal.add(
        "orders", company=number, hs_order_name="10-100", hs_total_price="136000", hs_external_order_status="已发货",
        hs_external_created_date="2026-10-08T00:00:00.000Z",
    )  # fmt: skip
    return AccountId(f"HS-{number}")


@pytest.fixture
def line(portal: FakeHubSpot) -> Line:
    return Line(portal.app)


@pytest.fixture
async def crm(line: Line, notes: Notes, clock: Clock, known: AccountId) -> AsyncIterator[RemoteCrm]:
    opened = open_crm(line, notes, clock)
    yield opened
    await opened.close()


def open_crm(line: Line, notes: Notes, clock: Clock, **access: str) -> RemoteCrm:
    return connect(Access(**({"token": "pat-1"} | access)), Host(None, notes, clock), line)  # type: ignore[arg-type]
