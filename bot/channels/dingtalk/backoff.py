"""How long to wait before connecting again: at once after a good connection, longer and longer after bad ones."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Doubles from `first` to `most` seconds, ± 20 % so that many clients do not come back together."""

    first: float = 1.0
    most: float = 60.0
    steady: float = 30.0
    """A connection that lasted this long was good."""
    chance: random.Random = field(default_factory=random.Random)
    attempts: int = 0

    def after(self, lasted: float) -> float:
        """The pause after a connection that lasted so many seconds (0: there was none)."""
        if lasted >= self.steady:
            self.attempts = 0
        pause = 0.0 if self.attempts == 0 and lasted else self.first * 2 ** min(self.attempts, 16)
        self.attempts += 1
        return min(self.most, pause) * self.chance.uniform(0.8, 1.2)
