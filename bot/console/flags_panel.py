"""Utterances that a trainer left to somebody else, with a word why: back into the queue, or out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from bot.console.frame import Console, panel, tag, tell
from intents.tables import LabelRow

FLAGS = {"unsure": "看不准", "wrong": "有问题"}


class FlagsPanel:
    def __init__(self, console: Console, path: str, then: Callable[[str], Awaitable[None]]) -> None:
        """`then`: told the id of one that came back into the queue."""
        self._console = console
        self._path = path
        self._labels = console.parts.registry.labels
        self._then = then

    async def draw(self) -> None:
        with panel("做了记号的"):
            self._place = ui.column().style("gap:4px;width:100%").props("aria-live=polite")
        await self.again()

    async def again(self) -> None:
        rows = await asyncio.to_thread(self._labels.flagged)
        self._names = await self._console.names(row.flagged_by for row in rows)
        self._place.clear()
        with self._place:
            if not rows:
                ui.label("没有。看不准的按 v,有问题的按 n,写一句话留给同事。").classes("quiet")
            for row in rows:
                self._row(row)

    def _row(self, row: LabelRow) -> None:
        with (
            ui.row()
            .classes("flagged")
            .style("gap:8px;width:100%;border-top:1px solid var(--line);padding:6px 0")
        ):
            tag(FLAGS.get(row.flag, row.flag), "warn")
            ui.label(row.text).classes("words")
            ui.label(f"{self._names[row.flagged_by]}:{row.flag_note}").classes("quiet words")
            ui.space()
            ui.button("回到队列", on_click=lambda: tell(self._back(row))).props("flat dense no-caps")
            ui.button("不能用", on_click=lambda: tell(self._drop(row))).props(
                "flat dense no-caps color=negative"
            )

    async def _back(self, row: LabelRow) -> None:
        person = await self._console.acting(self._path)
        await asyncio.to_thread(self._labels.unflag, row.id)
        await self._console.noted(person, "LabelUnflagged", row.id)
        await self.again()
        await self._then(row.id)

    async def _drop(self, row: LabelRow) -> None:
        person = await self._console.acting(self._path)
        await asyncio.to_thread(self._labels.drop, row.id, person.id, row.flag_note)
        await self._console.noted(person, "LabelDropped", row.id)
        await self.again()
