"""Signals: what happens around a customer, added up to a score that says why."""

from crm_bridge.signals.ledger import accounts, facts, keep, keep_window, window
from crm_bridge.signals.model import Contribution, Fact, Occurrence, Score, Share, Window
from crm_bridge.signals.opening import Moved, is_quiet, move
from crm_bridge.signals.scoring import due_again, facts_of, faded, score
from crm_bridge.signals.sheet import SHEETS, Sheet, SheetUnusable, load_sheet, read_sheet

__all__ = [
    "SHEETS",
    "Contribution",
    "Fact",
    "Moved",
    "Occurrence",
    "Score",
    "Share",
    "Sheet",
    "SheetUnusable",
    "Window",
    "accounts",
    "due_again",
    "facts",
    "facts_of",
    "faded",
    "is_quiet",
    "keep",
    "keep_window",
    "load_sheet",
    "move",
    "read_sheet",
    "score",
    "window",
]
