"""What a system gave, or was to be written, outside its data contract: counted for the quality board, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime

MOST_FIELDS = 200
MOST_TIMES = 500
"""Of each field the newest; a bound of the board is far below."""


class Outside:
    """Times per field, since this process runs. A field that comes after `MOST_FIELDS` others is not counted."""

    def __init__(self) -> None:
        self._times: dict[str, deque[datetime]] = {}

    def count(self, field: str, at: datetime) -> bool:
        """Whether it is the first time of this field."""
        known = self._times.get(field)
        if known is not None:
            known.append(at)
        elif len(self._times) < MOST_FIELDS:
            self._times[field] = deque([at], MOST_TIMES)
            return True
        return False

    def since(self, start: datetime) -> Mapping[str, tuple[int, datetime]]:
        """Field → how often since then, and when last."""
        found = {field: [at for at in times if at >= start] for field, times in self._times.items()}
        return {field: (len(times), max(times)) for field, times in found.items() if times}
