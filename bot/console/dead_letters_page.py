"""What was given up: events nobody could read, messages nobody could deliver; why, and once more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from sqlmodel import Session

from bot.console import listing
from bot.console.frame import Console, as_said, empty, framed, opens, panel, tag, tell
from bot.console.paging import pages
from bot.errors import InvalidInput, NotFound
from bot.events.tracing import count_dead_letters, dead_letters
from intents import mask

PATH = "/dead-letters"
PAGE = 50
REASONS = {
    "dead": "读不懂:映射里没有这种事件,或内容不合格式;补好映射后重放。",
    "applied": "已记下,但找不到该通知的人:请检查客户编号、负责人和他的聊天账号。",
}
QUEUES = {"delivery": "收到的消息", "outbox": "要发的消息", "action": "操作"}


def add(console: Console) -> None:
    @opens(PATH)
    async def letters(events: int = 0, delivery: int = 0, outbox: int = 0, action: int = 0) -> None:
        here = {"events": events, "delivery": delivery, "outbox": outbox, "action": action}
        here = {name: max(0, page) for name, page in here.items()}
        found = await console.read(lambda session: dead_letters(session, PAGE, here["events"] * PAGE))
        total = await console.read(count_dead_letters)
        queues = [worker.queue for worker in console.parts.workers]

        def look(session: Session) -> list[tuple[str, Sequence[Any], int]]:
            return [
                (one.name, one.dead(session, PAGE, here.get(one.name, 0) * PAGE), one.dead_letters(session))
                for one in queues
            ]

        given_up = await console.read(look)

        def turning(name: str, total: int) -> None:
            pages(total, PAGE, here.get(name, 0), lambda page: f"{PATH}?{urlencode({**here, name: page})}")

        with framed(console, PATH, "未处理"):
            with panel(f"事件({total})"):
                if not found:
                    empty("没有读不懂的事件。")
                for event in found:
                    _event(console, event)
                turning("events", total)
            with panel(f"队列({sum(many for _, _, many in given_up)})"):
                if not any(many for _, _, many in given_up):
                    empty("没有放弃的消息或操作。")
                for name, rows, many in given_up:
                    for row in rows:
                        _row(console, name, row)
                    turning(name, many)


def _event(console: Console, event: dict[str, Any]) -> None:
    async def again() -> None:
        person = await console.acting(PATH)
        taken = await console.parts.intake.replay(event["event"])
        await console.write(
            lambda session: console.note(
                session, person, "EventReplayed", event["event"], status=taken.status
            )
        )
        if taken.status == "dead":
            raise InvalidInput("还是读不懂;请先在映射里补上这种事件,再重放。")
        ui.navigate.reload()

    with ui.expansion().classes("panel").style("padding:0") as row:
        with row.add_slot("header"), ui.row().classes("items-center").style("gap:10px;width:100%"):
            tag("事件", "warn")
            ui.label(f"{event['source']} · {event['type']}").style("font-weight:600")
            ui.label(REASONS.get(event["state"], "")).classes("quiet words")
            ui.label(event["received_at"][:16].replace("T", " ")).classes("quiet")
        as_said(mask(event["reason"]))
        ui.label(
            mask(json.dumps(event["payload"], ensure_ascii=False, indent=2, default=str)[:4000])
        ).classes("words as-said")
        ui.button("重放", icon="replay", on_click=lambda: tell(again())).props("outline no-caps")


def _row(console: Console, name: str, row: Any) -> None:
    async def again() -> None:
        person, now = await console.acting(PATH), console.parts.clock()
        queue = next(worker.queue for worker in console.parts.workers if worker.queue.name == name)

        def put_back(session: Session) -> bool:
            console.note(session, person, "DeadLetterReplayed", f"{name}:{row.seq}")
            return queue.replay(session, row.seq, now)

        if not await console.write(put_back):
            raise NotFound("它已经不在这里了。")
        ui.navigate.reload()

    with (
        ui.row()
        .classes("items-center")
        .style("gap:10px;width:100%;padding:6px 0;border-top:1px solid var(--line)")
    ):
        tag(QUEUES.get(name, name), "bad")
        ui.label(f"{row.kind} · 试过 {row.attempts} 次 · {listing.at(row.created_at)}").classes("quiet")
        as_said(mask(row.error))
        ui.space()
        if name == "action":
            ui.label("请销售在卡片上点“重试”").classes("quiet")
        else:
            ui.button("放回队列", on_click=lambda: tell(again())).props("flat dense no-caps")
