"""All actions there are, and which of them a case is offered. A new action is one file and one line here."""

from __future__ import annotations

from dataclasses import replace

from bot.actions.escalate import Escalate
from bot.actions.field import SetField
from bot.actions.meeting import ScheduleMeeting
from bot.actions.model import Action, Case
from bot.actions.note import LogNote
from bot.actions.opportunity import CreateOpportunity, MoveStage
from bot.actions.quote import DraftQuote
from bot.actions.task import CreateTask
from bot.actions.ticket import CreateTicket
from bot.decision import Proposal
from bot.errors import NotFound
from intents import Intent, Taxonomy, load_taxonomy

ALL: tuple[Action, ...] = (
    CreateOpportunity(),
    MoveStage(),
    CreateTask(),
    CreateTicket(),
    ScheduleMeeting(),
    DraftQuote(),
    LogNote(),
    SetField(),
    Escalate(),
)
MOST = 2
"""Proposals on one card: more is not read on a phone."""
_BY_NAME = {action.kind: action for action in ALL}


def names() -> tuple[str, ...]:
    return tuple(_BY_NAME)


def by_name(kind: str) -> Action:
    """Raises `NotFound` for a kind nobody registered."""
    try:
        return _BY_NAME[kind]
    except KeyError as error:
        raise NotFound(f"there is no action {kind}; there are {', '.join(_BY_NAME)}") from error


def can_undo(kind: str) -> bool:
    return kind in _BY_NAME and _BY_NAME[kind].undoable


def propose(intent: Intent, case: Case, taxonomy: Taxonomy | None = None) -> tuple[Proposal, ...]:
    """The intent's default actions, as far as they make sense for the case; () where no account is known or nothing was said."""
    info = (taxonomy or load_taxonomy()).intents.get(intent)
    if case.account is None or info is None or not case.words:
        return ()
    case = replace(case, intent=intent, label=info.label)
    found: tuple[Proposal, ...] = ()
    for name in info.actions:
        proposal = _attempt(name, case, found)
        if proposal and _adds(proposal, found):
            found = (*found, proposal)
    return found[:MOST]


def _adds(proposal: Proposal, found: tuple[Proposal, ...]) -> bool:
    """What lacks something may lead a card, but never keeps what is complete from being confirmed with one tap."""
    return proposal.kind not in {one.kind for one in found} and not (found and proposal.missing)


def _attempt(listed: str, case: Case, so_far: tuple[Proposal, ...]) -> Proposal | None:
    """The named action, or where it makes no sense the one that stands in for it."""
    name: str | None = listed
    while action := _BY_NAME.get(name or ""):  # message.draft and a company's own words are no writes
        if proposal := action.propose(case, so_far):
            return proposal
        name = action.instead if name == listed else None
    return None
