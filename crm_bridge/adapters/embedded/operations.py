"""What may be written to the embedded CRM, one function an operation: check, change, say what was done."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from crm_bridge.adapters.embedded.tables import (
    AccountRow,
    ChangeRow,
    MeetingRow,
    NoteRow,
    OpportunityRow,
    QuoteRow,
    TaskRow,
    TicketRow,
    Tracked,
)
from crm_bridge.errors import OutsideContract, WriteRefused
from crm_bridge.vocabulary import CLOSED_STAGES, LONGEST_TERM, STAGES, TIERS, WRITABLE

SHANGHAI = ZoneInfo("Asia/Shanghai")
R = TypeVar("R", bound=Tracked)


@dataclass(frozen=True)
class Ask:
    """One write: the session and account it works on, its parameters, who confirmed it, and when."""

    session: Session
    account: AccountRow
    params: Mapping[str, Any]
    by: str
    now: datetime
    cause: str


@dataclass(frozen=True)
class Done:
    """The record that was made or changed, in a rep's words, and what was there before."""

    row: Tracked
    kind: str
    shown: str
    before: Mapping[str, Any] = field(default_factory=dict)
    undoable: bool = True


def create_opportunity(ask: Ask) -> Done:
    stage = str(ask.params.get("stage") or STAGES[0])
    if stage not in STAGES:
        raise WriteRefused(f"没有“{stage}”这个阶段;可选:{'、'.join(STAGES)}")
    row = _create(
        ask,
        OpportunityRow,
        "OPP",
        title=_text(ask, "title", "商机名称"),
        product=str(ask.params.get("product") or ""),
        quantity=_whole(ask, "quantity"),
        amount=_money(ask, "amount"),
        stage=stage,
        close_date=_day(ask, "close_date"),
        note=str(ask.params.get("note") or ""),
    )
    return Done(row, "opportunity", f"已创建商机 {row.id}「{row.title}」,阶段:{row.stage}")


def move_stage(ask: Ask) -> Done:
    row = _own(ask, OpportunityRow, str(ask.params.get("opportunity") or ""), "商机")
    to = str(ask.params.get("to") or "")
    if to not in STAGES:
        raise WriteRefused(f"没有“{to}”这个阶段;可选:{'、'.join(STAGES)}")
    if row.stage in CLOSED_STAGES:
        raise WriteRefused(f"商机 {row.id} 已是“{row.stage}”,不能再改阶段;需要的话新建一个商机")
    if row.stage == to:
        raise WriteRefused(f"商机 {row.id} 已经在“{to}”阶段")
    before = {"stage": row.stage}
    _change(ask, row, "opportunity", stage=to)
    return Done(row, "opportunity", f"商机 {row.id}「{row.title}」已从“{before['stage']}”改到“{to}”", before)


def create_task(ask: Ask) -> Done:
    row = _create(
        ask,
        TaskRow,
        "TASK",
        title=_text(ask, "title", "任务内容"),
        assignee=str(ask.params.get("assignee") or ask.account.owner),
        due=_day(ask, "due"),
        priority=str(ask.params.get("priority") or "普通"),
    )
    due = f",截止 {row.due:%m-%d}" if row.due else ""
    return Done(row, "task", f"已建跟进任务 {row.id}「{row.title}」{due}")


def create_ticket(ask: Ask) -> Done:
    row = _create(
        ask,
        TicketRow,
        "WO",
        title=_text(ask, "title", "工单标题"),
        description=str(ask.params.get("description") or ""),
        severity=str(ask.params.get("severity") or "一般"),
        product=str(ask.params.get("product") or ""),
        alarm=str(ask.params.get("alarm") or ""),
    )
    return Done(row, "ticket", f"已建服务工单 {row.id}「{row.title}」,级别:{row.severity}")


def schedule_meeting(ask: Ask) -> Done:
    start, end = _moment(ask, "start", "开始时间"), _moment(ask, "end", "结束时间")
    if end <= start:
        raise WriteRefused("会议结束时间要晚于开始时间")
    row = _create(
        ask,
        MeetingRow,
        "MTG",
        title=_text(ask, "title", "会议主题"),
        start=start,
        end=end,
        place=str(ask.params.get("place") or ""),
        attendees=[str(name) for name in ask.params.get("attendees") or ()],
    )
    return Done(row, "meeting", f"已安排会议 {row.id}「{row.title}」,{_local(start)}")


