"""Service tickets: what is broken, how badly, on which product."""

from __future__ import annotations

import re
from typing import Literal

from bot.actions import said
from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Choices, Story, Words, ask
from bot.actions.shown import excerpt
from bot.decision import Proposal

Severity = Literal["一般", "严重", "紧急"]
_SEVERITIES: Choices = tuple((level, level) for level in ("一般", "严重", "紧急"))
_DOWN = re.compile(r"停线|停机|停产|停工|停摆|冒烟|漏电|起火|受伤|全部|瘫痪")
_BAD = re.compile(r"(?<!不)(?<!不着)(?<!不太)急|马上|立刻|赶紧|又|第[二三四五]次|催")


class TicketParams(ActionParams):
    title: Words = ask("工单标题")
    severity: Severity = ask("级别", "choice", "一般", _SEVERITIES)
    product: Words | None = ask("产品", default=None)
    alarm: Words | None = ask("报警代码", default=None)
    description: Story | None = ask("描述", "textarea", None)


class CreateTicket(Action):
    kind = "ticket.create"
    label = "服务工单"
    Params = TicketParams

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        products = [one.product for one in said.wanted(case)]
        alarms = [entity.value for entity in said.entities(case, "alarm")]
        return {
            "title": excerpt(case.words, 80),
            "severity": severity(case.words),
            "product": products[0] if products else None,
            "alarm": alarms[0] if alarms else None,
            "description": case.words[:2000],
        }


def severity(words: str) -> str:
    if _DOWN.search(words):
        return "紧急"
    return "严重" if _BAD.search(words) else "一般"
