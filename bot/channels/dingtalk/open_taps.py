"""Taps whose callback is not answered yet: DingTalk forbids changing their card meanwhile (page "event-callback-card").

Known in this process only, which is the one that holds the Stream connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_S = 2.0
"""The platform waits no longer than this for the answer to a tap."""


class OpenTaps:
    def __init__(self) -> None:
        self._open: dict[str, list[asyncio.Event]] = {}

    @contextmanager
    def held(self, track: str) -> Iterator[None]:
        """While inside, `answered` waits."""
        answered = asyncio.Event()
        self._open.setdefault(track, []).append(answered)
        try:
            yield
        finally:
            answered.set()
            self._open[track].remove(answered)
            if not self._open[track]:
                del self._open[track]

    async def answered(self, track: str) -> None:
        """When no tap on the card waits for its answer, at the latest when the platform has stopped waiting."""
        waiting = [asyncio.ensure_future(tap.wait()) for tap in self._open.get(track, ())]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=LONGEST_S)
            for task in late:
                task.cancel()
