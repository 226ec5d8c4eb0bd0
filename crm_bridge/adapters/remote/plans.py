"""What a write means for any system: a record to make, or fields to change; checked before the system hears of it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm_bridge.errors import WriteRefused
from crm_bridge.given import day, line, local, moment, money, stage, text, whole, writable
from crm_bridge.model import Write
from crm_bridge.vocabulary import CLOSED_STAGES, STAGES, WRITABLE

Words = Callable[[str, Dict[str, Any]], str]
"""The id of the record, and its values as they came to be → what was done, for the rep."""


@dataclass(frozen=True)
class Create:
    kind: str
    values: Dict[str, Any]
    words: Words


@dataclass(frozen=True)
class Change:
    kind: str
    record: str
    """Our id; empty: the account itself."""
    values: Dict[str, Any]
    """One field of ours → its new value."""
    words: Callable[[str, Any], str]
    """The id and the value before → what was done."""
    allowed: Callable[[str, Any], None] = lambda record, before: None
    """Raises `WriteRefused` where the value before does not permit it."""


Plan = Create | Change


def plan_of(write: Write, short_name: str) -> Plan:
    """Raises `WriteRefused` for parameters that are not in order."""
    made = _PLANS.get(write.operation)
    if made is None:
        raise WriteRefused(f"这个 CRM 不支持“{write.operation}”;支持:{'、'.join(_PLANS)}")
    return made(write, short_name)


def _opportunity(write: Write, short_name: str) -> Plan:
    given = write.params
    title = text(given, "title", "商机名称")
    values = {
        "title": title,
        "product": str(given.get("product") or ""),
        "quantity": whole(given, "quantity"),
        "amount": money(given, "amount"),
        "stage": stage(given, "stage", STAGES[0]),
        "close_date": day(given, "close_date"),
        "note": str(given.get("note") or ""),
    }
    return Create(
        "opportunity", values, lambda made, now: f"已创建商机 {made}「{title}」,阶段:{now['stage']}"
    )


def _stage(write: Write, short_name: str) -> Plan:
    to = stage(write.params, "to")

    def allowed(record: str, before: Any) -> None:
        if before in CLOSED_STAGES:
            raise WriteRefused(f"商机 {record} 已是“{before}”,不能再改阶段;需要的话新建一个商机")
        if before == to:
            raise WriteRefused(f"商机 {record} 已经在“{to}”阶段")

    record = str(write.params.get("opportunity") or "")
    if not record:
        raise WriteRefused(f"{short_name} 没有编号 (空) 的商机")
    return Change(
        "opportunity",
        record,
        {"stage": to},
        lambda made, before: f"商机 {made} 已从“{before}”改到“{to}”",
        allowed,
    )


def _task(write: Write, short_name: str) -> Plan:
    title, due = text(write.params, "title", "任务内容"), day(write.params, "due")
    values = {
        "title": title,
        "assignee": str(write.params.get("assignee") or write.by),
        "due": due,
        "priority": str(write.params.get("priority") or "普通"),
    }
    until = f",截止 {due:%m-%d}" if due else ""
    return Create("task", values, lambda made, _: f"已建跟进任务 {made}「{title}」{until}")


def _ticket(write: Write, short_name: str) -> Plan:
    given = write.params
    title, severity = text(given, "title", "工单标题"), str(given.get("severity") or "一般")
    values = {
        "title": title,
        "severity": severity,
        **{name: str(given.get(name) or "") for name in ("description", "product", "alarm")},
    }
    return Create("ticket", values, lambda made, _: f"已建服务工单 {made}「{title}」,级别:{severity}")


def _meeting(write: Write, short_name: str) -> Plan:
    start, end = moment(write.params, "start", "开始时间"), moment(write.params, "end", "结束时间")
    if end <= start:
        raise WriteRefused("会议结束时间要晚于开始时间")
    title = text(write.params, "title", "会议主题")
    values = {
        "title": title,
        "start": start,
        "end": end,
        "place": str(write.params.get("place") or ""),
        "attendees": [str(name) for name in write.params.get("attendees") or ()],
    }
    return Create("meeting", values, lambda made, _: f"已安排会议 {made}「{title}」,{local(start)}")


def _quote(write: Write, short_name: str) -> Plan:
    lines = [_line(one) for one in write.params.get("lines") or ()]
    if not lines:
        raise WriteRefused("报价单至少要有一行产品")
    total = sum((Decimal(one["amount"]) for one in lines), Decimal(0))
    title = text(write.params, "title", "报价单名称")
    values = {"title": title, "lines": lines, "total": total, "valid_until": day(write.params, "valid_until")}
    return Create("quote", values, lambda made, _: f"已生成报价单草稿 {made}「{title}」,合计 ¥{total:,.2f}")


def _line(given: Dict[str, Any]) -> dict[str, str]:
    """With the price after the discount, for systems whose lines know no discount."""
    made = line(given)
    net = Decimal(made["amount"]) / Decimal(made["quantity"])
    return made | {"net_price": format(net.quantize(Decimal("0.0001")), "f")}


def _note(write: Write, short_name: str) -> Plan:
    words = text(write.params, "text", "备注内容", 4000)
    return Create(
        "note", {"text": words}, lambda made, _: f"已记录到 {short_name} 的跟进 {made}:{words[:30]}"
    )


def _field(write: Write, short_name: str) -> Plan:
    name, value = writable(write.params)
    label = WRITABLE[name]

    def allowed(record: str, before: Any) -> None:
        if str(before) == str(value):
            raise WriteRefused(f"{label}已经是“{value}”")

    return Change(
        "account",
        "",
        {name: value},
        lambda made, before: f"{label}已从“{'未填' if before in (None, '') else before}”改为“{value}”",
        allowed,
    )


def _escalation(write: Write, short_name: str) -> Plan:
    reason, manager = text(write.params, "reason", "升级原因"), text(write.params, "manager", "主管")
    values = {
        "title": f"【升级】{short_name}:{reason}"[:120],
        "assignee": manager,
        "due": day(write.params, "due"),
        "priority": "紧急",
    }
    return Create("task", values, lambda made, _: f"已升级给主管,任务 {made}")


_PLANS: Dict[str, Callable[[Write, str], Plan]] = {
    "opportunity.create": _opportunity,
    "opportunity.move_stage": _stage,
    "task.create": _task,
    "ticket.create": _ticket,
    "meeting.schedule": _meeting,
    "quote.draft": _quote,
    "note.log": _note,
    "field.set": _field,
    "escalate": _escalation,
}
