"""Writes that take more than one call: what is left for later, and what an error in the middle of them means."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Mapping as Dict
from typing import Any, Protocol, TypeVar

from crm_bridge.errors import CrmUnavailable, OutcomeUnknown, WriteRefused

T = TypeVar("T")


class Stepwise(Protocol):
    """A `RemoteSystem` that cannot set everything in the call that makes a record."""

    def afterwards(self, kind: str, values: Dict[str, Any]) -> Dict[str, Any]:
        """Those of a new record's values that `create` leaves out and a `change` sets, once the record is there."""


class Steps:
    """The calls of one change. From the second on, an error says that the ones before it were done."""

    def __init__(self) -> None:
        self.taken = 0

    async def take(self, call: Awaitable[T]) -> T:
        try:
            answer = await call
        except WriteRefused as no:
            if not self.taken:
                raise
            raise WriteRefused(f"{no}(前面的步骤已经做了,请在系统里核对)") from no
        except CrmUnavailable as asleep:
            if not self.taken:
                raise
            raise OutcomeUnknown(f"{asleep}; the calls before it were done") from asleep
        self.taken += 1
        return answer
