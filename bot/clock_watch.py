"""Notices that the machine's clock was put forward or back, which timers of the event loop do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

log = structlog.get_logger()
LOOK_EVERY_S = 5.0
JUMP = timedelta(seconds=15)
"""More than a busy loop's delay; a clock that is only corrected by NTP is slewed, not put."""


async def watch(
    clock: Callable[[], datetime],
    jumped: Callable[[timedelta], None],
    passed: Callable[[], float] | None = None,
    every: float = LOOK_EVERY_S,
) -> None:
    """Until cancelled: call `jumped` with how far the clock went beyond the time that passed."""
    passed = passed or asyncio.get_running_loop().time
    before, at = clock(), passed()
    while True:
        await asyncio.sleep(every)
        now, then = clock(), passed()
        by = now - before - timedelta(seconds=then - at)
        before, at = now, then
        if abs(by) > JUMP:
            log.warning("clock_jumped", seconds=round(by.total_seconds()))
            jumped(by)
