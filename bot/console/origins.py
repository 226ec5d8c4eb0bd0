"""What caused a card that nobody's words did, as people call it: the board's rules and the list's `origin` alike."""

from __future__ import annotations

from prompts import event_names

KINDS = {"expiring": "合同到期", "event": "事件", "signal": "信号"}
SHEETS = {"signals": "高意向窗口", "risk": "流失风险"}
"""Sheets of signals (crm_bridge/signals)."""


def called(origin: str) -> str:
    """`event:device.fault` → 事件 · 设备报警. What has no name is shown as it is."""
    kind, _, rule = origin.partition(":")
    named = (SHEETS | event_names()).get(rule, rule)
    return " · ".join(part for part in (KINDS.get(kind, kind), named) if part)
