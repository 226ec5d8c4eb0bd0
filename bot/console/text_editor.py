"""A text of the company's own: edited with checks by line, tried before it is saved, every version kept, taken back.

Which text it is, what is wrong with it and what it would change, says a subclass.
"""

from __future__ import annotations

import asyncio
import difflib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from nicegui import ui

from bot.console import listing
from bot.console.frame import Console, framed, panel, tag, tell
from bot.errors import InvalidInput

EDITORS = "/graph/files"
"""Below it, each text has its page."""
OUTDATED = "别人刚存了另一版。请先复制您的改动,刷新页面,在新版上再改。"
MOST_SHOWN = 60
_CSS = ".cm-editor { height: 100%; font-size: .86rem; } .cm-editor .cm-activeLineGutter { color: #24292f !important; } .diff { white-space: pre-wrap; overflow-wrap: anywhere; font-family: monospace; font-size: .8rem; }"

_NAMED = """
(function named() {
  const content = document.querySelector('.cm-content');
  if (!content) return void setTimeout(named, 50); // the editor comes after the page
  content.setAttribute('aria-label', 'NAME');
  document.querySelector('.cm-scroller').setAttribute('tabindex', '0');
})();
"""
"""Of the editor's own elements, for people who hear the page or have no mouse."""


class Version(Protocol):
    """A saved text, as its row says."""

    number: int
    text: str
    at: datetime
    by: str
    why: str
    restores: int | None


class Tried(Protocol):
    """What a text would do."""

    @property
    def text(self) -> str: ...

    def summed(self) -> str:
        """In a sentence, for whoever is about to save it."""

    def noted(self) -> dict[str, int]:
        """For the journal's line."""


T = TypeVar("T", bound=Tried)
Cases = tuple[Sequence[Any], Sequence[Any]]
"""What a text is tried on: what ships with the product, and the company's own."""


@dataclass
class Progress:
    """Counted up by the thread that tries, looked at by the page."""

    done: int = 0
    of: int = 1

    def count(self, already: int = 0) -> Callable[[int], None]:
        """Of a part of the work, after so much of it."""

        def count(done: int) -> None:
            self.done = already + done

        return count


