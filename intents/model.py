"""The words of this package: what was wanted, how sure we are, and which words said so (values, no I/O)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Intent = NewType("Intent", str)
"""An intent's name in the taxonomy file, for example `quote_request`."""


class Speaker(StrEnum):
    """Whose words are read: a customer's, or those of a rep who speaks to the bot."""

    CUSTOMER = "customer"
    REP = "rep"


class Abstention(StrEnum):
    """Why a reading names no intent. Abstaining is an outcome, not a failure."""

    LOW_CONFIDENCE = "low_confidence"
    TWO_CLOSE = "two_close"
    OUT_OF_SCOPE = "out_of_scope"
    """No intent is about such words: another trade, another language, code, news, noise (scope.py)."""


@dataclass(frozen=True)
class Span:
    """A stretch of the text as it was written: `text == whole[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Entity:
    """A value found in the words: `type` product, quantity, money, time …; `value` in canonical form."""

    type: str
    text: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Ranked:
    """One candidate intent with its calibrated probability and the words that spoke for it."""

    intent: Intent
    confidence: float
    because: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What was understood: candidates best first, entities, and why no intent is named if none is."""

    ranked: tuple[Ranked, ...]
    entities: tuple[Entity, ...] = ()
    secondary: tuple[Ranked, ...] = ()
    abstained: Abstention | None = None
    model: str = ""
    """Content hash of the model that read, so that a decision can be replayed."""

    @property
    def best(self) -> Ranked:
        return self.ranked[0]

    @property
    def intent(self) -> Intent | None:
        """The intent to act on, or None where the reading abstained."""
        return None if self.abstained else self.best.intent

    @property
    def confidence(self) -> float:
        return self.best.confidence
