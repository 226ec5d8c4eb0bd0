"""Labelled utterances in and out, what each version of them holds, and the way from a chat export to labels."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from nicegui import events, ui

from bot.console import listing
from bot.console.company_cues_panel import CompanyCuesPanel
from bot.console.frame import Console, empty, framed, opens, panel, tag, tell
from bot.console.refusals import in_chinese
from bot.console.transcript_flow import LARGEST, TranscriptFlow
from bot.console.uploading import upload
from bot.errors import InvalidInput
from intents import IntentsError, ModelInfo, Taxonomy
from intents.datasets import difference, intents_of
from intents.exchange import FORMATS, bring_in, read, write
from intents.splits import split_of

PATH = "/datasets"
NAMES = {"jsonl": "JSON Lines", "csv": "CSV", "label-studio": "Label Studio", "doccano": "doccano"}
ENDINGS = {"jsonl": "jsonl", "csv": "csv", "label-studio": "json", "doccano": "jsonl"}
PARTS = {"train": "训练", "dev": "开发", "test": "测试"}
NOW = "now"
MOST_VERSIONS, MOST_EXAMPLES = 30, 20


def add(console: Console) -> None:
    @opens(PATH)
    async def datasets() -> None:
        await DatasetsPage(console, await console.taxonomy()).draw()


class DatasetsPage:
    def __init__(self, console: Console, taxonomy: Taxonomy) -> None:
        self._console = console
        self._registry = console.parts.registry
        self._taxonomy = taxonomy
        self._cues = CompanyCuesPanel(console, taxonomy, PATH)
        self._flow = TranscriptFlow(console, taxonomy, PATH, self._cues)

    async def draw(self) -> None:
        versions, _ = await asyncio.to_thread(self._registry.page, 0, MOST_VERSIONS + 1)
        counts = await asyncio.to_thread(self._registry.labels.counts)
        await self._cues.look()
        with framed(self._console, PATH, "数据集"):
            with panel("本公司的标注"):
                if not counts:
                    empty("还没有定稿的标注。先到“标注”里标几条。")
                with ui.row().style("gap:6px"):
                    for intent, number in counts.most_common():
                        tag(f"{self._taxonomy.label(intent)} {number}")
                with ui.row().style("gap:8px"):
                    for form in FORMATS:
                        ui.button(
                            f"导出 {NAMES[form]}", on_click=lambda form=form: tell(self._export(form))
                        ).props("outline no-caps")
                    ui.button("看划分", on_click=lambda: tell(self._show_split())).props("flat no-caps")
                self._split = ui.column().style("gap:4px;width:100%").props("aria-live=polite")
            with panel("导入标注"):
                ui.label("导入的每一条先打码,再进入标注队列,由训练师看过才算数;同一条不会进两次。").classes(
                    "quiet"
                )
                self._form = (
                    ui.select(NAMES, value="jsonl", label="格式")
                    .props("dense outlined")
                    .style("min-width:160px")
                )
                upload("拖标注文件到这里,或点一下选择", LARGEST, lambda event: tell(self._import(event)))
            with panel("从聊天记录学习"):
                self._flow.draw()
            with panel("本公司的说法"):
                self._cues.draw()
            with panel("版本"):
                self._versions(versions)

    async def _export(self, form: str) -> None:
        person = await self._console.acting(PATH)
        settled = await asyncio.to_thread(self._registry.labels.settled)
        await self._console.noted(person, "LabelsExported", "labels", form=form)
        written = await asyncio.to_thread(write, settled, form)
        ui.download.content(written.encode(), f"labels.{ENDINGS[form]}")

    async def _show_split(self) -> None:
        """How an export is divided: what is nearly the same never stands on both sides."""
        await self._console.acting(PATH)
        settled = await asyncio.to_thread(self._registry.labels.settled)
        counted = Counter((await asyncio.to_thread(split_of, settled)).values())
        self._split.clear()
        with self._split:
            ui.label(" · ".join(f"{name} {counted[part]} 条" for part, name in PARTS.items())).classes(
                "heading"
            )
            ui.label(
                "导出的每一条都写着属于哪一份;几乎一样的句子总在同一份里,以后新增标注也不会挪动它们。"
            ).classes("quiet words")

    async def _import(self, event: events.UploadEventArguments) -> None:
        person = await self._console.acting(PATH)
        raw = await event.file.read()
        try:
            proposals = await asyncio.to_thread(read, _text(raw), self._form.value, self._registry.taxonomy())
            count = await asyncio.to_thread(bring_in, proposals, self._registry.labels)
        except IntentsError as wrong:
            raise InvalidInput(f"{event.file.name}:{in_chinese(wrong)}") from wrong
        await self._console.noted(person, "LabelsImported", "labels", count=count)
        ui.notify(f"{count} 条进入标注队列。", type="positive")

    def _versions(self, versions: list[ModelInfo]) -> None:
        ui.label("每训练一次就有一个版本。选两个版本,看哪些标注新增、去掉或改了意图。").classes("quiet")
        shown = versions[:MOST_VERSIONS]
        names = {
            one.id: f"{listing.at(one.created_at)} · {one.id[:8]}" + ("(正在使用)" if one.serving else "")
            for one in shown
        }
        serving = next((one.id for one in shown if one.serving), None)
        with ui.row().style("gap:8px"):
            before = ui.select(names, value=serving, label="从").props("dense outlined")
            after = ui.select({NOW: "现在的定稿标注", **names}, value=NOW, label="到").props("dense outlined")
            for choice in (before, after):
                choice.style("width:100%;max-width:300px")
            ui.button(
                "看差别", on_click=lambda: tell(self._compare(str(before.value or ""), str(after.value)))
            ).props("unelevated no-caps")
        self._compared = ui.column().style("gap:8px;width:100%").props("aria-live=polite")
        for one in shown:
            with ui.row().style("gap:10px;width:100%;border-top:1px solid var(--line);padding:6px 0"):
                ui.label(one.id[:12]).style("font-family:monospace")
                ui.label(
                    f"{listing.at(one.created_at)} · 例句 {one.card.get('examples', '—')} 条,"
                    f"其中本公司 {one.card.get('corrections', 0)} 条 · 数据 {one.card.get('data', '—')}"
                ).classes("quiet words")
                if one.serving:
                    tag("正在使用", "good")
                if one.shipped:
                    tag("随产品")
        if len(versions) > MOST_VERSIONS:
            ui.label(f"只列最近 {MOST_VERSIONS} 个;更早的在“模型”里。").classes("quiet")

    async def _compare(self, before: str, after: str) -> None:
        await self._console.acting(PATH)
        was, now = await asyncio.gather(self._labels_of(before), self._labels_of(after))
        found = difference(was, now)
        named = [
            *found.added[:MOST_EXAMPLES],
            *found.removed[:MOST_EXAMPLES],
            *(one for one, _, _ in found.relabelled[:MOST_EXAMPLES]),
        ]
        texts = await asyncio.to_thread(self._registry.datasets.texts, named)
        self._compared.clear()
        with self._compared:
            ui.label(
                f"新增 {len(found.added)} 条 · 去掉 {len(found.removed)} 条 · 改了意图 {len(found.relabelled)} 条"
            ).classes("heading")
            for one, old, new in found.relabelled[:MOST_EXAMPLES]:
                self._changed(
                    texts, one, f"{self._taxonomy.label(old)} → {self._taxonomy.label(new)}", "warn"
                )
            for one in found.added[:MOST_EXAMPLES]:
                self._changed(texts, one, f"新增 {self._taxonomy.label(now[one])}", "good")
            for one in found.removed[:MOST_EXAMPLES]:
                self._changed(texts, one, f"去掉 {self._taxonomy.label(was[one])}", "bad")

    @staticmethod
    def _changed(texts: Mapping[str, str], one: str, what: str, kind: str) -> None:
        with ui.row().classes("no-wrap items-start").style("gap:8px"):
            tag(what, kind)
            ui.label(texts.get(one, "(已按期删除)")).classes("words")

    async def _labels_of(self, version: str) -> Mapping[str, str]:
        """What a version learned. Raises `InvalidInput` where it was trained before this was noted."""
        if version == NOW:
            return intents_of(await asyncio.to_thread(self._registry.labels.settled))
        if not version:
            raise InvalidInput("请先选两个版本。")
        info = await asyncio.to_thread(self._registry.info, version)
        if not info.card.get("corrections"):
            return {}
        found = await asyncio.to_thread(self._registry.datasets.labels, version)
        if found is None:
            raise InvalidInput("这一版训练时还没有记明细,比不了;以后训练的都有。")
        return found


def _text(raw: bytes) -> str:
    """Chinese exports come in UTF-8 or GB18030. Raises `InvalidInput`."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("文件不是文字,或者编码不是 UTF-8 / GB18030。")
