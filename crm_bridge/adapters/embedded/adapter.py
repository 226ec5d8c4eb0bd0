"""The embedded CRM as the bot sees it. Its calls take well under a millisecond to a few, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Engine, Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col

from crm_bridge.adapters.embedded.operations import OPERATIONS, Ask, Done, undo
from crm_bridge.adapters.embedded.tables import (
    AccountRow,
    ChangeRow,
    ContactRow,
    ContractRow,
    InvoiceRow,
    MeetingRow,
    NoteRow,
    OpportunityRow,
    OrderRow,
    QuoteRow,
    TaskRow,
    TicketRow,
    Tracked,
    WriteRow,
)
from crm_bridge.errors import UnknownAccount, WriteRefused
from crm_bridge.given import SHANGHAI
from crm_bridge.model import (
    Account,
    AccountId,
    AccountName,
    Contact,
    Field,
    Lineage,
    Receipt,
    Record,
    Write,
    WriteKey,
)
from crm_bridge.vocabulary import CLOSED_STAGES

SYSTEM = "内置CRM"
MOST_RECORDS = 20
STALE_AFTER = timedelta(seconds=10)
"""Other processes (an import, a second worker) change the directory too."""
T = TypeVar("T")
_RECEIPT = TypeAdapter(Receipt)
_TABLES: dict[str, type[Tracked]] = {
    "account": AccountRow,
    "opportunity": OpportunityRow,
    "quote": QuoteRow,
    "order": OrderRow,
    "invoice": InvoiceRow,
    "ticket": TicketRow,
    "task": TaskRow,
    "meeting": MeetingRow,
    "note": NoteRow,
    "contract": ContractRow,
}
_ACCOUNTS = AccountRow.__table__  # type: ignore[attr-defined]
_ACCOUNT = select(_ACCOUNTS).where(_ACCOUNTS.c.id == bindparam("account"))
_CHANGES = (
    select(col(ChangeRow.field), col(ChangeRow.at))
    .where(col(ChangeRow.record) == bindparam("record"))
    .order_by(col(ChangeRow.seq))
)


@contextmanager
def _transaction(engine: Engine) -> Any:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


class EmbeddedCrm:
    """Implements `CrmAdapter` over the given engine. `transaction` lets a host serialise its writers."""

    name = "embedded"

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        transaction: Callable[[], AbstractContextManager[Session]] | None = None,
    ) -> None:
        self._reading = engine.execution_options(yiju_reads=True)
        self._clock = clock
        self._transaction = transaction or (lambda: _transaction(engine))
        self._directory: tuple[AccountName, ...] = ()
        self._directory_at: datetime | None = None

    async def directory(self) -> tuple[AccountName, ...]:
        """The same tuple as long as nothing changed, so that an index over it may be kept."""
        now = self._clock()
        if self._directory_at is None or now - self._directory_at >= STALE_AFTER:
            found = await asyncio.to_thread(self._read, _directory)
            self._directory_at = now
            self._directory = self._directory if found == self._directory else found
        return self._directory

    async def account(self, account: AccountId) -> Account:
        return await asyncio.to_thread(self._read, lambda session: _account(session, account, self._clock()))

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        receipt = await asyncio.to_thread(self._write, lambda session: self._carry_out(session, write, key))
        self._directory_at = None
        return receipt

    async def receipt(self, key: WriteKey) -> Receipt | None:
        return await asyncio.to_thread(self._read, lambda session: _receipt(session, key))

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        undone = await asyncio.to_thread(self._write, lambda session: self._undo(session, receipt, by, key))
        self._directory_at = None
        return undone

    def _read(self, work: Callable[[Session], T]) -> T:
        with Session(self._reading) as session:
            return work(session)

    def _write(self, work: Callable[[Session], T]) -> T:
        try:
            with self._transaction() as session:
                return work(session)
        except IntegrityError:
            # another writer took the key or the number in between: look again, with its rows in sight
            with self._transaction() as session:
                session.info["crowded"] = True
                return work(session)

    def _carry_out(self, session: Session, write: Write, key: WriteKey) -> Receipt:
        if written := _receipt(session, key):
            return written
        operation = OPERATIONS.get(write.operation)
        if operation is None:
            raise WriteRefused(f"这个 CRM 不支持“{write.operation}”;支持:{'、'.join(OPERATIONS)}")
        account = session.get(AccountRow, write.account)
        if account is None or account.cancelled:
            raise UnknownAccount(f"CRM 里没有编号 {write.account} 的客户")
        now = self._clock()
        done = operation(Ask(session, account, write.params, write.by, now, f"依据 {key}"))
        return _keep(session, key, _receipt_of(done, write.operation, key, now))

    def _undo(self, session: Session, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        if written := _receipt(session, key):
            return written
        if not receipt.undoable:
            raise WriteRefused(f"{receipt.shown}:这个操作不能撤销")
        table = _TABLES.get(receipt.record_kind)
        row = session.get(table, receipt.record_id) if table else None
        if row is None:
            raise WriteRefused(f"找不到 {receipt.record_id},可能已被删除")
        now = self._clock()
        undo(session, row, receipt.record_kind, receipt.before, receipt.at, by, now)
        shown = f"已撤销:{receipt.shown}"
        return _keep(
            session,
            key,
            Receipt(
                key, f"undo:{receipt.operation}", SYSTEM, receipt.record_kind, receipt.record_id, shown, now
            ),
        )


def _receipt_of(done: Done, operation: str, key: WriteKey, now: datetime) -> Receipt:
    return Receipt(
        key, operation, SYSTEM, done.kind, done.row.id, done.shown, now, done.undoable, dict(done.before)
    )


def _keep(session: Session, key: WriteKey, receipt: Receipt) -> Receipt:
    session.add(WriteRow(key=key, at=receipt.at, receipt=_RECEIPT.dump_python(receipt, mode="json")))
    session.flush()
    return receipt


def _receipt(session: Session, key: WriteKey) -> Receipt | None:
    row = session.get(WriteRow, key)
    return _RECEIPT.validate_python(row.receipt) if row else None


def _directory(session: Session) -> tuple[AccountName, ...]:
    contacts: dict[str, list[str]] = {}
    for contact in session.execute(select(ContactRow).where(col(ContactRow.cancelled).is_(False))).scalars():
        contacts.setdefault(contact.account, []).append(f"{contact.name}|{contact.title}")
    rows = session.execute(select(AccountRow).where(col(AccountRow.cancelled).is_(False))).scalars()
    return tuple(
        AccountName(
            AccountId(row.id),
            row.name,
            row.owner,
            (row.short_name, *row.aliases),
            tuple(contacts.get(row.id, ())),
            row.industry,
        )
        for row in rows
    )


def _account(session: Session, account: AccountId, now: datetime) -> Account:
    row: Any = session.connection().execute(_ACCOUNT, {"account": account}).first()
    if row is None or row.cancelled:
        raise UnknownAccount(f"CRM 里没有编号 {account} 的客户")
    rows = {
        kind: _rows(session, table, account) for kind, table in _TABLES.items() if table is not AccountRow
    }
    changed = _last_changes(session, account)
    contacts = _rows(session, ContactRow, account)
    return Account(
        id=account,
        name=row.name,
        short_name=row.short_name,
        owner=row.owner,
        industry=row.industry,
        fields=_fields(row, rows, changed, now),
        contacts=tuple(Contact(one.id, one.name, one.title, one.phone) for one in contacts),
        records=tuple(_record(kind, one, now) for kind, many in rows.items() for one in many[:MOST_RECORDS]),
    )


def _rows(session: Session, table: type[Tracked], account: str) -> Sequence[Any]:
    """Plain rows, newest first: making objects that watch themselves would double the cost of a turn's reading."""
    return session.connection().execute(_newest(table), {"account": account}).all()


