"""Decisions, turns and proposals as tests need them: complete, small, and different only where a test says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.conversation import ConversationId, TurnId, UserId
from bot.decision import Decision, DecisionId, Draft, Proposal, Rationale, Reason, ReasonKind
from crm_bridge import AccountId
from intents import Intent, Ranked, Reading, Span, Speaker
from tests.fakes.clock import START

QUOTE = Intent("quote_request")
REASON = Reason(ReasonKind.WORDS, "客户要 50 台的报价", "客户原话")
READING = Reading(
    (Ranked(QUOTE, 0.91, (Span("报价", 5, 7),)), Ranked(Intent("price_objection"), 0.05)), model="m1"
)
OPPORTUNITY = Proposal(
    "opportunity.create",
    {"title": "X200 50台", "product": "X200", "quantity": 50, "amount": "940000.00", "stage": "报价"},
)
TASK = Proposal("task.create", {"title": "周五前回复报价", "due": "2026-11-27", "priority": "普通"})


def a_decision(**changes: Any) -> Decision:
    """zhangsan's open decision on a customer's question for a quote, with two actions."""
    decision = Decision(
        id=DecisionId("d1"),
        turn=TurnId("t1"),
        conversation=ConversationId("sim:zhangsan"),
        channel="sim",
        rep=UserId("zhangsan"),
        words="X200 要 50 台,给个报价",
        speaker=Speaker.CUSTOMER,
        customer=AccountId("A-1"),
        customer_name="华东仁和",
        reading=READING,
        intent=QUOTE,
        draft=Draft("您好,X200 的报价单稍后发您。", (OPPORTUNITY, TASK)),
        rationale=Rationale((REASON,), unknowns=("交货地址",)),
        created_at=START,
        expires_at=START + timedelta(hours=24),
    )
    return replace(decision, **changes)
