"""To the manager: an urgent task in the CRM, and word to the manager at once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from bot.actions import shown
from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Story, ask
from bot.decision import Proposal
from bot.people import Role
from crm_bridge import Receipt, WriteRefused

if TYPE_CHECKING:
    from bot.executor import Site


class EscalateParams(ActionParams):
    reason: Story = ask("升级原因", "textarea")
    due: date | None = ask("最晚处理", "date", None)


class Escalate(Action):
    kind = "escalate"
    label = "升级给主管"
    Params = EscalateParams
    undoable = False
    """The manager has read it by then."""

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        return {"reason": shown.excerpt(case.words, 200), "due": case.today.isoformat()}

    def written(self, params: EscalateParams, site: Site) -> dict[str, Any]:
        return params.plain() | {"manager": _manager(site)}

    async def follow(self, params: EscalateParams, receipt: Receipt, site: Site) -> Receipt:
        manager = _manager(site)
        if manager != site.by.id:
            site.tell(manager, _words(params, site, receipt))
        return receipt


def _manager(site: Site) -> str:
    """The confirming person's manager; a manager who confirms takes it on."""
    if site.by.manager:
        return site.by.manager
    if site.by.role is Role.MANAGER:
        return site.by.id
    raise WriteRefused(f"没有升级:还没有给 {site.by.name} 设主管,请管理员补上后重试")


def _words(params: EscalateParams, site: Site, receipt: Receipt) -> str:
    due = f",最晚处理:{shown.day(params.due)}" if params.due else ""
    customer = site.decision.customer_name
    return f"**{site.by.name} 升级了 {customer} 的事**\n{params.reason}\nCRM 任务 {receipt.record_id}{due}"
