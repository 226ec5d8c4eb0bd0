"""Follow-up tasks: what somebody has to do for the customer, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from bot.actions import said
from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Words, ask, carried
from bot.actions.shown import excerpt
from bot.decision import Proposal

Priority = Literal["普通", "紧急"]
_TITLES = {
    "purchase": "准备合同并确认下单细节",
    "vague_interest": "回访,了解进展",
    "contract_terms": "核对合同条款并答复",
    "delivery_inquiry": "查发货和交期并答复",
    "billing": "处理开票付款",
    "meeting_request": "安排样品或试用",
}
_AFTER_DAYS = {"vague_interest": 14}
_DUE_WHEN_SAID = frozenset({"purchase", "vague_interest", "schedule", "record_crm"})
"""Only here is a time in the words the day by which something has to be done."""
_URGENT = re.compile(r"(?<!不)(?<!不着)(?<!不太)急|马上|立刻|尽快|今天(?:内|就|必须)")
_ENDS = re.compile(r"^[\s,，。;；:：、]+|[\s,，。;；:：、]+$")
_ORDER = re.compile(
    r"(?:提前[^,，。]{0,6})?(?:提醒|叫)(?:一下)?我|提醒(?:一下)?|记得|帮我|麻烦|^请|设个(?:提醒|日程)|建个(?:任务|提醒)"
)


class TaskParams(ActionParams):
    title: Words = ask("任务内容")
    due: date | None = ask("截止", "date", None)
    priority: Priority = ask("优先级", "choice", "普通", (("普通", "普通"), ("紧急", "紧急")))
    assignee: str | None = carried("负责人")


class CreateTask(Action):
    kind = "task.create"
    label = "跟进任务"
    Params = TaskParams

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        if case.by_rep and any(proposal.kind == "meeting.schedule" for proposal in so_far):
            return None
        return {
            "title": _own_title(case) if case.by_rep else _title(case),
            "due": _due(case).isoformat(),
            "priority": "紧急" if _URGENT.search(case.words) else "普通",
            "assignee": str(case.user),
        }

    def describe(self, params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(pair for pair in super().describe(params) if pair != ("优先级", "普通"))

    def written(self, params: TaskParams, site: object) -> dict[str, object]:
        return params.plain()


def _title(case: Case) -> str:
    return f"{_TITLES.get(case.intent, '跟进客户')}:{excerpt(case.words, 60)}"


def _own_title(case: Case) -> str:
    """明早九点提醒我回电 → 回电(09:00): a task has a day, so an hour that was said goes into its words."""
    rest = case.words
    for entity in case.reading.entities:
        if entity.type == "time":
            said_when = re.escape(entity.text)
            rest = re.sub(rf"^{said_when}(?![个的那这半前后])|{said_when}\s*(?=提醒|叫我)", "", rest, count=1)
    title = excerpt(_ENDS.sub("", _ORDER.sub("", rest)), 100) or excerpt(case.words, 100)
    found = said.moment(case)
    return f"{title}({found.at:%H:%M})" if found and found.exact else title


def _due(case: Case) -> date:
    if case.intent in _DUE_WHEN_SAID and (day := said.coming_day(case)):
        return day
    if case.intent in {"vague_interest", "schedule"} and (day := _season(case.words, case.today)):
        return said.workday_after(day, 0)
    return said.workday_after(case.today, _AFTER_DAYS.get(case.intent, 1))


def _season(words: str, today: date) -> date | None:
    """A vague time that still names a part of the year; 年后 is after the Spring Festival, February 20 at the latest."""
    if re.search(r"年后|明年|春节后|过完年", words):
        festival = date(today.year, 2, 24)
        return festival if today < festival else date(today.year + 1, 2, 24)
    if re.search(r"下个?季度", words):
        return _first_of_month(today, 3 - (today.month - 1) % 3)
    return _first_of_month(today, 1) if re.search(r"下个?月|月初", words) else None


def _first_of_month(today: date, months: int) -> date:
    month = today.month - 1 + months
    return date(today.year + month // 12, month % 12 + 1, 1)
