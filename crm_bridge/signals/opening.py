"""When the owner is told: the score crosses its threshold, once, not while they rest and not again for some time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from crm_bridge.signals.model import Score, Window
from crm_bridge.signals.sheet import Quiet, Sheet

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Moved(NamedTuple):
    """The window after a look, and whether its owner is to be told now."""

    window: Window
    tell: bool


def move(window: Window, score: Score, sheet: Sheet) -> Moved:
    """Opens at `open`, closes below `close`. One that opens in the cool-down of the last telling is noted, not told."""
    now = score.at
    if window.is_open and score.value < sheet.close:
        return Moved(replace(window, is_open=False, since=now, waiting=False), False)
    if not window.is_open:
        if score.value < sheet.open or score.speaking < sheet.dimensions_at_least:
            return Moved(window, False)
        window = replace(window, is_open=True, since=now, waiting=not _cooling(window, sheet, now))
    if window.waiting and not is_quiet(sheet.quiet, now):
        return Moved(replace(window, waiting=False, told_at=now), True)
    return Moved(window, False)


def is_quiet(quiet: Quiet, now: datetime) -> bool:
    """In the wall time of the people who are told."""
    there = now.astimezone(SHANGHAI)
    if quiet.weekends and there.weekday() >= 5:
        return True
    at, start, until = there.time(), quiet.start, quiet.until
    return start <= at or at < until if start > until else start <= at < until


def _cooling(window: Window, sheet: Sheet, now: datetime) -> bool:
    return window.told_at is not None and now - window.told_at < timedelta(days=sheet.cool_down_days)