def draft_quote(ask: Ask) -> Done:
    lines = [_line(line) for line in ask.params.get("lines") or ()]
    if not lines:
        raise WriteRefused("报价单至少要有一行产品")
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    row = _create(
        ask,
        QuoteRow,
        "QT",
        title=_text(ask, "title", "报价单名称"),
        lines=lines,
        total=total,
        valid_until=_day(ask, "valid_until"),
    )
    return Done(row, "quote", f"已生成报价单草稿 {row.id}「{row.title}」,合计 ¥{total:,.2f}")


def log_note(ask: Ask) -> Done:
    row = _create(ask, NoteRow, "NOTE", text=_text(ask, "text", "备注内容", 4000))
    return Done(row, "note", f"已记录到 {ask.account.short_name} 的跟进:{row.text[:30]}")


def set_field(ask: Ask) -> Done:
    name = str(ask.params.get("field") or "")
    if name not in WRITABLE:
        raise OutsideContract(f"字段“{name}”不允许在这里修改;可改:{'、'.join(WRITABLE.values())}")
    value = _field_value(ask, name)
    before = {name: getattr(ask.account, name)}
    if before[name] == value:
        raise WriteRefused(f"{WRITABLE[name]}已经是“{value}”")
    _change(ask, ask.account, "account", **{name: value})
    return Done(ask.account, "account", f"{WRITABLE[name]}已从“{before[name]}”改为“{value}”", before)


def _field_value(ask: Ask, name: str) -> str | int:
    if name == "payment_days":
        days = _whole(ask, "value")
        if days is None or days > LONGEST_TERM:
            raise WriteRefused(
                f"账期要写成 0 到 {LONGEST_TERM} 之间的天数,现在是“{ask.params.get('value') or '空'}”"
            )
        return days
    value = str(ask.params.get("value") or "").strip()
    if name == "tier" and value not in TIERS:
        raise WriteRefused(f"没有“{value}”这个客户等级;可选:{'、'.join(TIERS)}")
    return value[:500]


def escalate(ask: Ask) -> Done:
    reason = _text(ask, "reason", "升级原因")
    assignee = _text(ask, "manager", "主管")
    title = f"【升级】{ask.account.short_name}:{reason}"
    row = _create(
        ask, TaskRow, "TASK", title=title[:120], assignee=assignee, due=_day(ask, "due"), priority="紧急"
    )
    return Done(row, "task", f"已升级给主管,任务 {row.id}")


OPERATIONS: Mapping[str, Callable[[Ask], Done]] = {
    "opportunity.create": create_opportunity,
    "opportunity.move_stage": move_stage,
    "task.create": create_task,
    "ticket.create": create_ticket,
    "meeting.schedule": schedule_meeting,
    "quote.draft": draft_quote,
    "note.log": log_note,
    "field.set": set_field,
    "escalate": escalate,
}


def undo(
    session: Session,
    row: Tracked,
    kind: str,
    before: Mapping[str, Any],
    written_at: datetime,
    by: str,
    now: datetime,
) -> None:
    """Cancel what was created, or put fields back. Raises `WriteRefused` where somebody changed it since."""
    if row.cancelled:
        raise WriteRefused(f"{row.id} 已经取消了")
    if row.updated_at > written_at:
        raise WriteRefused(f"{row.id} 在 {_local(row.updated_at)} 被 {row.updated_by} 改过,不能直接撤销")
    ask = Ask(session, AccountRow(), {}, by, now, "撤销")  # type: ignore[call-arg]
    _change(ask, row, kind, **(dict(before) or {"cancelled": True}))


def _create(ask: Ask, table: type[R], prefix: str, **values: Any) -> R:
    stamps: dict[str, Any] = {"created_at": ask.now, "updated_at": ask.now, "updated_by": ask.by}
    row = table(**stamps, **values, id=_next_id(ask.session, table, prefix), account=ask.account.id)  # type: ignore[call-arg]
    ask.session.add(row)
    ask.session.flush()
    kind = str(table.__tablename__).removeprefix("crm_")
    ask.session.add(
        ChangeRow(
            kind=kind, record=row.id, field="*", after="created", at=ask.now, by=ask.by, cause=ask.cause
        )
    )
    return row