class TextEditor(ABC, Generic[T]):
    """The page. What blocks runs in a thread."""

    name: str
    tells: str
    language: Literal["YAML", "JSON"]
    subject: str
    """In the journal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tried: T | None = None

    # -- what a subclass says, in a thread but for `shows` ---------------------------------------------------------

    @abstractmethod
    def versions(self) -> Sequence[Version]:
        """Newest first, without the shipped one."""

    @abstractmethod
    def text(self, number: int | None = None) -> str:
        """Of a version, the newest where no number is given; 0 is what ships."""

    @abstractmethod
    def problems(self, text: str) -> Sequence[str]:
        """Everything wrong with it, a sentence each."""

    @abstractmethod
    def cases(self) -> Cases:
        """Raises `InvalidInput`."""

    @abstractmethod
    def try_on(self, text: str, cases: Cases, progress: Progress) -> T: ...

    @abstractmethod
    def shows(self, tried: T) -> None:
        """Draw what changed."""

    @abstractmethod
    def keep(self, text: str, by: str, why: str, follows: int) -> Version:
        """Save a new version. Raises `InvalidInput`."""

    @abstractmethod
    def bring_back(self, number: int, by: str, why: str, follows: int) -> Version:
        """An earlier version again. Raises `InvalidInput`."""

    def behind(self, own: Version) -> bool:
        """Whether what ships changed since this version was written."""
        return False

    # -- the page ---------------------------------------------------------------------------------------------------

    async def draw(self) -> None:
        versions = await asyncio.to_thread(self.versions)
        self._before = await asyncio.to_thread(self.text)
        self._names = await self._console.names(row.by for row in versions)
        self._follows = versions[0].number if versions else 0
        ui.add_css(_CSS)
        with framed(self._console, "/graph", self.name):
            ui.link("← 图谱与意图", "/graph")
            with panel():
                self._state(versions)
                ui.label(self.tells).classes("quiet words")
                self._editor = ui.codemirror(
                    self._before,
                    language=self.language,
                    theme="githubLight",
                    line_wrapping=True,
                    on_change=self._changed,
                )
                self._editor.style("height:56vh;width:100%;border:1px solid var(--line);border-radius:8px")
                self.beside()
                with ui.row().style("gap:8px"):
                    ui.button("检查", on_click=lambda: tell(self._check())).props("outline no-caps")
                    self._try = ui.button("预览效果", on_click=lambda: tell(self._preview()))
                    self._try.props("outline no-caps")
                    self._save = ui.button("保存…", on_click=lambda: tell(self._ask_to_save()))
                    self._save.props("unelevated no-caps")
                self._said = ui.column().style("gap:8px;width:100%").props("aria-live=polite")
            with panel("历史"):
                self._history(versions)
        ui.run_javascript(_NAMED.replace("NAME", f"{self.name} {self.language}"))

    def beside(self) -> None:
        """More that a subclass asks for, between the text and the buttons."""

    def _state(self, versions: Sequence[Version]) -> None:
        own = bool(versions and versions[0].text)
        with ui.row().style("gap:8px"):
            tag(f"本公司第 {self._follows} 版" if own else "随产品的版本", "good" if own else "")
            if own and self.behind(versions[0]):
                tag("随产品的文件后来更新过", "warn")
                ui.button("看差别", on_click=lambda: tell(self._compare(0))).props("flat dense no-caps")

    def _changed(self) -> None:
        self._tried = None

    async def _check(self) -> str:
        """The text without mistakes. Raises `InvalidInput` where there are some, and shows them."""
        await self._console.acting(EDITORS)
        text = self._editor.value or ""
        problems = await asyncio.to_thread(self.problems, text)
        self._said.clear()
        with self._said:
            for problem in problems[:MOST_SHOWN]:
                ui.label(problem).classes("words was").style("width:100%")
            if not problems:
                tag("没有错误", "good")
        if problems:
            raise InvalidInput(f"有 {len(problems)} 处要改,见编辑框下面。")
        return text

    async def _preview(self) -> T:
        """Try the text. Raises `InvalidInput`."""
        text = await self._check()
        cases = await asyncio.to_thread(self.cases)
        progress = Progress(of=max(1, sum(map(len, cases))))
        with self._said:
            ui.label(f"正在试读 {progress.of} 句……").classes("quiet")
            bar = ui.linear_progress(0, show_value=False).props('aria-label="进度"')
        timer = ui.timer(0.1, lambda: bar.set_value(progress.done / progress.of))
        self._try.disable()
        try:
            tried = await asyncio.to_thread(self.try_on, text, cases, progress)
        finally:
            timer.cancel()
            self._try.enable()
        self._said.clear()
        with self._said:
            ui.label(tried.summed()).classes("heading words")
            self.shows(tried)
            if text != self._before:
                with ui.expansion("改了哪些行").style("width:100%"):
                    ui.label(difference(self._before, text)).classes("diff")
        self._tried = tried if self._editor.value == text else None
        return tried

    async def _ask_to_save(self) -> None:
        if (self._editor.value or "") == self._before:
            raise InvalidInput("和现在的版本一样,没有要保存的。")
        tried = self._tried or await self._preview()
        self._ask("保存为本公司的新版本", tried.summed(), lambda why: self._keep(tried, why))

    async def _keep(self, tried: T, why: str) -> None:
        person = await self._console.acting(EDITORS)
        row = await asyncio.to_thread(self.keep, tried.text, person.id, why, self._follows)
        await self._console.noted(
            person, "CompanyFileSaved", self.subject, number=row.number, why=why, **tried.noted()
        )

    async def _restore(self, number: int, why: str) -> None:
        person = await self._console.acting(EDITORS)
        row = await asyncio.to_thread(self.bring_back, number, person.id, why, self._follows)
        await self._console.noted(
            person, "CompanyFileRestored", self.subject, number=row.number, restores=number, why=why
        )

    def _history(self, versions: Sequence[Version]) -> None:
        for row in versions:
            about = f"{listing.at(row.at)} · {self._names[row.by]} · {row.why}"
            if row.restores is not None:
                about += f"(退回到第 {row.restores} 版)" if row.restores else "(退回到随产品的版本)"
            self._version(row.number, f"第 {row.number} 版", about, current=row.number == self._follows)
        self._version(0, "随产品的版本", "产品更新时它也会更新", current=not versions)

    def _version(self, number: int, name: str, about: str, current: bool) -> None:
        with ui.row().style("gap:10px;width:100%;border-top:1px solid var(--line);padding:6px 0"):
            ui.label(name).style("font-weight:600")
            if current:
                tag("正在使用", "good")
            ui.label(about).classes("quiet words").style("flex:1;min-width:180px")
            if not current:
                ui.button("看差别", on_click=lambda: tell(self._compare(number))).props("flat dense no-caps")
                ui.button(
                    "退回到这一版…",
                    on_click=lambda: self._ask(f"退回到{name}", "", lambda why: self._restore(number, why)),
                ).props("flat dense no-caps")

    async def _compare(self, number: int) -> None:
        """What going back would change."""
        then = await asyncio.to_thread(self.text, number)
        with (
            ui.dialog(value=True) as dialog,
            ui.card().style("max-width:860px;width:100%;border-radius:12px"),
        ):
            with ui.row().classes("items-center no-wrap").style("width:100%"):
                ui.label("退回去会改的行(- 现在,+ 那一版)").classes("heading")
                ui.space()
                ui.button(icon="close", on_click=dialog.close).props('flat round dense aria-label="关闭"')
            ui.label(difference(self._before, then) or "没有差别").classes("diff")

    def _ask(self, what: str, about: str, then: Callable[[str], Awaitable[None]]) -> None:
        async def go() -> None:
            reason = (why.value or "").strip()
            if not reason:
                raise InvalidInput("请写理由,以后的人要看。")
            await then(reason)
            ui.navigate.reload()

        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(420px,92vw);border-radius:12px"):
            ui.label(what).classes("heading")
            if about:
                ui.label(about).classes("words quiet")
            why = ui.textarea("理由").props("outlined autogrow").style("width:100%")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("确定", on_click=lambda: tell(go())).props("unelevated no-caps")


def difference(before: str, after: str) -> str:
    """Changed lines with one line around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))
