"""The values of a crash run: what reps did, what the customer system held before, what was found (no I/O)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Story:
    """What the reps did, as they know it."""

    said: dict[str, str] = field(default_factory=dict)
    """Message id → rep."""
    confirmed: set[str] = field(default_factory=set)
    declined: set[str] = field(default_factory=set)
    deliveries: int = 0
    waits: list[float] = field(default_factory=list)
    """Seconds from sending words until the card was seen."""
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Baseline:
    """What the customer system held before."""

    records: Mapping[str, frozenset[str]]
    writes: frozenset[str]
    last_change: int


@dataclass(frozen=True)
class Findings:
    """Counts from the store and the phones, and what is wrong with them."""

    decisions: int
    actions: int
    refused: tuple[str, ...]
    """Actions that were confirmed, and that the customer system refused with a reason."""
    records: int
    collapsed: int
    """Messages sent again after a crash that the platform's duplicate check dropped."""
    replaced: int
    """Cards that could not be changed any more and were sent anew in their later state."""
    faults: tuple[str, ...]

    def as_text(self) -> str:
        return (
            f"{self.decisions} decisions, {self.actions} actions done, {len(self.refused)} refused by the CRM, "
            f"{self.records} new records; {self.collapsed} repeated sends collapsed, {self.replaced} cards sent anew"
        )


def is_proposal(keys: Iterable[str]) -> bool:
    """Whether these are the buttons of a decision that nobody has decided: `decline@decision@0@hash` among them."""
    parts = [key.rsplit("@", 3) for key in keys]
    return any(part[0] == "decline" and part[2:3] == ["0"] for part in parts)