def _next_id(session: Session, table: type[SQLModel], prefix: str) -> str:
    """OPP-1001, OPP-1002 …; where two writers meet, the later one takes a random tail instead of failing.

    `session.info["crowded"]` marks a second attempt, after a meeting that the count could not see.
    """
    number = 1001 + session.execute(select(func.count()).select_from(table)).scalar_one()
    candidate = f"{prefix}-{number}"
    taken = session.execute(select(col(table.id)).where(col(table.id) == candidate)).scalar()  # type: ignore[attr-defined]
    crowded = taken or session.info.get("crowded")
    return f"{prefix}-{number}-{uuid.uuid4().hex[:4]}" if crowded else candidate


def _change(ask: Ask, row: Tracked, kind: str, **values: Any) -> None:
    for name, value in values.items():
        change: dict[str, Any] = {
            "kind": kind,
            "record": row.id,
            "field": name,
            "at": ask.now,
            "by": ask.by,
            "cause": ask.cause,
        }
        ask.session.add(ChangeRow(**change, before=_plain(getattr(row, name)), after=_plain(value)))
        setattr(row, name, value)
    row.updated_at, row.updated_by = ask.now, ask.by
    ask.session.add(row)


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)


def _own(ask: Ask, table: type[R], record: str, label: str) -> R:
    row = ask.session.get(table, record)
    if row is None or row.cancelled or row.account != ask.account.id:  # type: ignore[attr-defined]
        raise WriteRefused(f"{ask.account.short_name} 没有编号 {record or '(空)'} 的{label}")
    return row


def _text(ask: Ask, name: str, label: str, longest: int = 500) -> str:
    value = str(ask.params.get(name) or "").strip()
    if not value:
        raise WriteRefused(f"缺少{label}")
    return value[:longest]


def _whole(ask: Ask, name: str) -> int | None:
    value = ask.params.get(name)
    if value in (None, ""):
        return None
    try:
        number = int(str(value))
    except ValueError as error:
        raise WriteRefused(f"“{value}”不是整数") from error
    if number < 0:
        raise WriteRefused(f"数量不能是负数:{number}")
    return number


def _money(ask: Ask, name: str) -> Decimal | None:
    value = ask.params.get(name)
    return None if value in (None, "") else _decimal(value)


def _decimal(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise WriteRefused(f"“{value}”不是金额") from error
    if not amount.is_finite() or amount < 0:
        raise WriteRefused(f"金额不对:{value}")
    return amount


def _day(ask: Ask, name: str) -> date | None:
    value = ask.params.get(name)
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise WriteRefused(f"“{value}”不是日期,要写成 2026-12-31 这样") from error


def _moment(ask: Ask, name: str, label: str) -> datetime:
    value = str(ask.params.get(name) or "")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise WriteRefused(f"缺少{label}" if not value else f"{label}“{value}”不是时间") from error
    if moment.tzinfo is None:
        raise WriteRefused(f"{label}没有时区")
    return moment.astimezone(UTC)


def _local(at: datetime) -> str:
    there = at.astimezone(SHANGHAI)
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def _line(line: Mapping[str, Any]) -> dict[str, str]:
    quantity, price = _decimal(line.get("quantity") or 0), _decimal(line.get("unit_price") or 0)
    discount = _decimal(line.get("discount_percent") or 0)
    if quantity <= 0 or not line.get("product"):
        raise WriteRefused("报价行要有产品和大于 0 的数量")
    if discount >= 100:
        raise WriteRefused(f"折扣 {discount}% 太大")
    amount = (quantity * price * (100 - discount) / 100).quantize(Decimal("0.01"))
    return {
        "product": str(line["product"]),
        "quantity": format(quantity, "f"),
        "unit_price": format(price, "f"),
        "discount_percent": format(discount, "f"),
        "amount": format(amount, "f"),
    }
