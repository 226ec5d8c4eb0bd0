"""Meetings: a record in the CRM, and an entry in the rep's calendar where the channel has one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.actions import said, shown
from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Moment, Words, ask
from bot.decision import Proposal
from crm_bridge import Receipt

if TYPE_CHECKING:
    from bot.executor import Site

WHEN = "开始时间"
_SAMPLE = re.compile(r"样品|寄样|试用|试样|打样|样件|试机|体验账号|沙箱|测试环境|开环境|POC")
_MEET = re.compile(
    r"会|约|拜访|演示|来看|来访|看样机|见面|现场|视频|面谈|培训|交流|参观|考察|过来|去(?:一趟|你们|他们)|上门|当面|通话|电话聊"
)
_WHAT = (
    ("演示", "产品演示"), ("培训", "培训"), ("参观", "参观考察"), ("考察", "参观考察"), ("现场", "现场勘察"), ("拜访", "拜访"),
    ("上门", "拜访"), ("视频", "视频会议"), ("线上", "线上会议"), ("通话", "电话沟通"), ("电话", "电话沟通"),
)  # fmt: skip
_WHERE = (
    (re.compile(r"线上|视频|腾讯会议|远程|云会议"), "线上"),
    (re.compile(r"通话|电话"), "电话"),
    (re.compile(r"(?:来|到|去)(?:我们|咱们?|他们|客户)|上门|拜访|看现场|(?:我们|客户|他们)现场"), "客户现场"),
    (re.compile(r"(?:来|到|去)(?:你们|贵司|公司)|参观|考察"), "我方公司"),
)


class MeetingParams(ActionParams):
    title: Words = ask("会议主题")
    start: Moment = ask(WHEN, "datetime")
    minutes: int = ask("时长(分钟)", "number", 60, ge=15, le=720)
    place: Words | None = ask("地点", default=None)
    attendees: list[Words] = ask("参加人", "names", [], max_length=30)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


class ScheduleMeeting(Action):
    kind = "meeting.schedule"
    label = "安排会议"
    Params = MeetingParams
    instead = "task.create"

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        """None for a sample that is wanted, or for a mere reminder: those are tasks."""
        meets = bool(_MEET.search(case.words))
        if (_SAMPLE.search(case.words) or case.by_rep) and not meets:
            return None
        if case.by_rep and re.search(r"提醒我?(?:给|跟|去)?(?:回电|打电话|联系|发)", case.words):
            return None
        found = said.moment(case)
        return {
            "title": f"{case.known.short_name} {_first(_WHAT, case.words) or '会面'}",
            "start": found.at.isoformat(timespec="minutes") if found else None,
            "minutes": 60,
            "place": next((place for pattern, place in _WHERE if pattern.search(case.words)), None),
            "attendees": [contact.name for contact in said.contacts(case)],
        }

    def propose(self, case: Case, so_far: tuple[Proposal, ...] = ()) -> Proposal | None:
        """A day without an hour fills the form with a likely hour, and still asks: a guess is not an appointment."""
        proposal, found = super().propose(case, so_far), said.moment(case)
        if proposal is None or found is None or found.exact:
            return proposal
        return replace(proposal, missing=(f"{WHEN}({shown.day(found.at.isoformat())}几点)",))

    def written(self, params: MeetingParams, site: Site) -> dict[str, Any]:
        plain = params.plain()
        del plain["minutes"]
        return plain | {"end": params.end.isoformat()}

    async def follow(self, params: MeetingParams, receipt: Receipt, site: Site) -> Receipt:
        event = {
            "summary": params.title,
            "description": f"{site.decision.customer_name} · CRM {receipt.record_id}",
            "start": params.start,
            "end": params.end,
            "location": params.place or "",
            "attendees": [],  # platform ids; a customer's people have none here
        }
        if await site.book(event) is None:
            return receipt
        return replace(receipt, shown=f"{receipt.shown},已放进日历(撤销后日历里的要自己删)")


def _first(pairs: tuple[tuple[str, str], ...], words: str) -> str | None:
    return next((name for word, name in pairs if word in words), None)
