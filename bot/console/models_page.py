"""Models: what serves, what was trained, against each other by intent, and the way back."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import structlog
from nicegui import ui

from bot.console import listing
from bot.console.frame import Console, as_said, framed, opens, panel, tag, tell
from bot.console.model_words import card_lines, history, in_words, judged_on, weak_lines
from bot.console.paging import pages
from bot.console.refusals import in_chinese
from bot.errors import InvalidInput
from bot.retraining import DEV_CASES, last_trial
from bot.settings import Settings
from intents import Example, IntentsError, ModelInfo, ModelUnknown, Taxonomy, Verdict
from intents.examples import read_file
from intents.retraining import MOST_HELD, Changed, judge
from intents.weaknesses import CARD as WEAKNESSES
from intents.weaknesses import known_weaknesses

log = structlog.get_logger()
PATH = "/models"
PAGE = 20
LONGEST_S = 1800
_TRAINING = asyncio.Lock()
"""One training in a process at a time: two would only slow each other and every turn."""


def add(console: Console) -> None:
    @opens(PATH)
    async def models(page: int = 0) -> None:
        await ModelsPage(console, await console.taxonomy(), max(0, page)).draw()


class ModelsPage:
    def __init__(self, console: Console, taxonomy: Taxonomy, page: int) -> None:
        self._console = console
        self._page = page
        self._registry = console.parts.registry
        self._taxonomy = taxonomy

    async def draw(self) -> None:
        (known, total), (settled, _), last = await asyncio.gather(
            asyncio.to_thread(self._registry.page, self._page * PAGE, PAGE),
            asyncio.to_thread(self._registry.labels.settled_mark),
            self._console.read(last_trial),
        )
        self._names = await self._console.names(
            who for one in known for who in (one.trained_by, one.promoted_by)
        )
        plan = self._console.parts.settings.learning
        with framed(self._console, PATH, "模型"):
            with panel("训练"):
                ui.label(
                    f"用随产品的例句和 {settled} 条定稿标注里较早的训练一个新模型;最新的四分之一(最多 {MOST_HELD} 条)和与固定测试集近似的不学,留着比较。训练完不会自动上线,先比较再决定。"
                ).classes("words")
                when = listing.at(last) if last else "还没有"
                ui.label(
                    f"自动重训:每有 {plan.new_labels} 条新标注,或每 {plan.retrain_every_days} 天;只有总体显著更好、没有哪个意图明显变差才换。上次:{when}"
                ).classes("quiet words")
                self._start = ui.button("训练新模型", icon="play_arrow", on_click=lambda: tell(self._train()))
                self._start.props("unelevated no-caps")
                self._log = (
                    ui.log(max_lines=30).classes("as-said").style("width:100%;height:150px;display:none")
                )
            with panel(f"所有模型({total})"):
                for one in known:
                    self._model(one)
                pages(total, PAGE, self._page, lambda to: f"{PATH}?page={to}")
                ui.button(
                    "退回上一个", icon="undo", on_click=lambda: self._ask("退回上一个模型", self._roll_back)
                ).props("outline no-caps")
            self._compared = ui.column().style("gap:16px;width:100%")

    def _model(self, one: ModelInfo) -> None:
        with (
            ui.row()
            .classes("items-center")
            .style("gap:10px;width:100%;padding:8px 0;border-top:1px solid var(--line)")
        ):
            ui.label(one.id[:12]).style("font-family:monospace;font-weight:600")
            if one.serving:
                tag("正在使用", "good")
            if one.shipped:
                tag("随产品")
            ui.label(history(one, self._names)).classes("quiet words")
            ui.space()
            ui.button("模型卡", on_click=lambda: tell(self._card(one))).props("flat dense no-caps")
            if not one.serving:
                ui.button("比较", on_click=lambda: tell(self._compare(one))).props("flat dense no-caps")
                ui.button(
                    "上线…",
                    on_click=lambda: self._ask(
                        f"让 {one.id[:12]} 上线", lambda why: self._promote(one.id, why)
                    ),
                ).props("flat dense no-caps")

    async def _card(self, one: ModelInfo) -> None:
        await self._console.acting(PATH)
        try:
            found = await asyncio.to_thread(known_weaknesses, self._registry, one.id, read_file(DEV_CASES))
            weak = weak_lines(found, self._taxonomy)
        except IntentsError as gone:
            weak = [in_chinese(gone)]
        with (
            ui.dialog(value=True) as dialog,
            ui.card().style("max-width:720px;width:100%;border-radius:12px"),
        ):
            with ui.row().classes("items-center no-wrap").style("width:100%"):
                ui.label(f"模型卡 {one.id[:12]}").classes("heading")
                ui.space()
                ui.button(icon="close", on_click=dialog.close).props('flat round dense aria-label="关闭"')
            ui.label("已知弱点").classes("heading")
            for line in weak:
                ui.label(line).classes("words")
            ui.label("数据与数字").classes("heading")
            for name, value in card_lines(one, self._taxonomy):
                with ui.row().classes("no-wrap items-start").style("gap:12px;width:100%"):
                    ui.label(name).classes("quiet").style("min-width:150px")
                    ui.label(value).classes("words")
            with ui.expansion("原始数据").style("width:100%"):
                as_said(
                    json.dumps(
                        {name: value for name, value in one.card.items() if name != WEAKNESSES},
                        ensure_ascii=False,
                        indent=1,
                    )
                )

    async def _train(self) -> None:
        """In a process of its own at low priority; its lines appear as they come."""
        person = await self._console.acting(PATH)
        if _TRAINING.locked():
            raise InvalidInput("已经有一次训练在进行,请等它结束。")
        async with _TRAINING:
            self._start.disable()
            self._log.style("display:block")
            try:
                await _train_apart(
                    self._console.parts.settings, person.id, lambda line: self._log.push(in_words(line))
                )
            finally:
                self._start.enable()
        await self._console.write(
            lambda session: self._console.note(session, person, "ModelTrained", "models")
        )
        ui.navigate.reload()

    async def _compare(self, one: ModelInfo) -> None:
        await self._console.acting(PATH)
        ui.notify("正在比较,几秒钟…")
        judged = await asyncio.to_thread(judge, self._registry, one.id, self._cases())
        self._compared.clear()
        with self._compared, panel(f"{one.id[:12]} 与正在使用的相比"):
            self._verdict(*judged)

    def _cases(self) -> list[Example]:
        return read_file(_cases(self._console.parts.settings))

    def _verdict(self, verdict: Verdict, sides: list[Changed]) -> None:
        overall = verdict.overall
        look = {"promoted": ("够格上线", "good"), "same": ("同一个模型", "")}.get(
            verdict.outcome.value, ("按规则不够格", "warn")
        )
        with ui.row().style("gap:10px"):
            tag(*look)
            ui.label(
                f"{overall.before} → {overall.after} / {overall.cases},改对 {overall.mended},改错 {overall.broken},McNemar p = {overall.p:.3f}"
            )
        ui.label(judged_on(verdict)).classes("quiet words")
        columns = [
            {"name": name, "label": label, "field": name, "align": "left" if name == "intent" else "right"}
            for name, label in (
                ("intent", "意图"), ("cases", "例数"), ("before", "现在"), ("after", "新的"), ("mended", "改对"), ("broken", "改错"), ("interval", "新的 95% 区间"),
            )
        ]  # fmt: skip
        rows = []
        for name, pair in verdict.by_intent.items():
            low, high = wilson(pair.after, pair.cases)
            rows.append(
                {
                    "intent": self._taxonomy.label(name),
                    **pair._asdict(),
                    "after": pair.after,
                    "interval": f"{low:.2f}–{high:.2f}",
                }
            )
        ui.table(columns=columns, rows=rows, row_key="intent", pagination=0).props(
            'flat dense hide-pagination :rows-per-page-options="[0]"'
        ).style("width:100%")
        ui.label(f"读法变了的句子({len(sides)})").classes("heading")
        for one, was, now in sides[:100]:
            right = "good" if now == one.intent else "bad" if was == one.intent else ""
            with ui.row().style("gap:8px"):
                ui.label(one.text).classes("words").style("min-width:0")
                tag(f"{self._taxonomy.label(was)} → {self._taxonomy.label(now)}", right)

    def _ask(self, what: str, then: Any) -> None:
        async def go() -> None:
            if not (why.value or "").strip():
                raise InvalidInput("请写理由,以后的人要看。")
            await then(why.value.strip())
            ui.navigate.reload()

        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(420px,92vw);border-radius:12px"):
            ui.label(what).classes("heading")
            why = ui.textarea("理由").props("outlined autogrow").style("width:100%")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("确定", on_click=lambda: tell(go())).props("unelevated no-caps")

    async def _promote(self, model: str, why: str) -> None:
        person = await self._console.acting(PATH)
        await asyncio.to_thread(self._registry.promote, model, by=person.id, why=why)
        await self._console.write(
            lambda session: self._console.note(
                session, person, "ModelPromoted", "models", model=model, why=why
            )
        )

    async def _roll_back(self, why: str) -> None:
        person = await self._console.acting(PATH)
        try:
            now = await asyncio.to_thread(self._registry.rollback, by=person.id, why=why)
        except ModelUnknown as first:
            raise InvalidInput("正在使用的就是随产品的模型,前面没有别的。") from first
        await self._console.write(
            lambda session: self._console.note(
                session, person, "ModelRolledBack", "models", model=now.id, why=why
            )
        )


async def _train_apart(settings: Settings, by: str, say: Any) -> None:
    """`yiju intents train`, as a terminal would run it. Raises `InvalidInput` with its last line where it fails."""
    import os

    env = {**os.environ, "YIJU_DATA_DIR": str(settings.data_dir), "YIJU_DATABASE_URL": settings.database}
    process = await asyncio.create_subprocess_exec(
        "nice", "-n", "10", sys.executable, "-m", "bot", "intents", "train", "--as", by, "--json", "--compare-on", str(_cases(settings)),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip
    last = ""
    try:
        async with asyncio.timeout(LONGEST_S):
            assert process.stderr is not None
            async for line in process.stderr:
                last = line.decode(errors="replace").strip()
                say(last)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.warning("training_failed", reason=last)
        raise InvalidInput("训练没有成功,原因见训练记录的最后一行;常见的是某个意图的标注太少。")


def wilson(right: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); all of [0, 1] where there is nothing."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    spread = z / (1 + square / total) * (share * (1 - share) / total + square / (4 * total * total)) ** 0.5
    return max(0.0, middle - spread), min(1.0, middle + spread)


def _cases(settings: Settings) -> Any:
    from pathlib import Path

    from bot.retraining import SHIPPED_CASES

    return Path(settings.learning.cases or SHIPPED_CASES)
