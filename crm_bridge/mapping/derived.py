"""What a rep wants to know of a customer and no system has as a field: open deals, a year's orders, what is overdue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crm_bridge.mapping.labels import KIND_LABELS
from crm_bridge.model import Field, Lineage, Record
from crm_bridge.vocabulary import CLOSED_STAGES

CLOSED_TICKETS = frozenset({"已关闭", "已解决", "完成"})
_SHANGHAI = ZoneInfo("Asia/Shanghai")


def derived(
    records: Mapping[str, Sequence[Record]],
    system: str,
    now: datetime,
    since: datetime,
    precision: str = "us",
) -> tuple[Field, ...]:
    """Only over kinds that were read: an unmapped or failed kind yields nothing rather than a zero."""
    today = now.astimezone(_SHANGHAI).date()

    def field(kind: str, name: str, label: str, value: Any, shown: str, of: Sequence[Record]) -> Field:
        moved = ((one.lineage.at, one.lineage.precision) for record in of for one in record.fields)
        at, fine = max(moved, default=(since, precision))
        return Field(name, label, value, shown, Lineage(system, KIND_LABELS[kind], label, at, now, fine))

    def fields() -> Iterator[Field]:
        if "opportunity" in records:
            deals = [one for one in records["opportunity"] if _text(one, "stage") not in CLOSED_STAGES]
            expected = sum((_amount(one, "amount") for one in deals), Decimal(0))
            words = f"{len(deals)} 个,预计 ¥{expected:,.0f}" if deals else "没有"
            yield field("opportunity", "open_deals", "在谈商机", len(deals), words, deals)
        if "order" in records:
            past = today - timedelta(days=365)
            year = [one for day, one in _dated(records["order"], "ordered_on") if day >= past]
            bought = sum((_amount(one, "total") for one in year), Decimal(0))
            words = f"{len(year)} 单,¥{bought:,.0f}" if year else "没有"
            yield field("order", "orders_12m", "近12个月订单", str(bought), words, year)
        if "ticket" in records:
            tickets = [one for one in records["ticket"] if _text(one, "status") not in CLOSED_TICKETS]
            words = f"{len(tickets)} 个" if tickets else "没有"
            yield field("ticket", "open_tickets", "未结工单", len(tickets), words, tickets)
        if _told(records.get("invoice"), "amount", "paid"):
            due = [one for one in records["invoice"] if _is_due(one, today)]
            overdue = sum((_amount(one, "amount") - _amount(one, "paid") for one in due), Decimal(0))
            words = f"¥{overdue:,.2f}" if due else "没有"
            yield field("invoice", "overdue", "逾期未付", str(overdue), words, due)
        if orders := _dated(records.get("order", ()), "ordered_on"):
            day, last = orders[0]
            words = f"{day} {last.title}({_text(last, 'status') or '状态未知'})"
            yield field("order", "last_order", "最近订单", last.id, words, [last])
        if contracts := _dated(records.get("contract", ()), "valid_until"):
            end, newest = contracts[0]
            number = _text(newest, "number") or newest.id
            words = f"{number},{end} 到期" + ("(已过期)" if end < today else "")
            yield field("contract", "contract", "合同", number, words, [newest])

    return tuple(fields())


def _told(records: Sequence[Record] | None, *names: str) -> bool:
    """Whether the kind was read, and each of its records with these fields: half an invoice owes nothing and everything."""
    return records is not None and all(one.get(name) for one in records for name in names)


def _text(record: Record, name: str) -> str:
    found = record.get(name)
    return "" if found is None or found.value is None else str(found.value)


def _amount(record: Record, name: str) -> Decimal:
    return Decimal(_text(record, name) or 0)


def _dated(records: Sequence[Record], name: str) -> list[tuple[date, Record]]:
    """Those that have the date, newest first."""
    dated = [(date.fromisoformat(_text(one, name)[:10]), one) for one in records if _text(one, name)]
    return sorted(dated, key=lambda pair: pair[0], reverse=True)


def _is_due(record: Record, today: date) -> bool:
    due = _text(record, "due_on")
    return (
        bool(due)
        and date.fromisoformat(due[:10]) < today
        and _amount(record, "paid") < _amount(record, "amount")
    )
