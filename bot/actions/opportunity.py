"""Opportunities: open one, or move the open one to its next stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bot.actions import deals, said
from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Choices, Story, Words, ask, carried
from bot.decision import Proposal
from crm_bridge import STAGES, Record

Stage = Literal["线索", "需求确认", "方案", "报价", "谈判", "赢单", "输单"]
_STAGE_CHOICES: Choices = tuple((stage, stage) for stage in STAGES)
_CREATED_AT = {
    "purchase": "谈判",
    "quote_request": "需求确认",
    "meeting_request": "需求确认",
    "renewal_expansion": "需求确认",
}
_MOVES_TO = {
    "quote_request": "报价",
    "meeting_request": "方案",
    "renewal_expansion": "报价",
    "purchase": "谈判",
    "cancellation": "输单",
}
_MUST_KNOW_WHICH = frozenset({"purchase", "cancellation", "record_crm"})
_CREATE = re.compile(r"(?:建|开|加|录|立|增)(?:一)?(?:个|条|下)?[^,，。]{0,6}商机|商机(?:建|录)")
_GIVES_UP = re.compile(r"别家|其他家|另一家|竞品|不买|不采购|不考虑|放弃|不合作")
_ENDS_SOMETHING_ELSE = re.compile(r"退货|退款|合同|续|账号|服务期")
"""An order that comes back or a contract that ends is not an opportunity that was lost."""
_TO = r"(?:推进?|转|进入?|改|挪|调|变|标|设|跟进)?(?:到|成|为|至)了?\s*|(?:推|转|进入?)\s*"
_STAGE_WORDS = (
    ("赢单", re.compile(r"赢单|成交|签单|签了|赢了|拿下")),
    ("输单", re.compile(r"输单|丢单|丢了|输了|黄了|飞单")),
    *(
        (stage, re.compile(rf"(?:{_TO})(?:{words})|(?:{words})(?:阶段|状态)"))
        for stage, words in (
            ("谈判", "谈判|商务洽谈"), ("报价", "报价"), ("方案", "方案"), ("需求确认", "需求"), ("线索", "线索")
        )
    ),
)  # fmt: skip


class CreateParams(ActionParams):
    title: Words = ask("商机名称")
    product: Words | None = ask("产品", default=None)
    quantity: int | None = ask("数量", "number", None, gt=0, le=1_000_000)
    amount: Decimal | None = ask("预计金额", "money", None, ge=0, max_digits=14, decimal_places=2)
    stage: Stage = ask("阶段", "choice", "线索", _STAGE_CHOICES)
    close_date: date | None = ask("预计成交", "full_date", None)
    note: Story | None = ask("说明", "textarea", None)


class CreateOpportunity(Action):
    kind = "opportunity.create"
    label = "新建商机"
    Params = CreateParams
    instead = "opportunity.move_stage"

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        if not self._makes_sense(case):
            return None
        wants = deals.wanted_or_known(case) if case.intent == "renewal_expansion" else said.wanted(case)
        first = wants[0] if len(wants) == 1 else None
        amount = said.budget(case) or deals.worth(case, wants)
        return {
            "title": _title(case, wants),
            "product": first.product if first else None,
            "quantity": (first.quantity if first else None)
            or (said.quantity(case) if len(wants) < 2 else None),
            "amount": None if amount is None else str(amount),
            "stage": _CREATED_AT.get(case.intent) or _stage_in(case.words) or STAGES[0],
            "close_date": _iso(said.coming_day(case)) if case.by_rep or case.intent == "purchase" else None,
            "note": case.words[:2000],
        }

    def _makes_sense(self, case: Case) -> bool:
        """A rep may always ask for one; a customer's words open one where none is open for that product."""
        if case.by_rep:
            return bool(_CREATE.search(case.words))
        return case.intent in _CREATED_AT and not deals.deals_meant(case)


class MoveParams(ActionParams):
    opportunity: Words = ask("商机", "choice")
    to: Stage = ask("推进到", "choice", choices=_STAGE_CHOICES)
    open: dict[str, str] = carried("在谈商机", {})
    """Those that were open when it was proposed: id → title and stage."""


class MoveStage(Action):
    kind = "opportunity.move_stage"
    label = "推进商机"
    Params = MoveParams
    instead = "opportunity.create"

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        meant = deals.deals_meant(case)
        if not self._makes_sense(case, meant):
            return None
        deal = meant[0] if len(meant) == 1 else None
        to = _next_stage(case, deal)
        if deal and to is None and not case.by_rep:
            return None
        return {
            "opportunity": deal.id if deal else None,
            "to": to,
            "open": {one.id: f"{one.title}({deals.value(one, 'stage')})" for one in meant[:20]},
        }

    def _makes_sense(self, case: Case, meant: tuple[Record, ...]) -> bool:
        if not meant or (len(meant) > 1 and case.intent not in _MUST_KNOW_WHICH):
            return False
        if case.by_rep:
            return not _CREATE.search(case.words) and _stage_in(case.words) is not None
        if case.intent == "cancellation" and not said.wanted(case):
            return bool(_GIVES_UP.search(case.words)) and not _ENDS_SOMETHING_ELSE.search(case.words)
        return case.intent in _MOVES_TO

    def choices(self, name: str, params: Mapping[str, Any]) -> Choices:
        return tuple(params.get("open", {}).items()) if name == "opportunity" else ()


def _next_stage(case: Case, deal: Record | None) -> str | None:
    """Where the words take it: never backwards for a customer's words, and never where it is already."""
    if case.by_rep:
        return _stage_in(case.words)
    to = _MOVES_TO[case.intent]
    if deal is None or to == "输单":
        return to
    at = deals.value(deal, "stage")
    if case.intent == "purchase" and at == "谈判":
        return "赢单"
    known = at in STAGES
    return to if not known or STAGES.index(to) > STAGES.index(at) else None


def _stage_in(words: str) -> str | None:
    return next((stage for stage, pattern in _STAGE_WORDS if pattern.search(words)), None)


def _title(case: Case, wants: tuple[said.Wanted, ...]) -> str:
    counted = [f"{one.product} ×{one.quantity}" if one.quantity else one.product for one in wants]
    what = "、".join(counted)[:80]
    return (
        f"{case.known.short_name} {what}"
        if what
        else f"{case.known.short_name} {'续约增购' if case.intent == deals.AGAIN else '新需求'}"
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
