"""Examples of answers without a model of their own, for the API's description; tests hold them against real answers."""

from __future__ import annotations

from typing import Any

_AT = "2026-11-26T07:02:03.441000+00:00"
_FIELD: dict[str, Any] = {
    "field": "tier",
    "label": "客户等级",
    "value": "VIP",
    "shown": "VIP",
    "lineage": {
        "system": "金蝶云星空",
        "object": "customer",
        "field": "tier",
        "at": _AT,
        "read_at": "2026-11-26T07:02:04+00:00",
        "precision": "ms",
        "event": "5f0c2a",
        "contract": "yiju.crm.embedded@2.0.0",
    },
    "told": "2026-11-26T15:02:03.441 金蝶云星空 更新客户等级为 VIP",
    "others": [{"system": "内置CRM", "shown": "A", "at": _AT, "precision": "us"}],
}
FACTS: dict[str, Any] = {
    "customer": "ACC-dfa40b6b",
    "name": "华东仁和医疗科技有限公司",
    "owner": "zhangsan",
    "fields": [_FIELD],
    "contacts": [{"id": "CT-1", "name": "王建国", "title": "设备科主任", "phone": "139****1001"}],
    "records": [{"kind": "order", "id": "SO-1042", "title": "X200 20 台", "fields": [_FIELD]}],
    "missing": ["合同"],
}
_EVENT: dict[str, Any] = {
    "event": "5f0c2a",
    "id": "k3-981",
    "source": "/erp/oms",
    "type": "cn.yiju.order.cancelled.v1",
    "means": "order.cancelled",
    "state": "applied",
    "reason": "",
    "entity": "order:SO-1042",
    "account": "ACC-dfa40b6b",
    "at": _AT,
    "precision": "ms",
    "received_at": "2026-11-26T07:02:04+00:00",
    "seen": 1,
    "causation": "",
    "correlation": "",
    "echo_of": "",
}
EVENT: dict[str, Any] = {
    **_EVENT,
    "changed": [{"field": "status", "value": "已取消", "counts": True}],
    "because_of": [],
    "caused": {"decisions": [], "events": []},
    "payload": {"entity": "SO-1042", "account": "华东仁和", "fields": {"status": "已取消"}},
}
QUALITY: dict[str, Any] = {
    "at": _AT,
    "sources": [
        {
            "source": "/erp/oms",
            "events": 120,
            "latency_p50_s": 0.4,
            "latency_p95_s": 2.1,
            "clock_ahead": 0,
            "repeated": 3,
            "dead_letters": 1,
            "conflicts": 0,
            "last_event": _AT,
            "silent_s": 64.0,
            "silent_target_s": 259200,
        }
    ],
    "fields": [
        {
            "source": "embedded",
            "field": "account.tier",
            "values": 50,
            "null_rate": 0.9,
            "invalid": 0,
            "violations": 0,
            "last": _AT,
            "age_s": 0.2,
            "target_s": 300,
            "latency_p50_s": None,
            "latency_p95_s": None,
        },
        {
            "source": "/erp/oms",
            "field": "order.status",
            "values": 100,
            "null_rate": 0,
            "invalid": 0,
            "violations": 0,
            "last": _AT,
            "age_s": 64.0,
            "target_s": 259200,
            "latency_p50_s": 0.4,
            "latency_p95_s": 2.1,
        },
    ],
    "breaches": [
        {
            "key": "embedded account.tier nullValues",
            "place": "embedded account.tier",
            "metric": "nullValues",
            "found": 90,
            "bound": 2,
        }
    ],
}


DECISION: dict[str, Any] = {
    "id": "502b3a42c7f5468a9c49",
    "turn": "feed:call-1",
    "conversation": "feed:ACC-dfa40b6b",
    "channel": "wecom",
    "rep": "zhangsan",
    "words": "X200要50台,什么价",
    "speaker": "customer",
    "customer": "ACC-dfa40b6b",
    "customer_name": "华东仁和",
    "reading": {
        "ranked": [
            {
                "intent": "quote_request",
                "confidence": 0.989,
                "because": [{"text": "什么价", "start": 9, "end": 12}],
            }
        ],
        "entities": [{"type": "product", "text": "X200", "value": "X200", "start": 0, "end": 4}],
        "secondary": [],
        "abstained": None,
        "model": "1cae934225f19f3f",
    },
    "intent": "quote_request",
    "draft": {
        "text": "尊敬的华东仁和您好,X200 50台起单价16544元(《产品与服务价格表》)。",
        "actions": [
            {
                "kind": "quote.draft",
                "params": {"title": "华东仁和 X200报价", "lines": [{"product": "X200", "quantity": 50}]},
                "missing": ["单价"],
            }
        ],
        "removed": [],
        "written_by": "template",
    },
    "rationale": {
        "reasons": [
            {
                "kind": "crm",
                "text": "客户等级:VIP",
                "source": "内置CRM · 华东仁和 · 客户",
                "ref": "ACC-dfa40b6b.tier",
                "at": _AT,
            }
        ],
        "unknowns": ["操作还缺:单价"],
        "warnings": [],
        "quotes": {},
        "compared": "",
    },
    "created_at": _AT,
    "expires_at": "2026-11-27T07:02:03.441000+00:00",
    "provenance": {
        "model": "1cae934225f19f3f",
        "index": "d9f4a9a2a57e54a4",
        "prompts": "ef15e3e0bedc2489",
    },
    "state": "proposed",
    "version": 0,
    "decided_by": None,
    "decided_at": None,
    "undone_by": None,
    "undone_at": None,
    "note": "",
    "follows": None,
    "content_hash": "b5de9439fef9c55c",
}


def answers(example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`."""
    return {200: {"content": {"application/json": {"example": example}}}}
