"""One decision, opened to everything: words, reading, reasons with their sources, the card, what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from nicegui import ui

from bot import openings
from bot.card import Card
from bot.console import documents_page, field_chain, listing, opened
from bot.console.access import may_open
from bot.console.decision_moves import DecisionMoves
from bot.console.entity_names import ENTITIES
from bot.console.frame import Console, empty, framed, opens, panel, tag, tell
from bot.console.gate import AT
from bot.console.journal_words import WORDS
from bot.console.opened import Opened, Side
from bot.console.outcomes import changed
from bot.decision import Decision, Reason, ReasonKind
from bot.errors import NotFound
from bot.events.tracing import local_time, trace
from bot.lineage import field_of
from bot.reading_rights import may_show, reader_of
from bot.web.page import TEMPLATES
from crm_bridge import AccountId
from intents import Taxonomy

KINDS = {
    ReasonKind.WORDS: ("原话", "format_quote"),
    ReasonKind.CRM: ("CRM", "contacts"),
    ReasonKind.PASSAGE: ("资料", "menu_book"),
    ReasonKind.EVENT: ("事件", "bolt"),
    ReasonKind.RULE: ("规则", "rule"),
}
PATH = "/decisions/{decision}"
AROUND = 2
LOOK_EVERY_S = 2.0
CHANNELS = {
    "wecom": "企业微信",
    "wecom_bot": "企业微信机器人",
    "dingtalk": "钉钉",
    "sim": "模拟器",
    "terminal": "终端",
}


def add(console: Console) -> None:
    @opens(PATH)
    async def one(decision: str) -> None:
        await DecisionView(console, decision, await console.taxonomy()).draw()


class DecisionView:
    def __init__(self, console: Console, decision: str, taxonomy: Taxonomy) -> None:
        self._console = console
        self._id = decision
        self._labels = taxonomy.labels()

    async def draw(self) -> None:
        try:
            self._opened = await self._load()
        except NotFound as missing:
            with framed(self._console, "/", "决策"), panel():
                empty(str(missing))
            return
        found, viewer = self._opened.decision, self._console.viewer()
        await openings.note(self._console.parts.store, found.id, viewer.id, self._console.parts.clock())
        self._moves = DecisionMoves(self._console, self._labels, self._look)
        with framed(self._console, "/", found.customer_name or "未指明客户"):
            self._body = ui.column().style("gap:16px;width:100%")
            with self._body:
                self._fill()
            with panel("留言"):
                self._said_here = ui.column().style("gap:4px;width:100%")
                with self._said_here:
                    self._comments()
                self._moves.commenting(found.id)
            self._moves.replaying(found, lambda: self._opened)
            self._lines = ui.expansion("日志", icon="history").classes("panel").style("padding:0")
            with self._lines:
                self._journal()
        ui.timer(LOOK_EVERY_S, self._look)

    def _fill(self) -> None:
        found = self._opened.decision
        self._head(found)
        with ui.element("div").classes("sides"):
            with ui.column().style("gap:16px;min-width:0"):
                self._said(found)
                self._because(found)
                self._not_known(found)
            with ui.column().style("gap:16px;min-width:0"):
                self._draft(found)
                self._became()
                self._moves.draw(self._opened)
        self._compared()

    async def _look(self) -> None:
        """Somebody decided, an action was carried out, a colleague left a word: the page says so by itself."""
        if await self._console.still_here():
            now = await self._load()
            if now != self._opened:
                self._opened = now
                for place, fill in (
                    (self._body, self._fill),
                    (self._said_here, self._comments),
                    (self._lines, self._journal),
                ):
                    place.clear()
                    with place:
                        fill()

    async def _load(self) -> Opened:
        viewer = self._console.viewer()
        return await self._console.read(
            lambda session: opened.open_it(session, self._console.parts, viewer, self._id)
        )

    def _head(self, found: Decision) -> None:
        name, look = listing.STATES[found.state]
        with ui.row().classes("items-center").style("gap:10px"):
            tag(name, look)
            ui.label(self._labels.get(found.intent or "", "待定意图")).classes("heading")
            ui.label(f"把握 {found.reading.confidence:.0%}").classes("quiet")
            ui.label(
                f"{self._opened.rep.name} · {listing.at(found.created_at)} · {CHANNELS.get(found.channel, found.channel)}"
            ).classes("quiet")
            for said in (self._opened.before_undo, self._opened.card.status):
                if said:
                    ui.label(said).classes("quiet")
        ui.link("← 全部决策", "/").classes("quiet")

    def _said(self, found: Decision) -> None:
        with panel("说了什么,怎么读的"):
            ui.label(found.words or "(原话已按保存期限删除)").classes("words quoted")
            for ranked in found.reading.ranked[:4]:
                with ui.row().classes("items-center no-wrap").style("gap:10px;width:100%"):
                    ui.label(self._labels.get(ranked.intent, ranked.intent)).style("min-width:120px")
                    ui.linear_progress(ranked.confidence, show_value=False, size="8px").style("flex:1").props(
                        f'aria-label="{ranked.confidence:.0%}" rounded'
                    )
                    ui.label(f"{ranked.confidence:.0%}").classes("quiet").style(
                        "min-width:44px;text-align:right"
                    )
            spans = [span.text for ranked in found.reading.ranked[:1] for span in ranked.because]
            if spans:
                ui.label("依据的字词:" + "、".join(spans)).classes("quiet words")
            for other in found.reading.secondary:
                ui.label(f"同时也是:{self._labels.get(other.intent, other.intent)}").classes("quiet")
            if found.reading.entities:
                with ui.row().style("gap:6px"):
                    for entity in found.reading.entities:
                        tag(f"{ENTITIES.get(entity.type, entity.type)} {entity.text}")
            ui.label(
                f"模型 {found.provenance.model[:12]} · 索引 {found.provenance.index[:12]} · 措辞 {found.provenance.prompts[:12]}"
            ).classes("quiet")

    def _because(self, found: Decision) -> None:
        with panel("因为什么"):
            if not found.rationale.reasons:
                empty("没有记下理由。")
            for reason in found.rationale.reasons:
                self._reason(reason)

    def _reason(self, reason: Reason) -> None:
        kind, icon = KINDS[reason.kind]
        with ui.row().classes("no-wrap items-start").style("gap:10px;width:100%"):
            ui.icon(icon, size="18px").style("margin-top:3px;color:#2456b8").props("aria-hidden=true")
            with ui.column().style("gap:2px;min-width:0;flex:1"):
                ui.label(reason.text).classes("words")
                when = f" · {listing.at(reason.at)}" if reason.at else ""
                with ui.row().classes("items-center").style("gap:8px"):
                    tag(kind)
                    ui.label(f"{reason.source}{when}").classes("quiet words")
                    if reason.kind is ReasonKind.PASSAGE and reason.ref:
                        _small("看原文", lambda: self._show_passage(reason.ref))
                    if reason.kind is ReasonKind.EVENT and reason.ref:
                        _small("看来龙去脉", lambda: self._show_event(reason))
                    if reason.kind is ReasonKind.CRM and _field_in(reason):
                        _small("看血缘", lambda: self._show_lineage(reason))

    async def _show_passage(self, ref: str) -> None:
        """The passage in its document; of contracts only this customer's."""
        person = await self._console.acting("/")
        library = self._console.parts.library
        passage = await asyncio.to_thread(library.passage, ref)
        decision = self._opened.decision
        if passage is None or not may_show(passage, decision.customer, reader_of(person)):
            ui.notify("这份资料已经不在了。", type="warning")
            return
        first = max(0, passage.position - AROUND)
        around, _ = await asyncio.to_thread(
            library.part, passage.version_id, first, passage.position - first + AROUND + 1
        )
        picture = await asyncio.to_thread(library.page_image, passage.id)
        with _dialog(f"《{passage.citation.title}》{passage.citation.version}"):
            page = f"第 {passage.citation.page} 页 · " if passage.citation.page else ""
            ui.label(f"{page}{passage.citation.heading}").classes("quiet")
            for one in around:
                ui.label(one.text).classes("words quoted" if one.id == passage.id else "words quiet")
            if may_open(person.role, documents_page.PATH):
                ui.link("在整份资料里看", documents_page.place_of(passage.citation.document_id, passage.id))
            if picture:
                source = f"{AT}/decisions/{decision.id}/page-image/{quote(passage.id)}"
                ui.element("img").classes("page-image").props(
                    f'src="{source}" alt="原件第 {passage.citation.page} 页"'
                ).style("display:block;width:100%;height:auto;border:1px solid var(--line)")

    async def _show_event(self, reason: Reason) -> None:
        """What was reported, what was behind it, and what it changed."""
        await self._console.acting("/")
        try:
            found = await self._console.read(lambda session: trace(session, reason.ref))
        except NotFound:
            ui.notify("这件事没有来自系统的记录。", type="warning")
            return
        with _dialog(reason.text):
            for name, one in (("", found), *(("起因:", cause) for cause in found["because_of"])):
                when = local_time(one["at"], one["precision"])
                ui.label(f"{name}{one['means'] or one['type']} · {one['source']} · {when}").classes("words")
            for change in found["changed"]:
                old = "" if change["counts"] else "(后来又变了)"
                ui.label(f"{change['field']} → {change['value']}{old}").classes("quiet words")

    async def _show_lineage(self, reason: Reason) -> None:
        """Every value that any system gave for the field, the latest first."""
        await self._console.acting("/")
        account = await self._console.parts.crm.account(self._opened.decision.customer or AccountId(""))
        field = field_of(account, _field_in(reason))
        with _dialog(f"{account.short_name} · {field.label}"):
            await field_chain.show(self._console, account, field)

    def _not_known(self, found: Decision) -> None:
        if not (found.rationale.unknowns or found.rationale.warnings):
            return
        with panel("还不知道,要注意"):
            for unknown in found.rationale.unknowns:
                ui.label(f"· {unknown}").classes("words")
            for warning in found.rationale.warnings:
                ui.label(f"⚠ {warning}").classes("words").style("color:#8a5a00")

    def _draft(self, found: Decision) -> None:
        """The card as it is; where somebody corrected it, the side-by-side below takes its place."""
        if self._opened.after and self._opened.before:
            return
        with panel("卡片上的草稿和操作"):
            _card(self._opened.card)
            for removed in found.draft.removed:
                ui.label(f"已删去没有依据或说不清出处的话:{removed}").classes("quiet words")

    def _compared(self) -> None:
        """The card as the rep saw it beside what they made of it."""
        earlier, after = list(self._opened.before), self._opened.after
        if after and earlier:
            with panel("改之前和改之后"), ui.element("div").classes("sides"):
                self._side("卡片当时的样子", earlier.pop(), "was")
                self._side("改成的样子", after, "is-now")
        if earlier:
            with ui.expansion("卡片更早的版本", icon="layers").classes("panel").style("padding:0"):
                for one in earlier:
                    self._side("", one, "was")

    def _side(self, heading: str, side: Side, look: str) -> None:
        with ui.column().classes(look).style("gap:6px"):
            ui.label(f"{heading} · {side.card.title}".removeprefix(" · ")).classes("heading")
            _card(side.card)
            with ui.row().classes("quiet").style("gap:8px"):
                ui.label(f"第 {side.version + 1} 版 · {side.content_hash}")
                if side.decision != self._id:
                    ui.link("打开新的卡片", f"/decisions/{side.decision}")

    def _became(self) -> None:
        seen = self._opened
        if not (seen.receipts or seen.changes or seen.note):
            return
        with panel("后来怎样"):
            if seen.note:
                ui.label(f"理由:{seen.note}").classes("words")
            for change in seen.changes:
                ui.label(f"{changed(change.name)}:卡片上的 → 改成的").classes("quiet")
                with ui.element("div").classes("sides small"):
                    ui.label(self._value(change.name, change.was)).classes("words was")
                    ui.label(self._value(change.name, change.is_now)).classes("words is-now")
            for receipt in seen.receipts:
                words = (
                    receipt.shown
                    or receipt.error
                    or {"waiting": "等待执行"}.get(receipt.state, receipt.state)
                )
                ui.label(f"{'✅' if receipt.state == 'done' else '⏳'} {words}").classes("words")

    def _value(self, name: str, value: str) -> str:
        return self._labels.get(value, value or "待定") if name == "intent" else value

    def _comments(self) -> None:
        for line in self._opened.comments:
            ui.label(f"{line.who} · {line.at}").classes("quiet")
            ui.label((line.body or {}).get("words", "(已删除)")).classes("words")

    def _journal(self) -> None:
        for line in self._opened.lines:
            with ui.row().classes("items-start").style("gap:2px 10px;padding:4px 8px"):
                ui.label(line.at).classes("quiet").style("min-width:128px")
                ui.label(f"{line.who} {WORDS.get(line.what, line.what)}")
                ui.label(_short(line.body)).classes("quiet words").style("min-width:0")


