"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 26, 7, 4, tzinfo=UTC)
"""A Thursday, 15:04 in Shanghai."""


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on: `clock.advance(seconds=20)`. Returns the new now."""
        self.now += timedelta(**by)
        return self.now
