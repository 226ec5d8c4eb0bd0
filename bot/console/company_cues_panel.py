"""The company's own sayings: phrases that signal an intent, accepted by a trainer, taken back and brought back by one."""

from __future__ import annotations

import asyncio

from nicegui import ui

from bot.console import listing
from bot.console.frame import Console, empty, tag, tell
from intents import Taxonomy
from intents.tables import CueRow


class CompanyCuesPanel:
    """Lists what is in force and what was taken back."""

    def __init__(self, console: Console, taxonomy: Taxonomy, path: str) -> None:
        self._console = console
        self._cues = console.parts.registry.cues
        self._taxonomy = taxonomy
        self._path = path
        self._place: ui.column | None = None

    async def look(self) -> None:
        self._rows, self._removed = await asyncio.gather(
            asyncio.to_thread(self._cues.rows), asyncio.to_thread(self._cues.removed)
        )
        self._names = await self._console.names(
            [*(row.accepted_by for row in self._rows), *(row.removed_by for row in self._removed)]
        )

    def draw(self) -> None:
        ui.label(
            "采用的说法马上帮助正在使用的模型判断意图,下一次训练也会用它;随时可以停用,停用后恢复原样。"
        ).classes("quiet words")
        self._place = ui.column().style("gap:4px;width:100%").props("aria-live=polite")
        self._list()

    async def again(self) -> None:
        """After something changed."""
        await self.look()
        self._list()

    def _list(self) -> None:
        if self._place is None:
            return
        self._place.clear()
        with self._place:
            if not self._rows:
                empty("还没有。从聊天记录里挖出的说法,采用后会列在这里。")
            for row in self._rows:
                with self._line(row):
                    ui.label(f"{self._names[row.accepted_by]} · {listing.at(row.accepted_at)}").classes(
                        "quiet"
                    )
                    ui.button("停用", on_click=lambda row=row: tell(self._remove(row))).props(
                        "flat dense no-caps color=negative"
                    )
            if self._removed:
                with ui.expansion(f"停用或不要的({len(self._removed)})").style("width:100%"):
                    for row in self._removed:
                        with self._line(row):
                            when = listing.at(row.removed_at) if row.removed_at else ""
                            ui.label(f"{self._names[row.removed_by]} · {when}").classes("quiet")
                            ui.button("恢复", on_click=lambda row=row: tell(self._bring_back(row))).props(
                                "flat dense no-caps"
                            )

    def _line(self, row: CueRow) -> ui.row:
        line = ui.row().classes("company-cue").style("gap:10px;width:100%")
        with line:
            ui.label(f"“{row.text}”").style("font-weight:600")
            tag(self._taxonomy.label(row.intent), "open")
            if row.support:
                ui.label(f"准确率 {row.hits / row.support:.0%}({row.hits}/{row.support})").classes("quiet")
        return line

    async def _remove(self, row: CueRow) -> None:
        person = await self._console.acting(self._path)
        await asyncio.to_thread(self._cues.remove, row.text, person.id)
        await self._console.noted(person, "CueRemoved", row.text, intent=row.intent)
        await self.again()

    async def _bring_back(self, row: CueRow) -> None:
        person = await self._console.acting(self._path)
        await asyncio.to_thread(
            self._cues.accept,
            row.text,
            row.intent,
            person.id,
            strength=row.strength,
            hits=row.hits,
            support=row.support,
        )
        await self._console.noted(person, "CueAccepted", row.text, intent=row.intent)
        await self.again()
