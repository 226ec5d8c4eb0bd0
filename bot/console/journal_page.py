"""The journal: who did what, when, and the proof that no line was changed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from nicegui import ui
from sqlalchemy import select
from sqlmodel import Session, col

from bot import journal
from bot.console import journal_words, listing
from bot.console.frame import Console, empty, framed, on_enter, opens, panel, tell
from bot.console.journal_words import WORDS
from bot.tables import JournalRow

PATH = "/journal"
PAGE = 50


def add(console: Console) -> None:
    @opens(PATH)
    async def lines(subject: str = "", page: int = 0) -> None:
        await _journal(console, subject.strip(), max(0, page))


async def _journal(console: Console, subject: str, page: int) -> None:
    def look(session: Session) -> tuple[list[JournalRow], int, dict[str, str]]:
        query = select(JournalRow).order_by(col(JournalRow.seq).desc())
        if subject:
            query = query.where(col(JournalRow.subject) == subject)
        rows = session.execute(query.limit(PAGE).offset(page * PAGE)).scalars().all()
        return list(rows), journal.length(session), journal_words.names(session, [row.who for row in rows])

    rows, length, names = await console.read(look)
    with framed(console, "/journal", "日志"):
        with panel():
            ui.label(f"共 {length} 行,只增不改,每一行都与前一行用哈希相连。").classes("quiet")
            said = ui.label().classes("words").props("aria-live=polite")

            async def verify() -> None:
                await console.acting("/journal")
                broken, last = await console.read(
                    lambda session: (journal.verify(session), journal.last_hash(session))
                )
                said.text = (
                    f"第 {broken.seq} 行被改过或不见了;请从备份恢复。"
                    if broken
                    else f"整条链完好,最后的哈希 {last}"
                )

            ui.button("校验整条链", icon="verified", on_click=lambda: tell(verify())).props("outline no-caps")
        with panel():
            search = ui.input("只看某个对象(决策编号等)", value=subject).props("dense outlined clearable")
            on_enter(search, lambda: ui.navigate.to(f"/journal?subject={quote(search.value or '')}"))
            if not rows:
                empty("没有这样的记录。")
            for row in rows:
                _line(row, names)
            with ui.row().style("gap:10px"):
                if page:
                    ui.link("← 较新", f"/journal?subject={quote(subject)}&page={page - 1}")
                if len(rows) == PAGE:
                    ui.link("较早 →", f"/journal?subject={quote(subject)}&page={page + 1}")


def _line(row: JournalRow, names: dict[str, str]) -> None:
    with (
        ui.row()
        .classes("items-start")
        .style("gap:10px;width:100%;padding:4px 0;border-top:1px solid var(--line)")
    ):
        ui.label(str(row.seq)).classes("quiet").style("min-width:52px")
        at = datetime.fromisoformat(row.at).astimezone(listing.SHANGHAI)
        ui.label(f"{at:%Y-%m-%d %H:%M:%S}").classes("quiet").style("min-width:140px")
        with ui.column().style("gap:0;min-width:200px;flex:1"):
            ui.label(
                f"{names.get(row.who, row.who)} · {WORDS.get(row.what, row.what)} · {row.subject}"
            ).classes("words")
            ui.label("(已删除)" if journal.is_forgotten(row) else row.body[:300]).classes("as-said words")
            ui.label(row.hash[:16]).classes("quiet")
