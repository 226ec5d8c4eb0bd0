"""Asking page by page what changed, so that no row falls between two pages.

A row that changes while pages are turned leaves its place, and all behind it move up: the next page by number begins one too
late. So the next page is asked for by the time of the last row, a tie earlier; only where a whole page holds one time, by number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from crm_bridge.errors import CrmUnavailable
from crm_bridge.mapping import Row

TIE = timedelta(seconds=1)
"""Rows of one second may stand on both sides of a page's end, and a gateway may mean `later than` by since."""


async def rows_since(
    page: Callable[[datetime, int], Awaitable[list[Row]]],
    when: Callable[[Row], datetime],
    at: datetime,
    size: int,
    most: int,
) -> list[Row]:
    """`page`: the n-th page of what changed since, oldest first; `when`: a row's time. Rows may come twice.

    Raises `CrmUnavailable` after `most` pages.
    """
    found: list[Row] = []
    turn = 0
    for _ in range(most):
        rows = await page(at, turn)
        found += rows
        if len(rows) < size:
            return found
        times = [when(row) for row in rows]
        onward = times[-1] - TIE
        if times == sorted(times) and onward > at:
            at, turn = onward, 0
        else:
            turn += 1
    raise CrmUnavailable(f"more than {most} pages of changes; check options.since.paging")
