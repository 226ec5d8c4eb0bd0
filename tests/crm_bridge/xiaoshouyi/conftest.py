"""A fake tenant with a customer, and the adapter at the other end of a line that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.adapters.xiaoshouyi import connect
from crm_bridge.calling import Limit
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.xiaoshouyi import FakeXiaoshouyi

Notes = Callable[[], AbstractContextManager[Session]]
ZHANGSAN, CHENJING = 3461000000000001, 3461000000000002
OURS = f'extends: xiaoshouyi\nowners: {{map: {{"{ZHANGSAN}": zhangsan, "{CHENJING}": chenjing}}}}\n'


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("crm_bridge.adapters.xiaoshouyi.api.LIMITS", (Limit(10_000, 1),))
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def tenant(clock: Clock) -> FakeXiaoshouyi:
    tenant = FakeXiaoshouyi(clock)
    tenant.add("product", productName="X200 输液泵", productCode="X200")
    return tenant


@pytest.fixture
def known(tenant: FakeXiaoshouyi) -> AccountId:
    number = tenant.add(
        "account", accountName="华东仁和医疗科技有限公司", shortName__c="华东仁和", ownerId=ZHANGSAN, dimDepart=9, industryId=7, level=3,
        region__c="华东", paymentDays__c=60,
    )  # fmt: skip
    tenant.add("contact", contactName="王建国", post="设备科主任", mobile="021-1234", accountId=int(number))
    tenant.add(
        "opportunity", opportunityName="X200 20台", saleStageId=3, money=357200.5, closeDate=1798646400000,
        accountId=int(number), ownerId=ZHANGSAN,
    )  # fmt: skip
    tenant.add("order", po="SO0001", amount=136000, poStatus=2, transactionDate=1791388800000, accountId=int(number))  # fmt: skip
    return AccountId(number)


@pytest.fixture
def line(tenant: FakeXiaoshouyi) -> Line:
    return Line(tenant.app)


@pytest.fixture
def ours(tmp_path: Path) -> str:
    """A mapping of this tenant's own: who its users are to us."""
    path = tmp_path / "xiaoshouyi.yaml"
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
    given = {
        "client_id": "app", "client_secret": "s3cret", "user": "bot@acme.cn", "password": "pass", "token": "12345678",
    } | access  # fmt: skip
    return connect(Access(**given), Host(None, notes, clock), line)  # type: ignore[arg-type]
