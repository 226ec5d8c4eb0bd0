"""Which of several changes of one field counts: the newest, whatever order they arrived in.

The answer is a function of the *set* of changes, so late, repeated and reordered events end in the same state. Two
instants are compared at the coarser precision of the changes that meet in one second; what ties there is settled by the
source's own sequence, never by a clock that is finer than the other's.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge.events.tables import EventChangeRow

_STEP = {"us": 1, "ms": 1_000, "s": 1_000_000}


def newest(changes: Sequence[EventChangeRow]) -> EventChangeRow:
    """Of all changes of one field within its last second."""
    step = max(_STEP[one.precision] for one in changes)
    one_source = len({one.source for one in changes}) == 1

    def rank(one: EventChangeRow) -> tuple[int, tuple[int, str], int, str]:
        sequence = _sequence(one.sequence) if one_source else (0, "")
        return one.at.microsecond // step, sequence, one.at.microsecond, one.event

    return max(changes, key=rank)


def _sequence(written: str) -> tuple[int, str]:
    """Numbers by their size, whatever their padding; other texts as CloudEvents says, letter by letter."""
    digits = written.lstrip("0")
    return (len(digits), digits) if written.isdecimal() else (0, written)
