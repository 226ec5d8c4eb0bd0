"""The words that every customer system is mapped to: stages, tiers, and the account fields that may be written."""

from __future__ import annotations

from collections.abc import Mapping

STAGES = ("线索", "需求确认", "方案", "报价", "谈判", "赢单", "输单")
CLOSED_STAGES = frozenset({"赢单", "输单"})
TIERS = ("VIP", "A", "B", "C")
WRITABLE: Mapping[str, str] = {
    "tier": "客户等级",
    "region": "区域",
    "payment_days": "账期(天)",
    "remark": "备注",
}
LONGEST_TERM = 720
"""Days of payment term that still make sense."""
