"""How much one key may send: a bucket for each, in this process."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

BURST_S = 4
"""A key may send this many seconds' worth at once."""


@dataclass
class Pace:
    """`per_second` 0: no limit."""

    per_second: float
    _levels: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def wait(self, key: str, count: int, now: datetime) -> int:
        """0 where so many may come in now, else seconds until they may; then nothing is counted."""
        if not self.per_second:
            return 0
        burst = self.per_second * BURST_S
        level, at = self._levels.get(key, (0.0, now))
        level = max(0.0, level - (now - at).total_seconds() * self.per_second)
        if level and level + count > burst:
            self._levels[key] = (level, now)
            return max(1, math.ceil((level + count - burst) / self.per_second))
        self._levels[key] = (level + count, now)
        return 0
