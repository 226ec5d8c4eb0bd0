"""Documents: bring files in, see what they became, try a question."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from urllib.parse import quote

from nicegui import events, ui

from bot import people
from bot.console.document_names import KINDS, tags
from bot.console.document_sight import sight_of
from bot.console.frame import Console, empty, framed, on_enter, opens, panel, tag, tell
from bot.console.paging import pages
from bot.console.uploading import Rejected, upload
from bot.errors import InvalidInput, NotAllowed
from bot.ingesting import LARGEST, note, safe_name, take_in, told
from bot.reading_rights import called, choices
from knowledge import EVERYONE, Added, AddOutcome, DocumentKind, Evidence

PATH = "/documents"
PAGE = 50


def add(console: Console) -> None:
    @opens(PATH)
    async def documents(words: str = "", page: int = 0) -> None:
        await DocumentsPage(console, words.strip(), max(0, page)).draw()


class DocumentsPage:
    def __init__(self, console: Console, words: str, page: int) -> None:
        self._console = console
        self._words = words
        self._page = page
        self._library = console.parts.library

    async def draw(self) -> None:
        viewer = self._console.viewer()
        self._seen = await sight_of(self._console, viewer)
        self._managers, self._choices = await self._console.read(
            lambda session: (people.managers(session), choices(session, viewer))
        )
        found, total = await asyncio.to_thread(
            self._library.page, self._seen.wanted(self._words), self._page * PAGE, PAGE
        )
        with framed(self._console, PATH, "资料"):
            self._bring()
            self._try()
            with panel(f"已收录({total})"):
                self._listed(found, total)

    def _bring(self) -> None:
        with panel("收录文件"):
            ui.label(
                f"把文件拖到下面,可以一次多份。支持 PDF、DOCX、XLSX、CSV、PPTX、HTML、Markdown、TXT,单个不超过 {LARGEST // 1024**2} MB。"
            ).classes("quiet")
            with ui.row().classes("items-center").style("gap:10px"):
                kinds = {"": "自动判断", **{kind.value: name for kind, name in KINDS.items()}}
                self._kind = ui.select(kinds, value="", label="种类").props("dense outlined")
                self._kind.style("min-width:160px")
                names = {"": "所有客户可用"} | {one.id: one.name for one in self._seen.customers}
                self._customer = ui.select(names, value="", label="只用于客户", with_input=True).props(
                    "dense outlined"
                )
                self._customer.style("min-width:240px")
                self._visibility = ui.select(self._choices, value=EVERYONE, label="谁能看").props(
                    "dense outlined"
                )
                self._visibility.style("min-width:180px")
                self._from = (
                    ui.input("生效").props("dense outlined type=date stack-label").style("width:148px")
                )
                self._until = (
                    ui.input("到期").props("dense outlined type=date stack-label").style("width:148px")
                )
            upload("拖文件到这里,或点一下选择", LARGEST, self._uploaded, self._rejected, multiple=True)
            self._outcomes = ui.column().style("gap:4px;width:100%").props("aria-live=polite")

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        """A line for each file: first that it is being read, then what became of it. The page stays, so that the lines can
        be read beside each other."""
        name = safe_name(event.file.name)
        with self._outcomes:
            line = ui.row().classes("no-wrap items-start outcome").style("gap:8px")
        with line:
            ui.spinner(size="18px")
            ui.label(f"正在收录「{name}」…").classes("words quiet")

        async def take() -> Added:
            person = await self._console.acting(PATH)
            seen = await sight_of(self._console, person)
            if (customer := self._customer.value or None) and not seen.knows(customer):
                raise NotAllowed("这家客户不在您的团队里。")
            added = await asyncio.to_thread(
                take_in,
                self._library,
                name,
                await event.file.read(),
                kind=DocumentKind(self._kind.value) if self._kind.value else None,
                customer=customer,
                owner=person.id,
                visibility=self._visibility.value if self._visibility.value != EVERYONE else None,
                reader=seen.reader,
                valid_from=day(self._from.value),
                valid_until=day(self._until.value),
            )
            await self._console.write(
                lambda session: note(session, added, person.id, self._console.parts.clock())
            )
            return added

        added = await tell(take())
        line.clear()
        with line:
            if added is None:
                self._line(False, f"没有收录「{name}」。")
            else:
                self._said(added)

    def _said(self, added: Added) -> None:
        owner = next((one for one in self._seen.customers if one.id == added.customer), None)
        self._line(
            added.outcome is not AddOutcome.REFUSED,
            told(added, owner, called(added.visibility, self._managers)),
        )
        if added.document_id:
            ui.link("打开", f"{PATH}/{added.document_id}").style("white-space:nowrap")

    def _rejected(self, files: list[Rejected]) -> None:
        """Files that never left the browser."""
        for one in files:
            with self._outcomes, ui.row().classes("no-wrap items-start outcome").style("gap:8px"):
                self._line(False, f"没有收录「{one.name}」:{one.reason}")

    def _line(self, good: bool, words: str) -> None:
        tag("已收录" if good else "没有收录", "good" if good else "bad")
        ui.label(words).classes("words")

    def _try(self) -> None:
        with panel("试问一句"):
            with ui.row().classes("items-center no-wrap").style("gap:10px;width:100%"):
                question = ui.input(placeholder="例如:X200 转多快").props("dense outlined").style("flex:1")
                ask = ui.button("查找").props("unelevated no-caps")
            found = ui.column().style("gap:8px;width:100%")

            async def search() -> None:
                seen = await sight_of(self._console, await self._console.acting(PATH))
                if not (question.value or "").strip():
                    raise InvalidInput("先写一个问题。")
                customer = self._customer.value or None
                if customer and not seen.knows(customer):
                    raise NotAllowed("这家客户不在您的团队里。")
                findings = await asyncio.to_thread(
                    self._library.search, question.value, customer=customer, k=5, reader=seen.reader
                )
                found.clear()
                with found:
                    tag(
                        "有答案" if findings.answerable else "没有找到答案",
                        "good" if findings.answerable else "warn",
                    )
                    if findings.reason:
                        ui.label(findings.reason).classes("quiet")
                    for one in findings.evidence:
                        _hit(one)

            ask.on_click(lambda: tell(search()))
            on_enter(question, lambda: tell(search()))

    def _listed(self, found: Any, total: int) -> None:
        search = ui.input("按名称查找", value=self._words).props("dense outlined clearable")
        on_enter(search, lambda: ui.navigate.to(f"{PATH}?words={quote(search.value or '')}"))
        if not found:
            empty(
                "还没有资料。拖一份手册或价格表进来,机器人就能引用它。"
                if not self._words
                else "没有这样的资料。"
            )
        today = self._console.parts.clock().date()
        for one in found:
            with (
                ui.row()
                .classes("items-center document")
                .style("gap:10px;width:100%;padding:8px 0;border-top:1px solid var(--line)")
            ):
                ui.link(f"《{one.title}》{one.version}", f"{PATH}/{one.id}").style("font-weight:600")
                tags(one, self._seen, self._managers, today)
                until = f" · 至 {one.valid_until}" if one.valid_until else ""
                ui.label(f"{one.passages} 段 · {one.file_name} · {one.added_at:%Y-%m-%d}{until}").classes(
                    "quiet words"
                )
        pages(total, PAGE, self._page, lambda page: f"{PATH}?words={quote(self._words)}&page={page}")


def _hit(one: Evidence) -> None:
    cited = one.passage.citation
    with ui.row().classes("items-center").style("gap:8px"):
        ui.label(str(cited)).classes("quiet words")
        ui.link("看原文", place_of(cited.document_id, one.passage.id))
    ui.label(one.excerpt).classes("words quoted")


def place_of(document: str, passage: str) -> str:
    """The address of a passage in its document, below `/console`."""
    return f"{PATH}/{document}?passage={quote(passage)}"


def day(text: str | None) -> date | None:
    """Raises `InvalidInput`: a field of dates lets one type half of one."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as wrong:
        raise InvalidInput(f"日期“{text}”不对,请写成 2026-12-31 这样。") from wrong
