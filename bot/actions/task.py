"""Follow-up tasks: what somebody has to do for the customer, and until when."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

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
_URGENT = re.compile(r"急|马上|立刻|尽快|今天(?:内|就|必须)")
_ENDS = re.compile(r"^[\s,,。;;::、]+|[\s,,。;;::、]+$")
_ORDER = re.compile(
    r"(?:提前[^,,。]{0,6})?提醒(?:一下)?(?:我)?|记得|帮我|麻烦|^请|设个(?:提醒|日程)|建个(?:任务|提醒)"
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

    def written(self, params: TaskParams, site: object) -> dict[str, object]:
        return params.plain()


def _title(case: Case) -> str:
    return f"{_TITLES.get(case.intent, '跟进客户')}:{excerpt(case.words, 60)}"


def _own_title(case: Case) -> str:
    """明早九点提醒我回电 → 回电(09:00): a task has a day, so an hour that was said goes into its words."""
    rest = case.words
    for entity in case.reading.entities:
        if entity.type == "time":
            rest = rest.replace(entity.text, "", 1)
    title = excerpt(_ENDS.sub("", _ORDER.sub("", rest)), 100) or excerpt(case.words, 100)
    found = said.moment(case)
    return f"{title}({found.at:%H:%M})" if found and found.exact else title


def _due(case: Case) -> date:
    said_day = said.coming_day(case) if case.intent in _DUE_WHEN_SAID else None
    return said_day or said.workday_after(case.today, _AFTER_DAYS.get(case.intent, 1))
