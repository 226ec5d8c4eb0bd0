"""A fake company with a customer, and the adapter at the other end of a line that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.fxiaoke import connect
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.calling import Limit
from tests.fakes.clock import Clock
from tests.fakes.systems.fxiaoke import FakeFxiaoke
from tests.fakes.systems.line import Line

Notes = Callable[[], AbstractContextManager[Session]]
OURS = 'extends: fxiaoke\nowners: {map: {"1000": zhangsan, "1001": chenjing}}\n'


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("crm_bridge.adapters.fxiaoke.api.LIMITS", (Limit(10_000, 1),))
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def company(clock: Clock) -> FakeFxiaoke:
    company = FakeFxiaoke(clock)
    company.add("ProductObj", name="X200 输液泵", product_code="X200")
    return company


@pytest.fixture
def known(company: FakeFxiaoke) -> AccountId:
    number = company.add(
        "AccountObj", name="华东仁和医疗科技有限公司", short_name__c="华东仁和", owner=["1000"], industry="medical", account_level="3",
        region__c="华东", payment_days__c="60",
    )  # fmt: skip
    company.add("ContactObj", name="王建国", job_title="设备科主任", mobile="021-1234", account_id=number)
    company.add(
        "NewOpportunityObj", name="X200 20台", sales_stage="3", amount="357200.50", close_date=1798646400000,
        account_id=number, owner=["1000"],
    )  # fmt: skip
    company.add(
        "SalesOrderObj", name="SO0001", order_amount="136000.00", order_time=1791388800000, account_id=number
    )
    return AccountId(number)


@pytest.fixture
def line(company: FakeFxiaoke) -> Line:
    return Line(company.app)


@pytest.fixture
def ours(tmp_path: Path) -> str:
    """A mapping of this company's own: who its employees are to us."""
    path = tmp_path / "fxiaoke.yaml"
    path.write_text(OURS, encoding="utf-8")
    return str(path)


@pytest.fixture
async def crm(
    line: Line, notes: Notes, clock: Clock, known: AccountId, ours: str
) -> AsyncIterator[RemoteCrm]:
    opened = open_crm(line, notes, clock, mapping=ours)
    yield opened
    await opened.close()


def open_crm(line: Line, notes: Notes, clock: Clock, **access: str) -> RemoteCrm:
    given = {"client_id": "FSAID_1", "client_secret": "s3cret", "token": "code-1", "user": "1000"} | access
    return connect(Access(**given), Host(None, notes, clock), line)  # type: ignore[arg-type]
