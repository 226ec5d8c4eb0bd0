"""How this installation is set; looked at here, changed in the environment."""

from __future__ import annotations

from html import escape

from nicegui import ui

from bot.console.frame import Console, framed, opens, panel, tag
from bot.settings import SettingLine, describe
from prompts import setting_meanings

PATH = "/settings"


def add(console: Console) -> None:
    @opens(PATH)
    async def settings() -> None:
        meanings = setting_meanings()
        with framed(console, PATH, "设置"), panel():
            ui.label("设置来自环境变量和 .env,这里只看不改;密码不显示。").classes("quiet")
            for line in describe(console.parts.settings):
                _setting(line, meanings.get(line.variable, ""))


def _setting(line: SettingLine, meaning: str) -> None:
    with ui.column().style("gap:2px;width:100%;padding:8px 0;border-top:1px solid var(--line)"):
        _code(line.variable)
        ui.label(meaning).classes("quiet words")
        with ui.row().style("gap:2px 10px;width:100%"):
            if line.value == line.default:
                _named("默认", line.default)
            else:
                tag("已改", "open")
                _named("现在", line.value)
                _named("默认", line.default)


def _named(name: str, value: str) -> None:
    with ui.row().classes("items-start").style("gap:6px;min-width:0"):
        ui.label(name).classes("quiet")
        if value:
            _code(value)
        else:
            ui.label("(空)").classes("quiet")


def _code(text: str) -> None:
    """Broken after the parts of a name, and within one only where nothing else helps."""
    parts = escape(text).replace("_", "_<wbr>").replace("/", "/<wbr>").replace(",", ",<wbr>")
    ui.html(parts, sanitize=False, tag="code").style("overflow-wrap:anywhere;min-width:0;font-size:.85rem")
