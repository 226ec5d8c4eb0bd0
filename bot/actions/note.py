"""Notes in the customer's history: what was said, in the words it was said in."""

from __future__ import annotations

import re

from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, Story, ask
from bot.decision import Proposal

_ORDER = re.compile(
    r"^(?:请|麻烦|帮我|帮忙)?(?:把这(?:个|条|句))?(?:记(?:录)?(?:一下|下来|个|上|到CRM)?|备注(?:一下)?|写(?:个|条)?(?:备注|跟进))(?:里)?[,，:：、\s]*"
)
_BESIDES = re.compile(
    r"[,，。;；\s](?:再|顺便|顺手|同时|并|也)?(?:记(?:一下|录|上)|备注(?:一下)?)[,，:：、\s]*(?P<text>.+)$",
    re.DOTALL,
)
"""A note asked for beside something else: 商机推到谈判,顺便记一下他们嫌贵."""
_KEEPS_THE_WORDS = frozenset({"ticket.create", "escalate"})


class NoteParams(ActionParams):
    text: Story = ask("跟进内容", "textarea")


class LogNote(Action):
    kind = "note.log"
    label = "记录跟进"
    Params = NoteParams

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        """None where another action keeps the words already, or where a rep's order was something else."""
        if any(proposal.kind in _KEEPS_THE_WORDS for proposal in so_far):
            return None
        if case.by_rep and so_far:
            besides = _BESIDES.search(case.words)
            return {"text": besides["text"][:2000]} if besides else None
        if case.by_rep:
            return {"text": (_ORDER.sub("", case.words.strip()) or case.words)[:2000]}
        return {"text": f"【{case.label}】客户说:{case.words}"[:2000]}
