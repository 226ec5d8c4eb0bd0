"""Many durations as the few numbers that people ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Percentiles:
    """In milliseconds, nearest rank: every number shown was measured. All `None` where nothing was."""

    count: int
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    most: float | None = None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Percentiles:
        if not seconds:
            return cls(0)
        ordered = sorted(1000 * one for one in seconds)
        p50, p90, p99 = (round(_rank(ordered, share), 2) for share in (0.5, 0.9, 0.99))
        return cls(len(ordered), p50, p90, p99, round(ordered[-1], 2))

    def as_text(self) -> str:
        if not self.count:
            return "nothing was measured"
        return f"p50 {self.p50:.1f}  p90 {self.p90:.1f}  p99 {self.p99:.1f}  max {self.most:.1f} ms  (n = {self.count})"


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[math.ceil(share * len(ordered)) - 1]
