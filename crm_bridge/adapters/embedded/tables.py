"""The rows of the embedded CRM. Every row knows who changed it last; `crm_change` keeps what was before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """Aware UTC with microseconds; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """Decimal kept as text: SQLite's own numbers are floating and would change a price."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Tracked(SQLModel):
    id: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)
    updated_by: str
    cancelled: bool = False


class AccountRow(Tracked, table=True):
    __tablename__ = "crm_account"
    name: str = Field(unique=True)
    short_name: str
    aliases: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    industry: str
    tier: str
    region: str = ""
    owner: str = Field(index=True)
    payment_days: int = 30
    credit_limit: Decimal = Field(default=Decimal(0), sa_type=Money)
    remark: str = ""


class ContactRow(Tracked, table=True):
    __tablename__ = "crm_contact"
    account: str = Field(foreign_key="crm_account.id", index=True)
    name: str
    title: str = ""
    phone: str = ""


class OpportunityRow(Tracked, table=True):
    __tablename__ = "crm_opportunity"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    product: str = ""
    quantity: int | None = None
    amount: Decimal | None = Field(default=None, sa_type=Money)
    stage: str
    close_date: date | None = None
    note: str = ""


class QuoteRow(Tracked, table=True):
    __tablename__ = "crm_quote"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    total: Decimal = Field(sa_type=Money)
    status: str = "草稿"
    valid_until: date | None = None


class OrderRow(Tracked, table=True):
    __tablename__ = "crm_order"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    total: Decimal = Field(sa_type=Money)
    status: str
    ordered_on: date
    ship_by: date | None = None
    tracking: str = ""


class InvoiceRow(Tracked, table=True):
    __tablename__ = "crm_invoice"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    amount: Decimal = Field(sa_type=Money)
    paid: Decimal = Field(default=Decimal(0), sa_type=Money)
    due_on: date


class TicketRow(Tracked, table=True):
    __tablename__ = "crm_ticket"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    description: str = ""
    severity: str = "一般"
    status: str = "待处理"
    product: str = ""
    alarm: str = ""


class TaskRow(Tracked, table=True):
    __tablename__ = "crm_task"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    assignee: str
    due: date | None = None
    priority: str = "普通"
    done: bool = False


class MeetingRow(Tracked, table=True):
    __tablename__ = "crm_meeting"
    account: str = Field(foreign_key="crm_account.id", index=True)
    title: str
    start: datetime = Field(sa_type=Instant)
    end: datetime = Field(sa_type=Instant)
    place: str = ""
    attendees: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class NoteRow(Tracked, table=True):
    __tablename__ = "crm_note"
    account: str = Field(foreign_key="crm_account.id", index=True)
    text: str


class ContractRow(Tracked, table=True):
    __tablename__ = "crm_contract"
    account: str = Field(foreign_key="crm_account.id", index=True)
    number: str = Field(unique=True)
    title: str
    valid_from: date
    valid_until: date
    warranty_months: int | None = None


class ChangeRow(SQLModel, table=True):
    """One field that changed: what lineage reads."""

    __tablename__ = "crm_change"
    seq: int | None = Field(default=None, primary_key=True)
    kind: str
    record: str = Field(index=True)
    field: str
    before: str | None = None
    after: str | None = None
    at: datetime = Field(sa_type=Instant)
    by: str
    cause: str = ""


class WriteRow(SQLModel, table=True):
    """A write key that was used, with its receipt, saved in the transaction of the write itself."""

    __tablename__ = "crm_write"
    key: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    receipt: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
