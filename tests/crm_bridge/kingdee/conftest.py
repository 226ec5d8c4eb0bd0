"""A fake Galaxy with two customers, and the adapter at the other end of a line that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.kingdee import connect
from crm_bridge.adapters.remote import RemoteCrm
from tests.fakes.clock import Clock
from tests.fakes.systems.kingdee import FakeKingdee
from tests.fakes.systems.line import Line

Notes = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def galaxy(clock: Clock) -> FakeKingdee:
    return FakeKingdee(clock)


@pytest.fixture
def known(galaxy: FakeKingdee) -> AccountId:
    galaxy.add(
        "BD_Customer", FNumber="CUST0001", FName="华东仁和医疗科技有限公司", FShortName="华东仁和", FSELLER="YG0001",
        F_YJ_Industry="medical", FCustTypeId="KHLB_B", FPROVINCIAL="上海", FRECCONDITIONID="月结60天",
    )  # fmt: skip
    galaxy.add("BD_CommonContact", FNumber="CXR01", FName="王建国", FPost="设备科主任", FMobile="021-1234", FCompanyType="BD_Customer", FCompany="CUST0001")  # fmt: skip
    galaxy.add(
        "SAL_SaleOrder", [{"FMaterialId": "X200", "FQty": 2}, {"FMaterialId": "X900", "FQty": 1}],
        FBillNo="XSDD000019", FCustId="CUST0001", FDate="2026-10-08", FBillAllAmount=136000.0,
    )  # fmt: skip
    galaxy.add(
        "AR_receivable", FBillNo="AR00000001", FCUSTOMERID="CUST0001", FDate="2026-09-01", FENDDATE="2026-10-31",
        FALLAMOUNTFOR=50000.0, FWRITTENOFFAMOUNTFOR=12000.5,
    )  # fmt: skip
    return AccountId("CUST0001")


@pytest.fixture
def line(galaxy: FakeKingdee) -> Line:
    return Line(galaxy.app)


@pytest.fixture
async def crm(line: Line, notes: Notes, clock: Clock, known: AccountId) -> AsyncIterator[RemoteCrm]:
    opened = open_crm(line, notes, clock)
    yield opened
    await opened.close()


def open_crm(line: Line, notes: Notes, clock: Clock, **access: str) -> RemoteCrm:
    given = {
        "base_url": "https://k3.test", "database": "5f00aa", "user": "demo", "client_id": "123456_YWJj",
        "client_secret": "app-secret", "tenant": "100",
    } | access  # fmt: skip
    return connect(Access(**given), Host(None, notes, clock), line)  # type: ignore[arg-type]
