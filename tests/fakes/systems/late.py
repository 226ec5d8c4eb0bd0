"""An index that lags: what is made is there, and is found only after a while."""

from __future__ import annotations

from typing import Any


class Late:
    """Part of a fake system, by the ids of its records."""

    def __init__(self) -> None:
        self.lags = False
        self._unseen: set[Any] = set()

    def made(self, number: Any) -> None:
        if self.lags:
            self._unseen.add(number)

    def shows(self, number: Any) -> bool:
        return number not in self._unseen

    def catch_up(self) -> None:
        self.lags = False
        self._unseen.clear()
