"""The demo company's customers agree with its facts, and the CRM takes them in once."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import Session, SQLModel, create_engine, select

from bot.demo import company
from crm_bridge.adapters.embedded.seed import SeedAccount, SeedSale, load, parse
from crm_bridge.adapters.embedded.tables import AccountRow, TicketRow

TODAY = date(2026, 11, 28)
WORLD = company.world()
PRICES = {product["model"]: product["list_price"] for product in WORLD["products"]}
SOFTWARE = {product["model"] for product in WORLD["products"] if product["industry"] == "saas"}
LEAD_DAYS = {product["model"]: product["lead_days"] for product in WORLD["products"]}


@pytest.fixture(scope="module")
def customers() -> list[SeedAccount]:
    return parse(company.accounts(), TODAY)


def discount(sale: SeedSale) -> int:
    """What a rep may grant on an order of so many pieces of hardware."""
    pieces = sum(line.quantity for line in sale.lines if line.product not in SOFTWARE)
    steps = [step["percent"] for step in WORLD["discounts"] if step["from_quantity"] <= pieces]
    return max(steps, default=0)


def test_every_sale_is_priced_by_the_list_and_the_discount_table(customers: list[SeedAccount]) -> None:
    sales = [sale for customer in customers for sale in (*customer.orders, *customer.quotes)]
    assert len(sales) > 50
    for sale in sales:
        for line in sale.lines:
            granted = 0 if line.product in SOFTWARE else discount(sale)
            assert line.unit_price == PRICES[line.product], sale.title
            assert line.discount_percent == granted, sale.title


def test_no_order_promises_less_than_the_lead_time(customers: list[SeedAccount]) -> None:
    for order in (order for customer in customers for order in customer.orders):
        assert order.ship_by is not None
        assert (order.ship_by - order.at).days >= max(LEAD_DAYS[line.product] for line in order.lines), (
            order.title
        )


def test_every_invoice_is_a_whole_order_or_its_prepayment(customers: list[SeedAccount]) -> None:
    for customer in customers:
        totals = {order.total for order in customer.orders}
        billable = totals | {(total * 30 / 100).quantize(Decimal("0.01")) for total in totals}
        assert {invoice.amount for invoice in customer.invoices} <= billable, customer.short


def test_customers_differ_in_trade_owner_stage_and_trouble(customers: list[SeedAccount]) -> None:
    assert len(customers) >= 44
    assert {one.industry for one in customers} == {"medical", "manufacturing", "saas", "ecommerce"}
    assert {one.owner for one in customers} == {"zhangsan", "lisi", "wangwu"}
    assert len({deal.stage for one in customers for deal in one.opportunities}) == 7
    assert {ticket.alarm for one in customers for ticket in one.tickets} >= {
        alarm["code"] for alarm in WORLD["alarms"]
    }
    assert sum(bool(one.contracts) for one in customers) >= 8
    assert any(bill.due < TODAY and bill.paid < bill.amount for one in customers for bill in one.invoices)


def test_some_names_are_ambiguous_on_purpose(customers: list[SeedAccount]) -> None:
    aliases = Counter(alias for one in customers for alias in one.aliases)
    assert aliases["远航"] == 2
    directors = [
        contact.name
        for one in customers
        if one.owner == "zhangsan"
        for contact in one.contacts
        if contact.name.startswith("王") and contact.title.endswith("主任")
    ]
    assert len(directors) > 1


def test_every_phone_is_fictitious_and_belongs_to_one_person(customers: list[SeedAccount]) -> None:
    phones = [contact.phone for one in customers for contact in one.contacts]
    assert len(phones) == len(set(phones))
    assert all(len(phone) == 11 and phone.startswith("1390000") for phone in phones)


def test_flagship_customers_stand_as_the_facts_say(customers: list[SeedAccount]) -> None:
    by_name = {one.name: one for one in customers}
    for fact in WORLD["accounts"]:
        customer = by_name[fact["name"]]
        for field in ("short", "aliases", "owner", "industry", "tier"):
            assert getattr(customer, field) == fact[field]
        if signed := fact.get("contract"):
            contract = customer.contracts[0]
            for field in ("number", "title", "warranty_months", "valid_from", "valid_until"):
                assert getattr(contract, field) == signed[field]
            assert customer.payment_days == signed["payment_days"]


def test_the_crm_takes_every_customer_in_once() -> None:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        new = load(session, company.accounts(), TODAY)
        assert new == len(company.accounts())
        assert load(session, company.accounts(), TODAY) == 0
        names = session.exec(select(AccountRow.name)).all()
        alarms = session.exec(select(TicketRow.alarm).where(TicketRow.alarm != "")).all()
    engine.dispose()
    assert len(names) == new
    assert "E03" in alarms


def test_people_stand_as_the_facts_say_and_managers_come_first() -> None:
    people = company.people()
    facts = {(one["id"], one["name"], one["role"], one.get("manager")) for one in WORLD["people"]}
    assert {(one.id, one.name, one.role.value, one.manager) for one in people} == facts
    known = [one.id for one in people]
    assert all(one.manager in known[: known.index(one.id)] for one in people if one.manager)
    assert all(one.wecom == one.dingtalk == one.id for one in people)