def _card(card: Card) -> None:
    """What a card proposes: words and actions, with what they set side by side."""
    if card.compared:
        told = TEMPLATES.get_template("told.html").render(words=card.compared)
        ui.html(told, sanitize=False).style("width:100%")
    ui.label(card.draft or "(没有草稿)").classes("words quoted")
    for action in card.actions:
        ui.label(action.label).classes("heading")
        for label, value in action.fields:
            with ui.row().classes("no-wrap").style("gap:10px"):
                ui.label(label).classes("quiet").style("min-width:90px")
                ui.label(value).classes("words")


def _small(words: str, do: Callable[[], Awaitable[None]]) -> None:
    ui.button(words, on_click=lambda: tell(do())).props("flat dense no-caps size=sm")


@contextmanager
def _dialog(heading: str) -> Iterator[None]:
    with ui.dialog(value=True) as dialog, ui.card().style("max-width:760px;width:100%;border-radius:12px"):
        with ui.row().classes("items-center no-wrap").style("width:100%"):
            ui.label(heading).classes("heading words")
            ui.space()
            ui.button(icon="close", on_click=dialog.close).props('flat round dense aria-label="关闭"')
        yield


def _field_in(reason: Reason) -> str:
    """The account's field that a CRM reason names (`ACC-1.tier`); empty where it names a record."""
    return reason.ref.rpartition(".")[2] if "." in reason.ref else ""


def _short(body: dict[str, Any] | None) -> str:
    if body is None:
        return "(已删除)"
    words = "; ".join(
        f"{name}={value}" for name, value in body.items() if isinstance(value, str | int | float)
    )
    return words if len(words) <= 160 else words[:160] + "…"
