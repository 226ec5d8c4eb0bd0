"""The way through a list that the server gives out page by page."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui


def pages(total: int, size: int, here: int, address: Callable[[int], str]) -> None:
    """Nothing where one page shows everything. `here` and what `address` is asked for count from 0."""
    last = -(-total // size)
    if last <= 1:
        return
    ui.pagination(
        1,
        last,
        direction_links=True,
        value=min(here + 1, last),
        on_change=lambda event: ui.navigate.to(address(event.value - 1)),
    ).props("max-pages=7 boundary-numbers")
