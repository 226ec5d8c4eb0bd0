"""Editing what is known of a document besides its text: a dialog, its checks, and a line in the journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui
from sqlmodel import Session

from bot import people
from bot.console.document_names import KINDS
from bot.console.document_sight import DocumentSight, document_of, sight_of
from bot.console.documents_page import PATH, day
from bot.console.frame import Console, tell
from bot.console.looking_up import looked_up
from bot.errors import InvalidInput, NotAllowed
from bot.reading_rights import called, choices
from knowledge import DocumentInfo, DocumentKind, ParticularsWrong
from knowledge.particulars import LONGEST_TITLE

MOST_OWNERS = 20
FIELDS = ("kind", "title", "version", "customer", "valid_from", "valid_until", "owner", "visibility")


@dataclass(frozen=True)
class DocumentForm:
    console: Console
    document: DocumentInfo
    """As the page shows it: who saves over another's change is told to look again."""

    async def ask(self, seen: DocumentSight) -> None:
        person = await self.console.acting(PATH)
        known = self.document
        managers, visibilities, owners = await self.console.read(
            lambda session: (
                people.managers(session),
                choices(session, person),
                self._owners(session, known.owner or ""),
            )
        )
        names = {"": "所有客户可用"} | {one.id: one.name for one in seen.customers}
        if known.customer:
            names.setdefault(known.customer, known.customer)
        visibilities.setdefault(known.visibility, called(known.visibility, managers))
        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(480px,92vw);border-radius:12px"):
            ui.label("编辑资料").classes("heading")
            fields: dict[str, Any] = {
                "title": ui.input("标题", value=known.title).props(f"maxlength={LONGEST_TITLE}"),
                "version": ui.input("当前版本", value=known.version),
                "kind": ui.select(
                    {one.value: name for one, name in KINDS.items()}, value=known.kind.value, label="种类"
                ),
                "customer": ui.select(names, value=known.customer or "", label="只用于客户", with_input=True),
                "valid_from": ui.input("生效", value=str(known.valid_from or "")),
                "valid_until": ui.input("到期", value=str(known.valid_until or "")),
                "owner": looked_up(
                    owners,
                    known.owner or "",
                    "负责人",
                    lambda words, chosen: self.console.read(
                        lambda session: self._owners(session, chosen, words)
                    ),
                ),
                "visibility": ui.select(visibilities, value=known.visibility, label="谁能看"),
            }
            for name, field in fields.items():
                field.props("dense outlined").style("width:100%")
                if name.startswith("valid"):
                    field.props("type=date stack-label")
            ui.label("改动马上对所有回答生效,并记入日志。").classes("quiet")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button(
                    "保存",
                    on_click=lambda: tell(self._save({name: one.value for name, one in fields.items()})),
                ).props("unelevated no-caps")

    @staticmethod
    def _owners(session: Session, chosen: str, words: str = "") -> dict[str, str]:
        """Who may answer for it: the one chosen, and some of those whose name or id holds the words."""
        found, _ = people.page(session, 0, MOST_OWNERS, words)
        kept = {chosen: people.names(session, [chosen]).get(chosen, chosen)} if chosen else {}
        return {"": "系统"} | kept | {str(one.id): one.name for one in found if one.active}

    async def _save(self, given: dict[str, Any]) -> None:
        """Raises `InvalidInput`, `NotAllowed`, `NotFound`."""
        person = await self.console.acting(PATH)
        seen = await sight_of(self.console, person)
        now = await document_of(self.console, seen, self.document.id)
        if any(getattr(now, name) != getattr(self.document, name) for name in FIELDS):
            raise InvalidInput("别人刚改过这份资料,请刷新页面再改。")
        wanted = replace(
            now,
            kind=DocumentKind(given["kind"]),
            title=(given["title"] or "").strip(),
            version=(given["version"] or "").strip(),
            customer=given["customer"] or None,
            valid_from=day(given["valid_from"]),
            valid_until=day(given["valid_until"]),
            owner=given["owner"] or None,
            visibility=given["visibility"],
        )
        if wanted.customer not in {None, now.customer} and not seen.knows(str(wanted.customer)):
            raise NotAllowed("这家客户不在您的团队里。")
        if not seen.reader.may_read(wanted.visibility):
            raise NotAllowed("不能改成您自己也看不到的范围。")
        changed = {
            name: [_plain(getattr(now, name)), _plain(getattr(wanted, name))]
            for name in FIELDS
            if getattr(now, name) != getattr(wanted, name)
        }
        if not changed:
            raise InvalidInput("没有改动。")
        if wanted.kind is DocumentKind.CONTRACT and wanted.customer is None:
            raise InvalidInput("合同必须选一家客户,否则会被其他客户的问题引用;通用范本请改成“政策”。")
        try:
            await asyncio.to_thread(self.console.parts.library.amend, wanted, seen.reader)
        except ParticularsWrong as wrong:
            raise InvalidInput(f"{wrong}。") from wrong
        await self.console.noted(person, "DocumentEdited", now.id, title=wanted.title, changed=changed)
        ui.navigate.reload()


def _plain(value: object) -> str:
    return "" if value is None else str(value)
