"""One document: what is known of it, its versions, its passages in their places, and the page a passage stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui
from sqlmodel import Session

from bot import people
from bot.console.document_form import DocumentForm
from bot.console.document_names import tags
from bot.console.document_sight import MISSING, DocumentSight, document_of, sight_of
from bot.console.documents_page import PATH
from bot.console.frame import Console, empty, framed, opens, panel, tag, tell
from bot.console.gate import AT
from bot.console.listing import at as shown_time
from bot.console.paging import pages
from bot.errors import NotFound
from knowledge import DocumentInfo, Passage

PASSAGES = 50
"""Shown at a time."""
QUOTED = "quoted"
"""The id of the passage that was jumped to."""


def add(console: Console) -> None:
    @opens(f"{PATH}/{{document}}")
    async def one(document: str, version: str = "", passage: str = "", page: int = -1) -> None:
        await DocumentView(console, document, version, passage, page).draw()


class DocumentView:
    """`version`: an earlier one; `passage`: one to jump to, of whichever version; `page`: of its passages, from 0."""

    def __init__(self, console: Console, document: str, version: str, passage: str, page: int) -> None:
        self._console = console
        self._library = console.parts.library
        self._id = document
        self._version = version
        self._passage = passage
        self._page = page

    async def draw(self) -> None:
        viewer = self._console.viewer()
        seen = await sight_of(self._console, viewer)
        try:
            found = await document_of(self._console, seen, self._id)
        except NotFound:
            with framed(self._console, PATH, "资料"), panel():
                empty(MISSING)
            return
        versions = await asyncio.to_thread(self._library.versions, self._id)
        quoted = await asyncio.to_thread(self._library.passage, self._passage) if self._passage else None
        if quoted is not None and quoted.citation.document_id != self._id:
            quoted = None
        wanted = quoted.version_id if quoted else self._version or found.version_id
        shown = next((one for one in versions if one.version_id == wanted), found)
        page = max(0, quoted.position // PASSAGES if quoted and self._page < 0 else self._page)
        passages, total = await asyncio.to_thread(
            self._library.part, shown.version_id, page * PASSAGES, PASSAGES
        )
        picture = await asyncio.to_thread(self._library.page_image, quoted.id) if quoted else None
        managers, names = await self._console.read(
            lambda session: (people.managers(session), people.names(session, [shown.owner or ""]))
        )
        with framed(self._console, PATH, f"《{shown.title}》{shown.version}"):
            ui.link("← 全部资料", PATH).classes("quiet")
            with panel():
                with ui.row().style("gap:8px"):
                    tags(shown, seen, managers, self._console.parts.clock().date())
                    if shown.version_id != found.version_id:
                        tag("旧版", "warn")
                self._known(shown, names.get(shown.owner or "", shown.owner or "系统"))
                self._moves(found, seen, shown)
            if len(versions) > 1:
                self._versions(versions, found, shown)
            if self._passage and quoted is None:
                with panel():
                    empty("要看的段落已经不在了;下面是这份资料现在的内容。")
            if quoted is not None and picture:
                self._pictured(quoted)
            self._content(shown, passages, total, page, quoted)

    def _known(self, shown: DocumentInfo, owner: str) -> None:
        valid = f"{shown.valid_from or '不限'} 至 {shown.valid_until or '不限'}"
        ui.label(
            f"{shown.file_name} · {shown.size / 1024:.0f} KB · {shown.passages} 段 · 有效期 {valid} · 负责人 {owner}"
        ).classes("quiet words")

    def _moves(self, found: DocumentInfo, seen: DocumentSight, shown: DocumentInfo) -> None:
        with ui.row().style("gap:10px"):
            form = DocumentForm(self._console, found)
            ui.button("编辑…", icon="edit", on_click=lambda: tell(form.ask(seen))).props("outline no-caps")
            ui.button(
                "下载原件", icon="download", on_click=lambda: tell(self._download(shown.version_id))
            ).props("outline no-caps")
            ui.button("删除…", icon="delete", on_click=lambda: self._ask(found)).props(
                "outline no-caps color=negative"
            )

    def _versions(self, versions: tuple[DocumentInfo, ...], found: DocumentInfo, shown: DocumentInfo) -> None:
        with panel(f"版本({len(versions)})"):
            ui.label("回答只引用当前版本;旧版留着,以往决策里的引用还能打开。").classes("quiet")
            for one in versions:
                with ui.row().classes("items-center version").style("gap:10px"):
                    ui.link(one.version, f"{PATH}/{self._id}?version={quote(one.version_id)}").style(
                        "font-weight:600"
                    )
                    if one.version_id == found.version_id:
                        tag("当前", "good")
                    if one.version_id == shown.version_id:
                        tag("正在看", "open")
                    valid = (
                        f" · 有效期 {one.valid_from or '不限'} 至 {one.valid_until or '不限'}"
                        if one.valid_from or one.valid_until
                        else ""
                    )
                    ui.label(
                        f"{shown_time(one.added_at)} · {one.passages} 段 · {one.file_name}{valid}"
                    ).classes("quiet words")

    def _pictured(self, quoted: Passage) -> None:
        page = quoted.citation.page
        with panel(f"原件第 {page} 页"):
            source = f"{AT}{PATH}/{self._id}/page-image/{quote(quoted.id)}"
            ui.element("img").props(
                f'src="{source}" alt="第 {page} 页的图,引用的段落用黄色标出(找得到位置时)"'
            ).style(
                "display:block;width:100%;max-width:760px;height:auto;border:1px solid var(--line);background:#fff"
            )

    def _content(
        self,
        shown: DocumentInfo,
        passages: Sequence[Passage],
        total: int,
        page: int,
        quoted: Passage | None,
    ) -> None:
        last = -(-total // PASSAGES)
        heading = f"内容(共 {total} 段,第 {page + 1} / {last} 页)" if last > 1 else f"内容(共 {total} 段)"
        with panel(heading):
            self._turning(shown, total, page)
            for one in passages:
                self._one(one, quoted is not None and one.id == quoted.id)
            self._turning(shown, total, page)
        if quoted is not None:
            ui.timer(
                0.1,
                lambda: ui.run_javascript(
                    f"document.getElementById('{QUOTED}')?.scrollIntoView({{block: 'center'}})"
                ),
                once=True,
            )

    def _turning(self, shown: DocumentInfo, total: int, page: int) -> None:
        at = f"{PATH}/{self._id}?version={quote(shown.version_id)}"
        pages(total, PASSAGES, page, lambda to: f"{at}&page={to}")

    def _one(self, one: Passage, is_quoted: bool) -> None:
        place = f"第 {one.citation.page} 页 · " if one.citation.page else ""
        with ui.column().classes("passage").style("gap:2px;width:100%") as column:
            with ui.row().classes("items-center").style("gap:8px"):
                ui.label(f"{place}{one.citation.heading}").classes("quiet words")
                if one.superseded:
                    tag("已作废,仅供查证", "warn")
                if one.citation.page and not is_quoted:
                    ui.link("看页图", f"{PATH}/{self._id}?passage={quote(one.id)}").classes("quiet")
            ui.label(one.text).classes("words quoted" if is_quoted else "words")
            if one.questions:
                ui.label(f"语言模型写的问题(只用来查找,不是依据):{'；'.join(one.questions)}").classes(
                    "quiet words"
                )
        if is_quoted:
            column.props(f"id={QUOTED}")

    async def _download(self, version: str) -> None:
        person = await self._console.acting(PATH)
        found = await document_of(self._console, await sight_of(self._console, person), self._id)
        content = await asyncio.to_thread(self._library.open_document, self._id, version)
        if content is None:
            raise NotFound("原件不在了。")
        versions = await asyncio.to_thread(self._library.versions, self._id)
        name = next((one.file_name for one in versions if one.version_id == version), found.file_name)
        await self._console.noted(person, "DocumentDownloaded", self._id, title=found.title, version=version)
        ui.download.content(content, name)

    def _ask(self, found: DocumentInfo) -> None:
        async def remove() -> None:
            person = await self._console.acting(PATH)
            await document_of(self._console, await sight_of(self._console, person), self._id)
            await asyncio.to_thread(self._library.remove, self._id)

            def noted(session: Session) -> None:
                self._console.note(session, person, "DocumentRemoved", self._id, title=found.title)

            await self._console.write(noted)
            ui.navigate.to(PATH)

        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(420px,92vw);border-radius:12px"):
            ui.label(f"删除《{found.title}》?").classes("heading")
            ui.label("所有版本和段落都会删除,以往决策里的引用将打不开原文。不能撤销。").classes("words")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("删除", on_click=lambda: tell(remove())).props("unelevated no-caps color=negative")