@cache
def _newest(table: type[Tracked]) -> Select[Any]:
    """Built once: putting a query together costs more than running it."""
    columns = table.__table__.c  # type: ignore[attr-defined]
    newest = columns.ordered_on if table is OrderRow else columns.updated_at
    mine = columns.account == bindparam("account")
    return select(*columns).where(mine, columns.cancelled.is_(False)).order_by(newest.desc())


def _last_changes(session: Session, record: str) -> dict[str, datetime]:
    changes = session.connection().execute(_CHANGES, {"record": record})
    return {change.field: change.at for change in changes}


def _fields(
    row: AccountRow, rows: dict[str, Sequence[Any]], changed: dict[str, datetime], now: datetime
) -> tuple[Field, ...]:
    def plain(name: str, label: str, shown: str) -> Field:
        lineage = Lineage(SYSTEM, "客户", label, changed.get(name, row.created_at), now)
        return Field(name, label, getattr(row, name), shown, lineage)

    def derived(name: str, label: str, value: Any, shown: str, source: str, of: Sequence[Tracked]) -> Field:
        at = max((one.updated_at for one in of), default=row.created_at)
        return Field(name, label, value, shown, Lineage(SYSTEM, source, label, at, now))

    today = now.astimezone(SHANGHAI).date()
    year = [order for order in rows["order"] if order.ordered_on >= today - timedelta(days=365)]
    bought = sum((order.total for order in year), Decimal(0))
    deals = [deal for deal in rows["opportunity"] if deal.stage not in CLOSED_STAGES]
    expected = sum((deal.amount or Decimal(0) for deal in deals), Decimal(0))
    tickets = [ticket for ticket in rows["ticket"] if ticket.status != "已关闭"]
    due = [invoice for invoice in rows["invoice"] if invoice.paid < invoice.amount and invoice.due_on < today]
    overdue = sum((invoice.amount - invoice.paid for invoice in due), Decimal(0))
    fields = [
        plain("tier", "客户等级", row.tier),
        plain("industry", "行业", _INDUSTRIES.get(row.industry, row.industry)),
        plain("region", "区域", row.region or "未填"),
        plain("owner", "负责人", row.owner),
        plain("payment_days", "账期", f"{row.payment_days} 天"),
        derived(
            "open_deals",
            "在谈商机",
            len(deals),
            f"{len(deals)} 个,预计 ¥{expected:,.0f}" if deals else "没有",
            "商机",
            deals,
        ),
        derived(
            "orders_12m",
            "近12个月订单",
            str(bought),
            f"{len(year)} 单,¥{bought:,.0f}" if year else "没有",
            "订单",
            year,
        ),
        derived(
            "open_tickets",
            "未结工单",
            len(tickets),
            f"{len(tickets)} 个" if tickets else "没有",
            "工单",
            tickets,
        ),
        derived("overdue", "逾期未付", str(overdue), f"¥{overdue:,.2f}" if due else "没有", "应收", due),
    ]
    if rows["order"]:
        last = rows["order"][0]
        fields.append(
            derived(
                "last_order",
                "最近订单",
                last.id,
                f"{last.ordered_on:%Y-%m-%d} {last.title}({last.status})",
                "订单",
                [last],
            )
        )
    for contract in rows["contract"][:1]:
        shown = f"{contract.number},{contract.valid_until:%Y-%m-%d} 到期" + (
            "(已过期)" if contract.valid_until < today else ""
        )
        fields.append(derived("contract", "合同", contract.number, shown, "合同", [contract]))
    return tuple(fields)


