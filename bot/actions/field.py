"""Fields of the account that a rep may set: tier, region, payment days, remark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Choices, Words, ask, carried
from bot.decision import Proposal
from crm_bridge import LONGEST_TERM, TIERS, WRITABLE

Name = Literal["tier", "region", "payment_days", "remark"]
_FIELDS: Choices = tuple(WRITABLE.items())
_TO = r"(?:改|升|降|调|设|提)?(?:成|为|到|至|:|:)?\s*"
_READ: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "tier",
        re.compile(
            rf"(?:等级|级别|评级|分级)[^,，。]{{0,4}}?{_TO}(?P<v>VIP|[ABC])(?![A-Za-z0-9])", re.IGNORECASE
        ),
    ),
    (
        "tier",
        re.compile(
            r"(?:升|降|调|改|设)(?:级)?(?:成|为|到|至)\s*(?P<v>VIP|[ABC])(?:级|类|客户)", re.IGNORECASE
        ),
    ),
    ("payment_days", re.compile(rf"账期[^,，。\d]{{0,4}}?{_TO}(?P<v>\d{{1,3}})\s*天")),
    ("region", re.compile(r"区域(?:改|调|设|换|划)(?:成|为|到)\s*(?P<v>[一-鿿]{2,8})")),
    ("remark", re.compile(r"备注(?:栏|字段)?(?:改|写|设|换)(?:成|为)\s*(?P<v>.{1,100})")),
)


class FieldParams(ActionParams):
    field: Name = ask("字段", "choice", choices=_FIELDS)
    value: Words = ask("改为")
    before: Words | None = carried("原值")

    @model_validator(mode="after")
    def _fits(self) -> FieldParams:
        if self.field == "tier" and self.value not in TIERS:
            raise ValueError(f"没有“{self.value}”这个客户等级,可选 {'、'.join(TIERS)}")
        if self.field == "payment_days" and not (self.value.isdecimal() and int(self.value) <= LONGEST_TERM):
            raise ValueError(f"账期要写成 0 到 {LONGEST_TERM} 之间的天数,现在是“{self.value}”")
        return self


class SetField(Action):
    kind = "field.set"
    label = "修改客户资料"
    Params = FieldParams

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        """Only at a rep's word: what a customer says changes nobody's tier."""
        found = _read(case.words) if case.by_rep else None
        if found is None:
            return None
        name, value = found
        known = case.known.get(name)
        before = str(known.value) if known else ""
        return None if before == value else {"field": name, "value": value, "before": before[:120]}

    def describe(self, params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        label = WRITABLE.get(str(params.get("field")), str(params.get("field", "")))
        before = params.get("before")
        return ((label, f"{before} → {params.get('value', '')}" if before else str(params.get("value", ""))),)


def _read(words: str) -> tuple[str, str] | None:
    for name, pattern in _READ:
        if match := pattern.search(words):
            return name, _written(name, match["v"])
    return None


def _written(name: str, value: str) -> str:
    if name == "payment_days":
        return str(int(value))
    return value.upper() if name == "tier" else re.sub(r"[。.;；\s]+$", "", value.strip())
