"""A choice out of more than a page should hold: what is typed is looked up by the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import events, ui

TYPED_S = 0.3
"""How long typing may pause before it is looked up."""


def looked_up(
    options: dict[str, str],
    value: str,
    label: str,
    find: Callable[[str, str], Awaitable[dict[str, str]]],
) -> ui.select:
    """`options`: those offered at first; `find`: (what is typed, what is chosen) → those to offer now."""
    choice = ui.select(options, value=value, label=label, with_input=True)

    async def look(event: events.GenericEventArguments) -> None:
        choice.set_options(await find(str(event.args or "").strip(), str(choice.value or "")))

    return choice.on("input-value", look, throttle=TYPED_S, leading_events=False)
