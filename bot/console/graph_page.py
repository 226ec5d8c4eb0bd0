"""What documents name, what customers say for it, what found no answer; and the intents as the guide has them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

from nicegui import ui

from bot.console import file_editor_page, knowledge_editor_page
from bot.console.frame import Console, empty, framed, opens, panel, tag, tell
from bot.console.text_editor import EDITORS
from bot.errors import InvalidInput
from intents import Taxonomy
from knowledge import SayingWrong, Status, Thing

PATH = "/graph"
KINDS = {
    "model": "型号",
    "parameter": "参数",
    "component": "部件",
    "fault": "故障",
    "certification": "认证",
    "application": "用途",
    "competitor": "竞品",
}
MOST = 120


def add(console: Console) -> None:
    @opens(PATH)
    async def graph() -> None:
        await GraphPage(console, await console.taxonomy()).draw()


class GraphPage:
    def __init__(self, console: Console, taxonomy: Taxonomy) -> None:
        self._console = console
        self._taxonomy = taxonomy
        self._library = console.parts.library

    async def draw(self) -> None:
        proposed, accepted, gaps, sayings = await asyncio.gather(
            asyncio.to_thread(self._library.graph.list, Status.PROPOSED),
            asyncio.to_thread(self._library.graph.list, Status.ACCEPTED),
            asyncio.to_thread(self._library.gaps.list, 50),
            asyncio.to_thread(self._library.sayings.list),
        )
        with framed(self._console, PATH, "图谱与意图"):
            with panel("改规则"), ui.row().style("gap:8px"):
                for kind, name in (*file_editor_page.NAMES.items(), *knowledge_editor_page.NAMES.items()):
                    target = f"{EDITORS}/{kind}"
                    ui.button(
                        f"编辑{name}", icon="edit", on_click=lambda target=target: ui.navigate.to(target)
                    ).props("outline no-caps")
            with panel(f"资料里提到的东西,等您判断({len(proposed)})"):
                ui.label("接受后,提问时就认得它;客户提到它时,机器人也知道那是在问东西,不是想买。").classes(
                    "quiet"
                )
                if not proposed:
                    empty("没有新的。收录带表格的手册后,型号、参数、故障码会出现在这里。")
                self._things(proposed[:MOST])
            with panel(f"已接受({len(accepted)})"), ui.row().style("gap:6px"):
                for one in accepted[:MOST]:
                    tag(f"{one.named.subject} · {one.named.name}", "good")
            with panel("没找到答案的问题"):
                if not gaps:
                    empty("没有。")
                for gap in gaps:
                    with ui.row().style("gap:8px"):
                        tag(f"{gap.times} 次", "warn")
                        ui.label(gap.example).classes("words")
                        ui.label(gap.reason).classes("quiet words")
                        ui.button("了结", on_click=lambda gap=gap: tell(self._settle(gap.id))).props(
                            "flat dense no-caps"
                        )
            with panel("客户的说法 → 资料的写法"):
                with ui.row().style("gap:8px"):
                    say = ui.input("客户怎么说,例如:转多快").props("dense outlined")
                    written = ui.input("资料怎么写,例如:最高转速").props("dense outlined")
                    ui.button(
                        "加上", on_click=lambda: tell(self._add(say.value or "", written.value or ""))
                    ).props("unelevated no-caps")
                for saying in sayings:
                    with ui.row().style("gap:8px"):
                        ui.label(f"{saying.say} → {'、'.join(saying.written)}").classes("words")
                        ui.label(saying.added_by).classes("quiet")
                        ui.button("删", on_click=lambda saying=saying: tell(self._remove(saying.say))).props(
                            "flat dense no-caps"
                        )
            self._intents()

    def _things(self, things: Sequence[Thing]) -> None:
        for subject, of in groupby(things, key=lambda one: one.named.subject):
            found = list(of)
            with ui.expansion(f"{subject or '未归属'}({len(found)})").style("width:100%"):
                for one in found:
                    with ui.row().classes("items-start").style("gap:8px;width:100%"):
                        tag(KINDS.get(one.named.kind, one.named.kind), "open")
                        ui.label(f"{one.named.name} {one.named.unit}").style("font-weight:600")
                        ui.label(f"《{one.title}》{one.named.line}").classes("quiet words").style("flex:1")
                        ui.button("接受", on_click=lambda one=one: tell(self._judge(one, True))).props(
                            "flat dense no-caps"
                        )
                        ui.button("不对", on_click=lambda one=one: tell(self._judge(one, False))).props(
                            "flat dense no-caps color=negative"
                        )
                ui.button("这一组全部接受", on_click=lambda found=found: tell(self._judge_all(found))).props(
                    "outline dense no-caps"
                )

    async def _judge(self, thing: Thing, accepted: bool) -> None:
        person = await self._console.acting(PATH)
        judge = self._library.graph.accept if accepted else self._library.graph.reject
        await asyncio.to_thread(judge, [thing.id], person.id)
        what = "ThingAccepted" if accepted else "ThingRejected"
        await self._console.noted(person, what, thing.id, name=thing.named.name)
        ui.notify("已接受。" if accepted else "不再提议。")

    async def _judge_all(self, things: Sequence[Thing]) -> None:
        person = await self._console.acting(PATH)
        await asyncio.to_thread(self._library.graph.accept, [one.id for one in things], person.id)
        for one in things:
            await self._console.noted(person, "ThingAccepted", one.id, name=one.named.name)
        ui.navigate.reload()

    async def _settle(self, gap: str) -> None:
        person = await self._console.acting(PATH)
        await asyncio.to_thread(self._library.gaps.settle, [gap])
        await self._console.noted(person, "GapSettled", gap)
        ui.navigate.reload()

    async def _add(self, say: str, written: str) -> None:
        person = await self._console.acting(PATH)
        terms = [
            one.strip() for one in written.replace("、", ",").replace(",", ",").split(",") if one.strip()
        ]
        try:
            await asyncio.to_thread(self._library.sayings.add, say.strip(), terms, person.id)
        except SayingWrong as wrong:
            raise InvalidInput("说法要有 2 到 40 个字,并写至少一种资料里的写法。") from wrong
        await self._console.noted(person, "SayingAdded", say.strip(), written="、".join(terms))
        ui.navigate.reload()

    async def _remove(self, say: str) -> None:
        person = await self._console.acting(PATH)
        await asyncio.to_thread(self._library.sayings.remove, say)
        await self._console.noted(person, "SayingRemoved", say)
        ui.navigate.reload()

    def _intents(self) -> None:
        with panel("意图与标注规则"):
            for info in self._taxonomy.intents.values():
                with ui.expansion(f"{info.label}({info.name})").style("width:100%"):
                    ui.label(info.wants).classes("words")
                    for border in info.borders:
                        ui.label(f"· {border}").classes("quiet words")
                    ui.label("例:" + " / ".join(info.examples)).classes("quiet words")
                    ui.label(f"默认操作:{'、'.join(info.actions) or '没有'} · 风险 {info.risk}").classes(
                        "quiet"
                    )
