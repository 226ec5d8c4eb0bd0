"""How late, empty, contradictory or broken what each source says is; and what is beyond its bound."""

from crm_bridge.quality.board import board
from crm_bridge.quality.bounds import QualitySheet, QualityUnusable, load_bounds
from crm_bridge.quality.model import SINCE, Board, Breach, FieldLine, SourceLine

__all__ = [
    "SINCE",
    "Board",
    "Breach",
    "FieldLine",
    "QualitySheet",
    "QualityUnusable",
    "SourceLine",
    "board",
    "load_bounds",
]
