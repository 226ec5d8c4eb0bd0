"""What a person made of a card, and how, as the database counts it: the board's numbers and their lists ask here alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, select
from sqlmodel import col

from bot import actions
from bot.console.sql import took_s
from bot.decision import State
from bot.tables import ConfirmationRow, CorrectionRow, DecisionRow
from knowledge.tables import GapAskingRow

OUTCOMES = {
    "accepted": "直接确认",
    "edited": "改后确认",
    "declined": "驳回",
    "expired": "过期",
    "open": "待决定",
    "replaced": "被新消息取代",
}
DECIDED = ("accepted", "edited", "declined")
CONFIRMED = ("accepted", "edited")
BUYING = frozenset({"purchase", "quote_request", "renewal_expansion"})
TECHNICAL = frozenset({"technical_inquiry", "ask_knowledge"})
AT_ONCE = timedelta(seconds=5)
"""Faster than a card can be read."""


def outcome() -> ColumnElement[Any]:
    """One of `OUTCOMES`. A card that was closed because another intent was meant counts as edited."""
    state = col(DecisionRow.state)
    return case(
        (and_(state == State.SUPERSEDED.value, col(DecisionRow.decided_by).is_not(None)), "edited"),
        (state == State.SUPERSEDED.value, "replaced"),
        (state == State.EXPIRED.value, "expired"),
        (state == State.DECLINED.value, "declined"),
        (state == State.PROPOSED.value, "open"),
        (_confirmed_as(State.CORRECTED), "edited"),
        else_="accepted",
    )


def became(*intents: str) -> ColumnElement[bool]:
    """Cards that a person corrected to one of these intents."""
    return _corrected("intent", col(CorrectionRow.corrected).in_(intents))


def changed_in(what: str) -> ColumnElement[bool]:
    """Cards of which a person changed this part of the draft, or this field."""
    return _corrected("content", col(CorrectionRow.changes)[what].as_string().is_not(None))


def met_gap(gap: str) -> ColumnElement[bool]:
    """Cards of words that asked for what no document answers."""
    asked = select(col(GapAskingRow.asked_in)).where(col(GapAskingRow.gap) == gap)
    return col(DecisionRow.turn).in_(asked)


def own() -> ColumnElement[bool]:
    """Decided by the rep themself, undone later or not."""
    return col(DecisionRow.decided_by) == col(DecisionRow.rep)


def _at_once() -> ColumnElement[bool]:
    return and_(
        own(),
        outcome() == "accepted",
        took_s(col(DecisionRow.created_at), col(DecisionRow.decided_at)) <= AT_ONCE.total_seconds(),
    )


def _confirmed() -> ColumnElement[bool]:
    return and_(own(), outcome().in_(CONFIRMED))


def _unopened() -> ColumnElement[bool]:
    return and_(own(), outcome() == "accepted", _confirmed_as(State.CONFIRMED, opened=False))


def _noted() -> ColumnElement[bool]:
    """Confirmed as it was, and whether it had been opened is known."""
    known = _confirmed_as(State.CONFIRMED, opened=True) | _confirmed_as(State.CONFIRMED, opened=False)
    return and_(own(), outcome() == "accepted", known)


def _buying() -> ColumnElement[bool]:
    return and_(col(DecisionRow.intent).in_(BUYING), outcome().in_(DECIDED))


def _drifted() -> ColumnElement[bool]:
    return and_(_buying(), became(*TECHNICAL))


SIGNS: Mapping[str, tuple[str, Callable[[], ColumnElement[bool]]]] = {
    "own": ("本人决定的", own),
    "confirmed": ("本人确认的", _confirmed),
    "at_once": (f"{AT_ONCE.seconds} 秒内原样确认", _at_once),
    "noted": ("本人原样确认、知道看没看过", _noted),
    "unopened": ("没打开就确认", _unopened),
    "buying": ("读作采购信号、有人决定过", _buying),
    "drift": ("采购信号被改成技术问题", _drifted),
}
"""What the board looks at → how it is called, and which cards show it."""


def _confirmed_as(kind: State, opened: bool | None = None) -> ColumnElement[bool]:
    """Not correlated: looked up once for all cards."""
    found = select(col(ConfirmationRow.decision)).where(col(ConfirmationRow.kind) == kind.value)
    if opened is not None:
        found = found.where(col(ConfirmationRow.opened).is_(opened))
    return col(DecisionRow.id).in_(found)


def _corrected(kind: str, *so: ColumnElement[bool]) -> ColumnElement[bool]:
    found = select(col(CorrectionRow.decision)).where(col(CorrectionRow.kind) == kind, *so)
    return col(DecisionRow.id).in_(found)


def changed(what: str) -> str:
    """A changed part of a card as people call it: `draft`, `task.create 2`, `opportunity.create.amount`."""
    if what in {"draft", "intent"}:
        return "草稿" if what == "draft" else "意图"
    kind = next((one for one in actions.names() if f"{what}.".startswith((f"{one}.", f"{one} "))), None)
    if kind is None:  # of an action that is no longer there
        return what
    action = actions.by_name(kind)
    number, _, field = what.removeprefix(kind).strip().partition(".")
    known = action.Params.model_fields.get(field)
    return " ".join(part for part in (action.label, number, known.title if known else field) if part)
