"""A fake org with two customers, and the adapter at the other end of a line that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.adapters.salesforce import connect
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.salesforce import FakeSalesforce

Notes = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def org(clock: Clock) -> FakeSalesforce:
    org = FakeSalesforce(clock)
    org.add("User", Alias="zhangsan", Username="z@acme.cn", IsActive=True)
    org.add("User", Alias="chenjing", Username="c@acme.cn", IsActive=True)
    book = org.add("Pricebook2", Name="标准", IsStandard=True)
    product = org.add("Product2", Name="X200 输液泵", ProductCode="X200")
    org.add("PricebookEntry", Pricebook2Id=book, Product2Id=product, IsActive=True)
    return org


@pytest.fixture
def owner(org: FakeSalesforce) -> str:
    return next(number for number, row in org.rows["User"].items() if row["Alias"] == "zhangsan")


@pytest.fixture
def known(org: FakeSalesforce, owner: str) -> AccountId:
    number = org.add(
        "Account", Name="华东仁和医疗科技有限公司", Short_Name__c="华东仁和", Aliases__c="仁和,仁和医疗",
        Industry="medical", Customer_Tier__c="B", Region__c="华东", Payment_Days__c=60, OwnerId=owner,
    )  # fmt: skip
    org.add("Contact", Name="王建国", Title="设备科主任", Phone="021-1234", AccountId=number)
    org.add(
        "Opportunity",
        Name="X200 20台",
        StageName="Value Proposition",
        CloseDate="2026-12-31",
        Amount=357200.5,
        AccountId=number,
    )
    org.add(
        "Order",
        OrderNumber="00000100",
        TotalAmount=136000,
        Status="Activated",
        EffectiveDate="2026-10-08",
        AccountId=number,
    )
    return AccountId(number)


@pytest.fixture
def line(org: FakeSalesforce) -> Line:
    return Line(org.app)


@pytest.fixture
async def crm(line: Line, notes: Notes, clock: Clock, known: AccountId) -> AsyncIterator[RemoteCrm]:
    opened = open_crm(line, notes, clock)
    yield opened
    await opened.close()


def open_crm(line: Line, notes: Notes, clock: Clock, **access: str) -> RemoteCrm:
    given = {
        "base_url": "https://acme.my.salesforce.com",
        "client_id": "yiju",
        "client_secret": "s3cret",
    } | access
    return connect(Access(**given), Host(None, notes, clock), line)  # type: ignore[arg-type]
