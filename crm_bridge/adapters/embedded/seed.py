"""Loads accounts from plain YAML-like data, once each: the demo company, or a first import.

Dates may be relative to `today` (`-35d`, `+10d`), so that a demo never ages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from sqlmodel import Session

from crm_bridge.adapters.embedded.tables import (
    AccountRow,
    ChangeRow,
    ContactRow,
    ContractRow,
    InvoiceRow,
    NoteRow,
    OpportunityRow,
    OrderRow,
    QuoteRow,
    TaskRow,
    TicketRow,
)
from crm_bridge.vocabulary import STAGES


class SeedUnusable(Exception):
    """An entry does not fit the schema; the message names it and says what was expected."""


def _relative(value: Any, info: ValidationInfo) -> Any:
    today: date = (info.context or {}).get("today") or datetime.now(UTC).date()
    if isinstance(value, str) and (found := re.fullmatch(r"([+-]?\d+)d", value)):
        return today + timedelta(days=int(found[1]))
    return value


Day = Annotated[date, BeforeValidator(_relative)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SeedContact(_Entry):
    name: str
    title: str = ""
    phone: str = ""


class SeedLine(_Entry):
    product: str
    quantity: int
    unit_price: Decimal
    discount_percent: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        return (self.quantity * self.unit_price * (100 - self.discount_percent) / 100).quantize(
            Decimal("0.01")
        )

    def plain(self) -> dict[str, str]:
        return {
            name: str(getattr(self, name))
            for name in ("product", "quantity", "unit_price", "discount_percent", "amount")
        }


class SeedOpportunity(_Entry):
    title: str
    product: str = ""
    quantity: int | None = None
    amount: Decimal | None = None
    stage: str
    close_date: Day | None = None
    at: Day


class SeedSale(_Entry):
    """An order or a quote."""

    title: str
    lines: list[SeedLine]
    status: str
    at: Day
    ship_by: Day | None = None
    valid_until: Day | None = None
    tracking: str = ""

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


class SeedInvoice(_Entry):
    title: str
    amount: Decimal
    paid: Decimal = Decimal(0)
    due: Day


class SeedTicket(_Entry):
    title: str
    description: str = ""
    severity: str = "一般"
    status: str = "待处理"
    product: str = ""
    alarm: str = ""
    at: Day


class SeedTask(_Entry):
    title: str
    due: Day | None = None
    priority: str = "普通"


class SeedNote(_Entry):
    text: str
    at: Day


class SeedContract(_Entry):
    number: str
    title: str
    valid_from: Day
    valid_until: Day
    warranty_months: int | None = None


class SeedAccount(_Entry):
    name: str
    short: str
    aliases: list[str] = []
    industry: str
    tier: str
    region: str = ""
    owner: str
    payment_days: int = 30
    since: Day
    contacts: list[SeedContact] = []
    opportunities: list[SeedOpportunity] = []
    quotes: list[SeedSale] = []
    orders: list[SeedSale] = []
    invoices: list[SeedInvoice] = []
    tickets: list[SeedTicket] = []
    tasks: list[SeedTask] = []
    notes: list[SeedNote] = []
    contracts: list[SeedContract] = []


def parse(entries: Iterable[Mapping[str, Any]], today: date) -> list[SeedAccount]:
    """Raises `SeedUnusable` for the first entry that does not fit."""
    accounts = []
    for number, entry in enumerate(entries, 1):
        try:
            account = SeedAccount.model_validate(entry, context={"today": today})
        except ValidationError as error:
            raise SeedUnusable(
                f"account {number} ({entry.get('name', 'without a name')}): {error}"
            ) from error
        for deal in account.opportunities:
            if deal.stage not in STAGES:
                raise SeedUnusable(f"account {account.name}: stage {deal.stage!r} is none of {STAGES}")
        accounts.append(account)
    return accounts


def load(session: Session, entries: Iterable[Mapping[str, Any]], today: date) -> int:
    """Add the accounts that are not there yet, in the caller's transaction; returns how many were new."""
    new = 0
    for account in parse(entries, today):
        account_id = f"ACC-{hashlib.sha256(account.name.encode()).hexdigest()[:8]}"
        if session.get(AccountRow, account_id) is None:
            _add(session, account_id, account, today)
            new += 1
    return new


def _add(session: Session, account_id: str, account: SeedAccount, today: date) -> None:
    plain = account.model_dump(
        include={"name", "aliases", "industry", "tier", "region", "owner", "payment_days"}
    )
    session.add(AccountRow(id=account_id, short_name=account.short, **plain, **_stamps(account.since)))
    session.flush()  # children point at it
    tier: dict[str, Any] = {"kind": "account", "record": account_id, "field": "tier", "by": "import"}
    session.add(ChangeRow(**tier, cause="导入", after=account.tier, at=_noon(account.since)))
    number = account_id.removeprefix("ACC-")
    for rows in (
        _contacts,
        _opportunities,
        _quotes,
        _orders,
        _invoices,
        _tickets,
        _tasks,
        _notes,
        _contracts,
    ):
        for count, (table, prefix, values, day) in enumerate(rows(account, today), 1):
            stamped = values | _stamps(day)
            session.add(table(id=f"{prefix}-{number}-{count}", account=account_id, **stamped))


_Rows = Iterator[tuple[type[Any], str, dict[str, Any], date]]
"""Table, prefix of its ids, columns, and the day it was written."""


def _contacts(account: SeedAccount, today: date) -> _Rows:
    for contact in account.contacts:
        yield ContactRow, "CT", contact.model_dump(), account.since


def _opportunities(account: SeedAccount, today: date) -> _Rows:
    for deal in account.opportunities:
        yield OpportunityRow, "OPP", deal.model_dump(exclude={"at"}), deal.at


def _quotes(account: SeedAccount, today: date) -> _Rows:
    for quote in account.quotes:
        yield QuoteRow, "QT", _sale(quote) | {"valid_until": quote.valid_until}, quote.at


def _orders(account: SeedAccount, today: date) -> _Rows:
    for order in account.orders:
        shipping = {"ordered_on": order.at, "ship_by": order.ship_by, "tracking": order.tracking}
        yield OrderRow, "SO", _sale(order) | shipping, order.at


def _sale(sale: SeedSale) -> dict[str, Any]:
    lines = [line.plain() for line in sale.lines]
    return {"title": sale.title, "lines": lines, "total": sale.total, "status": sale.status}


def _invoices(account: SeedAccount, today: date) -> _Rows:
    for invoice in account.invoices:
        values = invoice.model_dump(exclude={"due"}) | {"due_on": invoice.due}
        yield InvoiceRow, "INV", values, min(invoice.due, today)


def _tickets(account: SeedAccount, today: date) -> _Rows:
    for ticket in account.tickets:
        yield TicketRow, "WO", ticket.model_dump(exclude={"at"}), ticket.at


def _tasks(account: SeedAccount, today: date) -> _Rows:
    for task in account.tasks:
        yield TaskRow, "TASK", task.model_dump() | {"assignee": account.owner}, today


def _notes(account: SeedAccount, today: date) -> _Rows:
    for note in account.notes:
        yield NoteRow, "NOTE", {"text": note.text}, note.at


def _contracts(account: SeedAccount, today: date) -> _Rows:
    for contract in account.contracts:
        yield ContractRow, "CON", contract.model_dump(), min(contract.valid_from, today)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def _stamps(day: date) -> dict[str, Any]:
    return {"created_at": _noon(day), "updated_at": _noon(day), "updated_by": "import"}
