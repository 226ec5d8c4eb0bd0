"""A fake Odoo with a customer, once behind each door, and the adapter at the other end of a line that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.odoo import connect
from crm_bridge.adapters.remote import RemoteCrm
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.odoo import FakeOdoo

Notes = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(params=["19.0", "17.0"], ids=["json-2", "execute_kw"])
def odoo(clock: Clock, request: pytest.FixtureRequest) -> FakeOdoo:
    odoo = FakeOdoo(clock, request.param)
    for login in ("zhangsan", "chenjing"):
        odoo.add("res.users", login=login, name=f"{login} 的名字")
    for name in ("New", "Qualified", "Proposition", "Won"):
        odoo.add("crm.stage", name=name)
    for name in ("VIP", "A", "B", "C", "展会客户"):
        odoo.add("res.partner.category", name=name)
    odoo.add("product.product", name="X200 输液泵", default_code="X200")
    return odoo


def number(odoo: FakeOdoo, model: str, field: str, value: str) -> int:
    return next(row["id"] for row in odoo.rows[model].values() if row[field] == value)


@pytest.fixture
def known(odoo: FakeOdoo) -> AccountId:
    tags = [number(odoo, "res.partner.category", "name", name) for name in ("展会客户", "B")]
    term = odoo.add("account.payment.term", name="60 Days")
    owner = number(odoo, "res.users", "login", "zhangsan")
    made = odoo.add(
        "res.partner", name="华东仁和医疗科技有限公司", ref="华东仁和", is_company=True, user_id=owner, category_id=tags,
        property_payment_term_id=term, comment="<p>老客户</p>", industry_id=odoo.add("res.partner.industry", name="medical"),
    )  # fmt: skip
    person = odoo.add("res.partner", name="王建国", parent_id=made, function="设备科主任", phone="021-1234")
    stage = number(odoo, "crm.stage", "name", "Qualified")
    odoo.add(
        "crm.lead",
        name="X200 20台",
        type="opportunity",
        partner_id=made,
        stage_id=stage,
        expected_revenue=357200.5,
    )
    odoo.add(
        "sale.order", name="S00100", partner_id=person, state="sale", amount_total=136000.0,
        date_order=datetime(2026, 10, 8, 2, 0, tzinfo=UTC),
    )  # fmt: skip
    return AccountId(f"ACC-{made}")


@pytest.fixture
def line(odoo: FakeOdoo) -> Line:
    return Line(odoo.app)


@pytest.fixture
async def crm(line: Line, notes: Notes, clock: Clock, known: AccountId) -> AsyncIterator[RemoteCrm]:
    opened = open_crm(line, notes, clock)
    yield opened
    await opened.close()


def open_crm(line: Line, notes: Notes, clock: Clock, **access: str) -> RemoteCrm:
    given = {"base_url": "https://odoo.test", "database": "crm", "token": "key-1", "user": "bot"} | access
    return connect(Access(**given), Host(None, notes, clock), line)  # type: ignore[arg-type]
