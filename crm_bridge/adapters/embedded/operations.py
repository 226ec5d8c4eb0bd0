"""What may be written to the embedded CRM, one function an operation: check, change, say what was done."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

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
from crm_bridge.errors import WriteRefused
from crm_bridge.given import day, line, local, moment, money, stage, text, whole, writable
from crm_bridge.vocabulary import CLOSED_STAGES, STAGES, WRITABLE

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
    row = _create(
        ask,
        OpportunityRow,
        "OPP",
        title=text(ask.params, "title", "商机名称"),
        product=str(ask.params.get("product") or ""),
        quantity=whole(ask.params, "quantity"),
        amount=money(ask.params, "amount"),
        stage=stage(ask.params, "stage", STAGES[0]),
        close_date=day(ask.params, "close_date"),
        note=str(ask.params.get("note") or ""),
    )
    return Done(row, "opportunity", f"已创建商机 {row.id}「{row.title}」,阶段:{row.stage}")


def move_stage(ask: Ask) -> Done:
    row = _own(ask, OpportunityRow, str(ask.params.get("opportunity") or ""), "商机")
    to = stage(ask.params, "to")
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
        title=text(ask.params, "title", "任务内容"),
        assignee=str(ask.params.get("assignee") or ask.account.owner),
        due=day(ask.params, "due"),
        priority=str(ask.params.get("priority") or "普通"),
    )
    due = f",截止 {row.due:%m-%d}" if row.due else ""
    return Done(row, "task", f"已建跟进任务 {row.id}「{row.title}」{due}")


def create_ticket(ask: Ask) -> Done:
    row = _create(
        ask,
        TicketRow,
        "WO",
        title=text(ask.params, "title", "工单标题"),
        description=str(ask.params.get("description") or ""),
        severity=str(ask.params.get("severity") or "一般"),
        product=str(ask.params.get("product") or ""),
        alarm=str(ask.params.get("alarm") or ""),
    )
    return Done(row, "ticket", f"已建服务工单 {row.id}「{row.title}」,级别:{row.severity}")


def schedule_meeting(ask: Ask) -> Done:
    start, end = moment(ask.params, "start", "开始时间"), moment(ask.params, "end", "结束时间")
    if end <= start:
        raise WriteRefused("会议结束时间要晚于开始时间")
    row = _create(
        ask,
        MeetingRow,
        "MTG",
        title=text(ask.params, "title", "会议主题"),
        start=start,
        end=end,
        place=str(ask.params.get("place") or ""),
        attendees=[str(name) for name in ask.params.get("attendees") or ()],
    )
    return Done(row, "meeting", f"已安排会议 {row.id}「{row.title}」,{local(start)}")


def draft_quote(ask: Ask) -> Done:
    lines = [line(one) for one in ask.params.get("lines") or ()]
    if not lines:
        raise WriteRefused("报价单至少要有一行产品")
    total = sum((Decimal(one["amount"]) for one in lines), Decimal(0))
    row = _create(
        ask,
        QuoteRow,
        "QT",
        title=text(ask.params, "title", "报价单名称"),
        lines=lines,
        total=total,
        valid_until=day(ask.params, "valid_until"),
    )
    return Done(row, "quote", f"已生成报价单草稿 {row.id}「{row.title}」,合计 ¥{total:,.2f}")


def log_note(ask: Ask) -> Done:
    row = _create(ask, NoteRow, "NOTE", text=text(ask.params, "text", "备注内容", 4000))
    return Done(row, "note", f"已记录到 {ask.account.short_name} 的跟进:{row.text[:30]}")


def set_field(ask: Ask) -> Done:
    name, value = writable(ask.params)
    before = {name: getattr(ask.account, name)}
    if before[name] == value:
        raise WriteRefused(f"{WRITABLE[name]}已经是“{value}”")
    _change(ask, ask.account, "account", **{name: value})
    return Done(ask.account, "account", f"{WRITABLE[name]}已从“{before[name]}”改为“{value}”", before)


def escalate(ask: Ask) -> Done:
    reason = text(ask.params, "reason", "升级原因")
    assignee = text(ask.params, "manager", "主管")
    title = f"【升级】{ask.account.short_name}:{reason}"
    row = _create(
        ask,
        TaskRow,
        "TASK",
        title=title[:120],
        assignee=assignee,
        due=day(ask.params, "due"),
        priority="紧急",
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
        raise WriteRefused(f"{row.id} 在 {local(row.updated_at)} 被 {row.updated_by} 改过,不能直接撤销")
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