_INDUSTRIES = {
    "medical": "医疗器械",
    "manufacturing": "精密制造",
    "saas": "企业软件",
    "ecommerce": "跨境电商",
}
_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "opportunity": (
        ("product", "产品"),
        ("quantity", "数量"),
        ("amount", "金额"),
        ("stage", "阶段"),
        ("close_date", "预计成交"),
    ),
    "quote": (("total", "合计"), ("status", "状态"), ("valid_until", "有效期至")),
    "order": (
        ("total", "金额"),
        ("status", "状态"),
        ("ordered_on", "下单日"),
        ("ship_by", "应发货"),
        ("tracking", "物流单号"),
    ),
    "invoice": (("amount", "金额"), ("paid", "已付"), ("due_on", "应付日")),
    "ticket": (("severity", "级别"), ("status", "状态"), ("product", "产品"), ("alarm", "报警代码")),
    "task": (("assignee", "负责人"), ("due", "截止"), ("priority", "优先级")),
    "meeting": (("start", "开始"), ("place", "地点")),
    "note": (("text", "内容"),),
    "contract": (
        ("number", "编号"),
        ("valid_from", "生效"),
        ("valid_until", "到期"),
        ("warranty_months", "质保(月)"),
    ),
}
_LABELS = {
    "opportunity": "商机", "quote": "报价单", "order": "订单", "invoice": "应收", "ticket": "工单",
    "task": "任务", "meeting": "会议", "note": "跟进", "contract": "合同",
}  # fmt: skip


def _record(kind: str, row: Any, now: datetime) -> Record:
    def field(name: str, label: str) -> Field:
        value = getattr(row, name)
        lineage = Lineage(SYSTEM, _LABELS[kind], label, row.updated_at, now)
        return Field(
            name, label, str(value) if isinstance(value, Decimal | date) else value, _shown(value), lineage
        )

    title = getattr(row, "title", "") or getattr(row, "text", "")[:40]
    return Record(kind, row.id, title, tuple(field(name, label) for name, label in _COLUMNS[kind]))


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "未填"
    if isinstance(value, Decimal):
        return f"¥{value:,.2f}"
    return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def create_tables(engine: Engine) -> None:
    """For tests and one-shot use; the product's own schema comes from its migrations."""
    SQLModel.metadata.create_all(engine)
