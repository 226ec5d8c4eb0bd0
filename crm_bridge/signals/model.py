"""The words of signals: what happened, what it says of a customer, and the score it adds up to (values, no I/O)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Occurrence:
    """Something that happened around a customer: `what` is `event:order.created` or, for words, `said:quote_request`."""

    what: str
    account: str
    at: datetime
    ref: str
    """Where it can be looked up: `event:<address>`, `decision:<id>`."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    """Only looked at, never kept."""


@dataclass(frozen=True)
class Fact:
    """One occurrence as it counts for one dimension. A negative strength speaks against."""

    account: str
    dimension: str
    at: datetime
    ref: str
    strength: float = 1.0
    what: str = ""


@dataclass(frozen=True)
class Share:
    """What one fact adds now, after its age and the dimension's cap."""

    ref: str
    at: datetime
    points: float
    what: str = ""


@dataclass(frozen=True)
class Contribution:
    """What a dimension adds to the score (or takes), with the facts behind it, most telling first."""

    dimension: str
    label: str
    points: float
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Score:
    """0 to 100 at a moment; the contributions add up to it before it is held within those bounds."""

    value: float
    at: datetime
    contributions: tuple[Contribution, ...]

    @property
    def speaking(self) -> int:
        """How many dimensions speak for it."""
        return sum(one.points >= 1 for one in self.contributions)


@dataclass(frozen=True)
class Window:
    """Whether the score is above its threshold, since when, and when its owner was told last."""

    is_open: bool = False
    since: datetime | None = None
    told_at: datetime | None = None
    waiting: bool = False
    """It opened in quiet hours: its owner hears of it when they end."""
