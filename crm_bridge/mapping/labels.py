"""What people call the kinds of records and their fields, whichever system they come from."""

from __future__ import annotations

from collections.abc import Mapping

NEEDED = ("name", "owner")
"""Without these a customer cannot be recognised or shown to anybody."""
KIND_LABELS: Mapping[str, str] = {
    "opportunity": "商机", "quote": "报价单", "order": "订单", "invoice": "应收", "ticket": "工单",
    "task": "任务", "meeting": "会议", "note": "跟进", "contract": "合同",
}  # fmt: skip
PREFIXES: Mapping[str, str] = {
    "account": "ACC-", "contact": "CT-", "opportunity": "OPP-", "quote": "QT-", "order": "SO-", "invoice": "INV-",
    "ticket": "WO-", "task": "TASK-", "meeting": "MTG-", "note": "NOTE-", "contract": "CON-",
}  # fmt: skip
"""In front of a source's ids, which are often small numbers and the same in every table."""
FIELD_LABELS: Mapping[str, Mapping[str, str]] = {
    "account": {
        "name": "名称", "short_name": "简称", "aliases": "别名", "owner": "负责人", "industry": "行业",
        "tier": "客户等级", "region": "区域", "payment_days": "账期", "credit_limit": "信用额度", "remark": "备注",
    },
    "contact": {"name": "姓名", "title": "职务", "phone": "电话", "email": "邮箱"},
    "opportunity": {
        "title": "名称", "product": "产品", "quantity": "数量", "amount": "金额", "stage": "阶段",
        "close_date": "预计成交", "note": "说明",
    },
    "quote": {"title": "名称", "total": "合计", "status": "状态", "valid_until": "有效期至"},
    "order": {
        "title": "名称", "total": "金额", "status": "状态", "ordered_on": "下单日", "ship_by": "应发货",
        "tracking": "物流单号",
    },
    "invoice": {"title": "名称", "amount": "金额", "paid": "已付", "due_on": "应付日"},
    "ticket": {
        "title": "标题", "description": "描述", "severity": "级别", "status": "状态", "product": "产品",
        "alarm": "报警代码",
    },
    "task": {"title": "内容", "assignee": "负责人", "due": "截止", "priority": "优先级"},
    "meeting": {"title": "主题", "start": "开始", "end": "结束", "place": "地点", "attendees": "参加人"},
    "note": {"text": "内容"},
    "contract": {
        "number": "编号", "title": "名称", "valid_from": "生效", "valid_until": "到期", "warranty_months": "质保(月)",
    },
}  # fmt: skip
INDUSTRIES: Mapping[str, str] = {
    "medical": "医疗器械",
    "manufacturing": "精密制造",
    "saas": "企业软件",
    "ecommerce": "跨境电商",
}
