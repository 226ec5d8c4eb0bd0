"""The lines of the quality board (values)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from crm_bridge.contracts.model import FieldRule

SINCE = timedelta(days=7)
"""The time that is counted. What came last is known however long ago it was."""


@dataclass(frozen=True)
class Breach:
    """A bound that is broken. `key` names it for as long as it is."""

    key: str
    place: str
    metric: str
    found: float
    bound: float


@dataclass(frozen=True)
class SourceLine:
    """One source of events. Latency is from its own time to ours; clocks ahead of ours are counted apart."""

    source: str
    events: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    clock_ahead: int
    repeated: int
    dead_letters: int
    conflicts: int
    last_event: datetime | None
    silent_s: float | None
    silent_target_s: float


@dataclass(frozen=True)
class FieldLine:
    """One field of one source: how many of its values are empty, not as agreed, or outside the data contract.

    Where events bring it, also how late they do, and `age_s` is how long none did; of a field that is read from the
    customer system it is the age of the reading. Beyond `target_s` it is late.
    """

    source: str
    field: str
    values: int
    null_rate: float
    invalid: int
    violations: int
    last: datetime | None
    age_s: float | None
    target_s: float | None
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None


@dataclass(frozen=True)
class Board:
    """What was found at a moment, worst first in `breaches`."""

    at: datetime
    sources: tuple[SourceLine, ...]
    fields: tuple[FieldLine, ...]
    breaches: tuple[Breach, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def age(at: datetime, now: datetime) -> float:
    """In seconds. What was read while we count, or comes from a clock that runs ahead, is new, not younger than that."""
    return round(max(0.0, (now - at).total_seconds()), 1)


def rank(values: Sequence[float], share: float) -> float | None:
    """Nearest-rank percentile, to a millisecond."""
    ordered = sorted(values)
    return round(ordered[max(0, ceil(share * len(ordered)) - 1)], 3) if ordered else None


def null_rate(values: Sequence[Any]) -> float:
    return round(sum(value in (None, "") for value in values) / len(values), 4) if values else 0


def invalid(values: Sequence[Any], rule: FieldRule | None) -> int:
    """How many values are not what the contract agrees on."""
    return sum(value not in (None, "") and not rule.fits(value) for value in values) if rule else 0
