"""From a chat export to labels and sayings, step by step: upload, who is ours, what was found, what is taken."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from nicegui import events, ui

from bot.console.company_cues_panel import CompanyCuesPanel
from bot.console.frame import Console, tag, tell
from bot.console.refusals import in_chinese
from bot.console.uploading import upload
from bot.errors import InvalidInput
from bot.ingesting import safe_name
from intents import IntentsError, Taxonomy, sandbox, shipped_examples

LARGEST = 20 * 1024 * 1024
MOST_TURNS, MOST_QUEUED, MOST_CUES, MOST_CLUSTERS, MOST_NAMES = 10_000, 200, 40, 12, 40


class TranscriptFlow:
    """One trainer's way through one file; nothing is kept before they say so."""

    def __init__(self, console: Console, taxonomy: Taxonomy, path: str, cues: CompanyCuesPanel) -> None:
        self._console = console
        self._registry = console.parts.registry
        self._taxonomy = taxonomy
        self._path = path
        self._cues = cues
        self._lines: list[sandbox.Line] = []

    def draw(self) -> None:
        with (
            ui.stepper().props("vertical flat header-nav=false").style("width:100%;padding:0") as self._steps
        ):
            with ui.step("上传"):
                ui.label("导出的聊天或通话文字(TXT、CSV、JSON、SRT)。文件只在这一页里用,不保存。").classes(
                    "quiet words"
                )
                upload("拖聊天记录到这里,或点一下选择", LARGEST, lambda event: tell(self._read(event)))
            with ui.step("谁是自己人"):
                self._people = ui.column().style("gap:8px;width:100%")
            with ui.step("打码与分轮"):
                self._masked = ui.column().style("gap:8px;width:100%")
            with ui.step("意图与新说法"):
                self._mined = ui.column().style("gap:10px;width:100%").props("aria-live=polite")

    async def _read(self, event: events.UploadEventArguments) -> None:
        await self._console.acting(self._path)
        raw = await event.file.read()
        name = safe_name(event.file.name) or "chat.txt"
        try:
            self._lines = await asyncio.to_thread(_lines_of, name, raw)
        except IntentsError as wrong:
            raise InvalidInput(f"{event.file.name} 读不懂:{in_chinese(wrong)}") from wrong
        self._people.clear()
        with self._people:
            self._ask_who()
        self._steps.set_value("谁是自己人")

    def _ask_who(self) -> None:
        """Those whose side the file does not tell."""
        said = Counter(one.who for one in self._lines if one.side is sandbox.Side.UNKNOWN and one.who)
        names = {name: f"{name}({count} 句)" for name, count in said.most_common(MOST_NAMES)}
        ui.label(
            "勾上我们自己的人;其余的都当作客户。" if names else "文件里写明了谁是客户、谁是销售。"
        ).classes("words")
        ours = ui.select(names, multiple=True, label="我们自己人").props("dense outlined use-chips")
        ours.style("width:100%")
        ours.set_visibility(bool(names))
        self._forward("下一步", lambda: self._split(list(ours.value or ())))

    async def _split(self, ours: Sequence[str]) -> None:
        """Into turns of customers, without names and numbers of people."""
        lines = [replace(one, side=sandbox.Side.OURS) if one.who in ours else one for one in self._lines]
        turns = (await asyncio.to_thread(sandbox.turns, lines, ours))[:MOST_TURNS]
        if not turns:
            raise InvalidInput("里面没有客户说的话;请看看自己人是不是勾多了。")
        masked = sum("*" in one.text for one in turns)
        self._masked.clear()
        with self._masked:
            ui.label(f"{len(turns)} 轮客户的话,其中 {masked} 轮打了码。").classes("heading")
            ui.label("请看一眼:还看得出是谁的话,先在原文件里改掉再上传。").classes("quiet words")
            for one in sorted(turns, key=lambda one: "*" not in one.text)[:8]:
                ui.label(one.text).classes("words quoted")
            self._forward("都打好了,下一步", lambda: self._mine(turns))
        self._steps.set_value("打码与分轮")

    async def _mine(self, turns: Sequence[sandbox.Turn]) -> None:
        await self._console.acting(self._path)

        def work() -> tuple[sandbox.Mined, frozenset[tuple[str, str]]]:
            labelled = [*shipped_examples(), *self._registry.labels.settled()]
            mined = sandbox.mine(turns, self._registry.serving(), labelled)
            return mined, self._registry.cues.judged()

        mined, judged = await asyncio.to_thread(work)
        self._mined.clear()
        with self._mined:
            self._clusters(mined)
            self._rules([one for one in mined.cues if (one.text, one.intent) not in judged][:MOST_CUES])
            self._queueing(mined)
        self._steps.set_value("意图与新说法")

    def _clusters(self, mined: sandbox.Mined) -> None:
        ui.label(f"{len(mined.suggestions)} 轮客户的话,归成 {len(mined.clusters)} 类").classes("heading")
        for cluster in mined.clusters[:MOST_CLUSTERS]:
            with ui.row().classes("items-start").style("gap:8px"):
                tag(f"{self._taxonomy.label(cluster.intent)} {cluster.share:.0%}", "open")
                ui.label(f"{cluster.name}({len(cluster.members)})").style("font-weight:600")
                ui.label(mined.suggestions[cluster.members[0]].turn.text).classes("quiet words")

    def _rules(self, cues: Sequence[sandbox.MinedCue]) -> None:
        ui.label("新说法 → 意图").classes("heading")
        if not cues:
            ui.label("没有够把握的新说法:要在 5 条以上标注里出现,而且大多是同一个意图。").classes(
                "quiet words"
            )
        for cue in cues:
            with ui.row().classes("mined-cue items-center").style("gap:10px") as line:
                ui.label(f"“{cue.text}”").style("font-weight:600")
                tag(self._taxonomy.label(cue.intent), "open")
                ui.label(
                    f"准确率 {cue.precision:.0%}({cue.hits}/{cue.support} 条标注,至少 {cue.low:.0%})· 记录里出现 {cue.heard} 次"
                ).classes("quiet words")
                ui.button("采用", on_click=lambda cue=cue, line=line: tell(self._accept(cue, line))).props(
                    "outline dense no-caps"
                )
                ui.button("不要", on_click=lambda cue=cue, line=line: tell(self._refuse(cue, line))).props(
                    "flat dense no-caps color=negative"
                )

    async def _accept(self, cue: sandbox.MinedCue, line: ui.row) -> None:
        person = await self._console.acting(self._path)
        await asyncio.to_thread(
            self._registry.cues.accept,
            cue.text,
            cue.intent,
            person.id,
            strength=cue.strength,
            hits=cue.hits,
            support=cue.support,
        )
        await self._console.noted(
            person, "CueAccepted", cue.text, intent=cue.intent, hits=cue.hits, support=cue.support
        )
        line.delete()
        await self._cues.again()

    async def _refuse(self, cue: sandbox.MinedCue, line: ui.row) -> None:
        person = await self._console.acting(self._path)
        await asyncio.to_thread(self._registry.cues.refuse, cue.text, cue.intent, person.id)
        await self._console.noted(person, "CueRefused", cue.text, intent=cue.intent)
        line.delete()
        await self._cues.again()

    def _queueing(self, mined: sandbox.Mined) -> None:
        chosen = sandbox.worth_a_look(mined, MOST_QUEUED)

        async def enqueue() -> None:
            person = await self._console.acting(self._path)
            count = await asyncio.to_thread(sandbox.queue, chosen, self._registry.labels)
            await self._console.noted(person, "TranscriptQueued", "labels", count=count)
            ui.notify(f"{count} 条进入标注队列。", type="positive")

        self._forward(f"把最值得看的 {len(chosen)} 条送进标注队列", enqueue)
        ui.button("换一个文件", on_click=lambda: self._steps.set_value("上传")).props("flat no-caps")

    @staticmethod
    def _forward(words: str, then: Callable[[], Awaitable[None]]) -> None:
        button = ui.button(words, on_click=lambda: tell(then()))
        button.props("unelevated no-caps").style("align-self:flex-start")


def _lines_of(name: str, raw: bytes) -> list[sandbox.Line]:
    with tempfile.TemporaryDirectory(prefix="yiju-transcript-") as folder:
        path = Path(folder) / name
        path.write_bytes(raw)
        return sandbox.read_transcript(path)
