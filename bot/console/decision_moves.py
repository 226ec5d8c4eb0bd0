"""What a person may do with an opened decision: decide it, hand it over, replay it, leave a word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

from bot.confirmation import Move, Reply
from bot.console import opened
from bot.console.frame import Console, panel, tag, tell
from bot.console.opened import Opened
from bot.conversation import UserId
from bot.decision import Decision
from bot.errors import InvalidInput

PATH = "/"
"""The page whose readers may do this."""
_DIALOG = "min-width:min(420px,92vw);border-radius:12px"


class DecisionMoves:
    """Each move is bound to the decision as it was drawn: if it changed meanwhile, nothing happens and that is said."""

    def __init__(
        self, console: Console, labels: Mapping[str, str], changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._console = console
        self._labels = labels
        self._changed = changed

    def draw(self, seen: Opened) -> None:
        can_decide = opened.can_decide(seen, self._console.parts.clock())
        if not (can_decide or opened.can_undo(seen)):
            return
        found = seen.decision
        with panel("替同事决定" if seen.rep.id != self._console.viewer().id else "决定"):
            ui.label("以您的名义记录;卡片会随之更新,同事会看到是谁决定的。").classes("quiet")
            with ui.row().style("gap:10px"):
                if can_decide and any(button.key == "confirm" for button in seen.card.buttons):
                    ui.button("确认", on_click=lambda: self._move(found, Move.CONFIRM)).props(
                        "unelevated no-caps color=positive"
                    )
                if can_decide:
                    ui.button("驳回…", on_click=lambda: self._ask_why(found)).props(
                        "outline no-caps color=negative"
                    )
                if can_decide and seen.others:
                    ui.button("转交…", on_click=lambda: self._ask_whom(seen)).props("outline no-caps")
                if opened.can_undo(seen):
                    ui.button("撤销已执行的操作", on_click=lambda: self._move(found, Move.UNDO)).props(
                        "outline no-caps"
                    )
            if can_decide:
                ui.link("改意图、草稿或字段:打开决策页", seen.card.url, new_tab=True).classes("quiet")

    def replaying(self, decision: Decision, seen: Callable[[], Opened]) -> None:
        with panel("今天会怎么提议"):
            ui.label("用今天的模型、资料和价格,对同样的话再做一次;不保存,不发送。").classes("quiet")
            place = ui.column().style("gap:6px;width:100%")

            async def run() -> None:
                await self._console.acting(PATH)
                button.disable()
                try:
                    again = await opened.replay(self._console.parts, seen().decision, seen().rep)
                finally:
                    button.enable()
                place.clear()
                with place:
                    self._replayed(again)

            button = ui.button("重放", icon="replay", on_click=lambda: tell(run()))
            button.props("outline no-caps").style("align-self:flex-start")
            if not decision.words:
                button.disable()

    def commenting(self, decision: str) -> None:
        async def comment() -> None:
            person = await self._console.acting(PATH)
            said = words.value or ""
            await self._console.write(
                lambda session: opened.comment(session, self._console.parts, person, decision, said)
            )
            words.value = ""
            await self._changed()

        with ui.row().classes("items-end no-wrap").style("gap:10px;width:100%"):
            words = ui.textarea(label="写一句").props("outlined dense autogrow").style("flex:1")
            ui.button("留言", on_click=lambda: tell(comment())).props("unelevated no-caps")

    async def _move(self, decision: Decision, move: Move, note: str = "") -> None:
        async def apply() -> None:
            person = await self._console.acting(PATH)
            reply = Reply(
                decision=decision.id,
                by=UserId(person.id),
                move=move,
                version=decision.version,
                content_hash=decision.content_hash,
                note=note,
            )
            taps = self._console.parts.taps
            applied = await taps.reply(reply, person, lambda session, applied: None)
            if applied.refused:
                raise InvalidInput(taps.refusal(applied))

        await tell(apply())
        await self._changed()

    def _ask_why(self, decision: Decision) -> None:
        async def decline() -> None:
            dialog.close()
            await self._move(decision, Move.DECLINE, (why.value or "")[:300])

        # beside what is drawn anew when somebody else decides: a question stays, with what was typed into it
        with ui.context.client.content, ui.dialog(value=True) as dialog, ui.card().style(_DIALOG):
            ui.label("为什么驳回?").classes("heading")
            why = ui.textarea(label="理由", placeholder="写给同事,也写给以后的模型")
            why.props("outlined autogrow").style("width:100%")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("驳回", on_click=decline).props("unelevated no-caps color=negative")

    def _ask_whom(self, seen: Opened) -> None:
        async def hand_over() -> None:
            person, parts = await self._console.acting(PATH), self._console.parts
            if not whom.value:
                raise InvalidInput("请先选同事。")
            handed = await self._console.write(
                lambda session: opened.hand_over(
                    session, parts.desk, parts.library, person, seen.decision.id, whom.value
                )
            )
            ui.navigate.to(f"/decisions/{handed.id}")

        with ui.context.client.content, ui.dialog(value=True) as dialog, ui.card().style(_DIALOG):
            ui.label("转交给谁?").classes("heading")
            whom = ui.select(seen.others, label="同事").props("outlined dense").style("width:100%")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("转交", on_click=lambda: tell(hand_over())).props("unelevated no-caps")

    def _replayed(self, again: opened.Replay) -> None:
        now = again.decision
        with ui.row().style("gap:6px"):
            for same, what in (
                (again.same_intent, "意图"),
                (again.same_actions, "操作"),
                (again.same_draft, "草稿"),
            ):
                tag(f"{what}{'相同' if same else '不同'}", "good" if same else "warn")
        if not again.same_intent:
            ui.label(f"现在读作:{self._labels.get(now.intent or '', '待定')}({now.reading.confidence:.0%})")
        if not again.same_draft:
            ui.label(now.draft.text or "(没有草稿)").classes("words quoted")
