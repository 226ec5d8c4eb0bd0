"""Is everything there: the readiness scan, and `yiju doctor` as a page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from bot.app import Parts, assemble
from bot.console.frame import Console, as_said, framed, opens, panel, tag, tell
from bot.console.scan import Score, scan
from bot.doctor import Finding, examine

NAMES = {
    "database": "数据库", "journal": "日志链", "people": "人员", "deliveries": "收到的消息", "messages": "发出的消息",
    "actions": "操作", "knowledge": "资料", "intents": "意图模型", "language model": "语言模型", "crm": "客户系统",
    "admin": "管理员", "wecom": "企业微信应用", "wecom_bot": "企业微信智能机器人", "dingtalk": "钉钉", "public_url": "外部地址", "bus": "总线",
}  # fmt: skip
PATH = "/health"


def add(console: Console) -> None:
    @opens(PATH)
    async def health() -> None:
        scores = await console.read(lambda session: scan(session, console.parts))
        with framed(console, PATH, "体检"):
            with ui.element("div").style(
                "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:16px;width:100%"
            ):
                for score in scores:
                    _score(score)
            with panel("逐项检查"):
                await findings(console, PATH, None)


async def findings(
    console: Console,
    path: str,
    only: Sequence[str] | None,
    then: Callable[[Sequence[Finding]], Awaitable[None]] | None = None,
) -> None:
    """What `yiju doctor` says, on request; `only` some of its checks. `then` is told what was found."""
    place = ui.column().style("gap:4px;width:100%").props("aria-live=polite")

    async def look() -> None:
        await console.acting(path)
        again.disable()
        try:
            found = await asyncio.to_thread(_examined, console.parts)
        finally:
            again.enable()
        if then is not None:
            await then(found)
        place.clear()
        with place:
            for one in found:
                if only is None or one.name in only:
                    with ui.row().classes("no-wrap items-start").style("gap:10px;width:100%"):
                        tag("正常" if one.ok else "有问题", "good" if one.ok else "bad")
                        ui.label(NAMES.get(one.name, one.name)).style("min-width:130px")
                        with ui.column().style("gap:0;min-width:0"):
                            ui.label(one.chinese).classes("quiet words")
                            as_said(one.detail)

    again = ui.button("现在检查", icon="refresh", on_click=lambda: tell(look())).props("outline no-caps")


def _examined(running: Parts) -> list[Finding]:
    """With channels of its own: a check closes what it opened, and the running ones must go on."""
    parts = assemble(
        running.settings, running.clock, library=running.library, alone=running.leases.in_process
    )
    try:
        return examine(parts)
    finally:
        parts.store.close()


def _score(score: Score) -> None:
    with panel(score.name):
        with ui.row().classes("no-wrap").style("gap:12px"):
            colour = "positive" if score.percent >= 80 else "warning" if score.percent >= 50 else "negative"
            ui.circular_progress(score.percent, max=100, show_value=False, size="56px", color=colour).props(
                f'aria-label="{score.percent} 分"'
            )
            with ui.column().style("gap:0"):
                ui.label(f"{score.percent} 分").classes("title")
                ui.label(score.meaning).classes("quiet")
        for rule in score.rules:
            with ui.row().classes("no-wrap items-start").style("gap:8px"):
                ui.icon("check_circle" if rule.holds else "radio_button_unchecked", size="18px").style(
                    f"margin-top:3px;color:{'#1a7f4b' if rule.holds else '#9a5b00'}"
                ).props("aria-hidden=true")
                with ui.column().style("gap:0;min-width:0"):
                    ui.label(rule.name + ("" if rule.holds else "(还没有)"))
                    if not rule.holds:
                        ui.label(rule.next_step).classes("quiet words")
