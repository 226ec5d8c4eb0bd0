"""Where a field's value came from, as people read it: every value that any system gave, the latest first."""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from bot.console import listing
from bot.console.frame import Console, empty, tag
from bot.lineage import chain
from crm_bridge import Account, Field


async def show(console: Console, account: Account, field: Field) -> None:
    """Down to the event or the read that brought it, and what caused the event."""
    told = await console.read(lambda session: chain(session, account, field))
    if not told:
        empty("没有记录。")
    for one in told:
        with ui.row().style("gap:8px"):
            ui.label(one["sentence"]).classes("words")
            if one["counts"]:
                tag("现在用的", "good")
        read = listing.at(datetime.fromisoformat(one["read_at"]))
        brought = f"事件 {one['event']}" if one["event"] else f"{read} 读到"
        under = f" · 约定 {one['contract']}" if one["contract"] else ""
        place = "·".join((one["system"], one["object"], one["source_field"]))
        ui.label(f"{place} · {brought}{under}").classes("quiet words")
        for cause in one["behind"]:
            ui.label(f"起因:{cause}").classes("quiet words")
