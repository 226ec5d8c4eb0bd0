"""The label queue, for the keyboard: one key an intent, the guide's rules beside it, undo, a second look, disputes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from nicegui import events, ui

from bot.console.disputes_panel import DisputesPanel
from bot.console.entity_marking import EntityMarking
from bot.console.flags_panel import FLAGS, FlagsPanel
from bot.console.frame import Console, empty, framed, on_enter, opens, panel, tag, tell
from bot.console.refusals import in_chinese
from bot.errors import InvalidInput
from intents import Entity, LabelUnknown, Taxonomy, find_entities
from intents.second_look import for_second
from intents.tables import LabelRow
from intents.taxonomy import IntentInfo
from intents.usefulness import REASONS, by_usefulness

PATH = "/labels"
KEYS = "123456789qwertyuiopasdfgh"
LOOKED_AT = 300
FLAG_KEYS = {"v": "unsure", "n": "wrong"}
TAGS = {
    "vague": "含糊", "drift": "像买其实是问", "typo": "错字", "multi": "几件事", "dialect": "方言口语",
    "mixed": "夹英文", "elliptic": "要看上文", "slang": "行话",
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One utterance on the table. `second`: somebody settled it already, this is another view of it."""

    row: LabelRow
    because: tuple[str, ...]
    second: bool


def add(console: Console) -> None:
    @opens(PATH)
    async def labels() -> None:
        await LabelsPage(console, await console.taxonomy()).draw()


class LabelsPage:
    def __init__(self, console: Console, taxonomy: Taxonomy) -> None:
        self._console = console
        self._labels = console.parts.registry.labels
        self._taxonomy = taxonomy
        self._flags = FlagsPanel(console, PATH, self._came_back)
        self._disputes = DisputesPanel(console, taxonomy, PATH, self._hold)
        self._asking = self._tagging = False
        self._items: list[Item] = []
        self._skipped: set[str] = set()
        self._done: list[tuple[str, str]] = []
        """What can be taken back, the latest last: `settled`, `dropped` or `flagged`, and the label's id."""
        self._secondary: set[str] = set()
        registry = console.parts.registry
        self._entities = EntityMarking(
            lambda text: find_entities(text, products=registry.products, graph=registry.files.graph())
        )

    async def draw(self) -> None:
        self._trainer = self._console.viewer()
        await asyncio.to_thread(self._fill)
        with framed(self._console, PATH, "标注"):
            self._progress = ui.label().classes("quiet").props("aria-live=polite")
            with ui.element("div").style(
                "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:16px;width:100%;align-items:start"
            ):
                with panel():
                    self._table = ui.column().style("gap:10px;width:100%")
                with panel("怎么标"):
                    self._guide = ui.column().style("gap:8px;width:100%")
            await self._flags.draw()
            await self._disputes.draw()
        ui.keyboard(on_key=self._pressed)
        self._entities.watch()
        self._show()

    def _fill(self) -> None:
        rows = self._labels.queue(LOOKED_AT, not_flagged_by=self._trainer.id)
        first = [
            Item(one.row, one.because, second=False)
            for one in by_usefulness(rows, self._labels.counts())
            if one.row.id not in self._skipped
        ]
        again = [
            Item(row, (), second=True)
            for row in for_second(self._labels, self._trainer.id)
            if row.id not in self._skipped
        ]
        self._items = [*again[:5], *first, *again[5:]]

    @property
    def _item(self) -> Item | None:
        return self._items[0] if self._items else None

    def _show(self) -> None:
        waiting = self._labels.waiting()
        settled, _ = self._labels.settled_mark()
        self._progress.text = f"还有 {waiting} 条等待 · 已定稿 {settled} 条 · 这次标了 {len(self._done)} 条"
        self._tagging = False
        self._table.clear()
        self._guide.clear()
        item = self._item
        self._secondary = set(item.row.secondary) if item and not item.second else set()
        if item is None:
            with self._table:
                empty(
                    "剩下的是这次跳过的,或做了记号留给同事的;刷新页面,跳过的会再出现。"
                    if waiting
                    else "队列空了。同事纠正或驳回卡片后,这里会自动出现新的一条;也可以在“数据集”里导入聊天记录。"
                )
            return
        with self._table:
            self._utterance(item)
            self._buttons(item)
        with self._guide:
            self._rules(item)

    def _utterance(self, item: Item) -> None:
        row = item.row
        with ui.row().style("gap:6px"):
            tag("客户" if row.speaker == "customer" else "销售", "open")
            for name in item.because:
                tag(REASONS[name], "warn")
            if item.second:
                tag("第二遍:别人标过,请独立判断", "open")
            if row.flag:
                tag(f"同事{FLAGS.get(row.flag, row.flag)}:{row.flag_note}", "warn")
        for earlier in row.context:
            ui.label(earlier).classes("quiet words")
        if item.second:
            ui.label(row.text).classes("words quoted").style("font-size:1.15rem")
        else:
            self._entities.draw(row.text, [Entity(**one) for one in row.entities], KEYS)
            read = self._taxonomy.label(row.read_as) if row.read_as else "没读出来"
            proposed = f" · 建议 {self._taxonomy.label(row.proposed)}" if row.proposed else ""
            ui.label(f"模型读作 {read}({row.confidence:.0%}){proposed}").classes("quiet")
            if row.note:
                ui.label(f"备注:{row.note}").classes("quiet words")

    def _buttons(self, item: Item) -> None:
        with ui.element("div").style(
            "display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px;width:100%"
        ):
            for key, info in zip(KEYS, self._taxonomy.for_speaker(item.row.speaker), strict=False):
                chosen = info.name in {item.row.proposed, item.row.read_as} and not item.second
                button = ui.button(on_click=lambda name=info.name: tell(self._choose(name)))
                button.props(f"no-caps align=left {'unelevated' if chosen else 'outline'}").style(
                    "padding:4px 8px"
                )
                with button:
                    ui.label(key).style("opacity:.7;min-width:18px;font-family:monospace")
                    ui.label(info.label)
        self._second = ui.label().classes("quiet")
        self._tell_secondary()
        if not item.second:
            given = list(item.row.tags)  # an import may bring tags of its own
            self._tags = ui.select(
                TAGS | {one: TAGS.get(one, one) for one in given},
                multiple=True,
                value=given,
                label="标签(b,可不选)",
            ).props("dense outlined use-chips")
            self._tags.style("min-width:220px")
            self._tag_keys = ui.label(
                "标签:按 "
                + " ".join(f"{at} {name}" for at, name in enumerate(TAGS.values(), 1))
                + ",再按 b 结束"
            )
            self._tag_keys.classes("heading").set_visibility(False)
        with ui.row().style("gap:8px"):
            ui.button("跳过(空格)", on_click=lambda: tell(self._skip())).props("outline no-caps")
            ui.button("撤销上一条(z)", on_click=lambda: tell(self._undo())).props("outline no-caps")
            if not item.second:
                for key, flag in FLAG_KEYS.items():
                    ui.button(f"{FLAGS[flag]}({key})", on_click=lambda flag=flag: self._ask_flag(flag)).props(
                        "outline no-caps"
                    )
                ui.button("不能用(x)", on_click=lambda: tell(self._drop())).props(
                    "outline no-caps color=negative"
                )
        ui.label(
            "按键定意图;按住 Shift 再按,是次要意图;空格跳过,z 撤销,x 不能用;v 看不准、n 有问题,写一句话留给同事;"
            "b 加标签,c 采用机器认出的实体。选中文字(鼠标、手指,或用 ← → 和 Shift)标实体,退格删掉最后一个。"
        ).classes("quiet words")

    def _rules(self, item: Item) -> None:
        """Of the intents that are likely here: what each wants, and what tells it from its neighbours."""
        names = dict.fromkeys(one for one in (item.row.proposed, item.row.read_as) if one and not item.second)
        infos: dict[str, IntentInfo] = {
            info.name: info for info in self._taxonomy.for_speaker(item.row.speaker)
        }
        shown = [infos[name] for name in names if name in infos] or list(infos.values())
        for info in shown[:6]:
            ui.label(info.label).classes("heading")
            ui.label(info.wants).classes("words")
            for border in info.borders:
                ui.label(f"· {border}").classes("quiet words")
            ui.label(f"例:{info.example}").classes("quiet words")

    async def _pressed(self, event: events.KeyEventArguments) -> None:
        if not event.action.keydown or event.action.repeat or event.modifiers.ctrl or event.modifiers.meta:
            return
        if self._asking:
            return
        key, item = str(event.key.name).lower(), self._item
        if key == "z":
            await tell(self._undo())
        elif item is None or (not item.second and self._for_this_one(key, _code(event))):
            return
        elif key in {" ", "space"}:
            await tell(self._skip())
        elif key == "x":
            await tell(self._drop())
        else:
            code = _code(event)
            keys = dict(zip(KEYS, self._taxonomy.for_speaker(item.row.speaker), strict=False))
            info = keys.get(code)
            if info is None:
                return
            if event.modifiers.shift:
                self._secondary ^= {info.name}
                self._tell_secondary()
            else:
                await tell(self._choose(info.name))

    def _tell_secondary(self) -> None:
        named = "、".join(self._taxonomy.label(one) for one in sorted(self._secondary))
        self._second.text = f"次要意图:{named}" if named else ""

    def _for_this_one(self, key: str, code: str) -> bool:
        """Whether a key was meant for entities, tags or a flag, which a second look has not."""
        if self._tagging:
            self._tag(code)
            return True
        if self._entities.pressed(key, code):
            return True
        if key == "b":
            self._tagging = True
            self._tag_keys.set_visibility(True)
        elif key == "c":
            self._entities.adopt()
        elif key in FLAG_KEYS:
            self._ask_flag(FLAG_KEYS[key])
        else:
            return False
        return True

    def _tag(self, code: str) -> None:
        """A number puts a tag on or takes it off; any other key is done with tags."""
        names = list(TAGS)
        if code.isdigit() and 0 < int(code) <= len(names):
            chosen = {*(self._tags.value or ())} ^ {names[int(code) - 1]}
            self._tags.set_value([one for one in self._tags.options if one in chosen])
        else:
            self._tagging = False
            self._tag_keys.set_visibility(False)

    def _ask_flag(self, flag: str) -> None:
        item = self._item
        if item is None:
            return
        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(420px,92vw);border-radius:12px"):
            ui.label(f"{FLAGS[flag]}:留给同事").classes("heading")
            note = ui.input("写一句为什么").props("outlined autofocus maxlength=200").style("width:100%")
            ui.label("回车保存,Esc 取消。").classes("quiet")

            async def save() -> None:
                await self._flag(item, flag, (note.value or "").strip())
                dialog.close()

            on_enter(note, lambda: tell(save()))
            ui.button("保存", on_click=lambda: tell(save())).props("unelevated no-caps")
        self._hold(dialog)

    def _hold(self, dialog: ui.dialog) -> None:
        """While it is open, keys are for it."""
        self._asking = True
        dialog.on_value_change(lambda event: setattr(self, "_asking", bool(event.value)))

    async def _flag(self, item: Item, flag: str, note: str) -> None:
        if not note:
            raise InvalidInput("请写一句为什么,同事要看。")
        person = await self._console.acting(PATH)
        await asyncio.to_thread(self._labels.flag, item.row.id, flag, note, person.id)
        await self._console.noted(person, "LabelFlagged", item.row.id, flag=flag)
        self._done.append(("flagged", item.row.id))
        await self._flags.again()
        await self._next(item)

    async def _choose(self, intent: str) -> None:
        person, item = await self._console.acting(PATH), self._item
        if item is None:
            return
        secondary = sorted(self._secondary - {intent})
        try:
            if item.second:
                await asyncio.to_thread(self._labels.mark, item.row.id, intent, person.id)
                await self._console.noted(person, "LabelMarked", item.row.id, intent=intent)
            else:
                await asyncio.to_thread(
                    self._labels.settle,
                    item.row.id,
                    intent,
                    person.id,
                    secondary=secondary,
                    tags=list(self._tags.value or ()),
                    entities=self._entities.marked,
                )
                await self._console.noted(person, "LabelSettled", item.row.id, intent=intent)
                self._done.append(("settled", item.row.id))
        except LabelUnknown as gone:
            ui.notify(in_chinese(gone), type="warning")
        await self._next(item)

    async def _skip(self) -> None:
        if item := self._item:
            await self._next(item)

    async def _drop(self) -> None:
        person, item = await self._console.acting(PATH), self._item
        if item is None or item.second:
            return
        try:
            await asyncio.to_thread(self._labels.drop, item.row.id, person.id, "不能用")
            await self._console.noted(person, "LabelDropped", item.row.id)
            self._done.append(("dropped", item.row.id))
        except LabelUnknown as gone:
            ui.notify(in_chinese(gone), type="warning")
        await self._next(item)

    async def _undo(self) -> None:
        person = await self._console.acting(PATH)
        if not self._done:
            raise InvalidInput("没有可撤销的。")
        how, last = self._done.pop()
        if how == "flagged":
            await asyncio.to_thread(self._labels.unflag, last)
            await self._flags.again()
        else:
            await asyncio.to_thread(self._labels.reopen, last, person.id)
        await self._console.noted(person, "LabelReopened", last)
        self._skipped.discard(last)
        await asyncio.to_thread(self._fill)
        self._items.sort(key=lambda one: one.row.id != last)
        self._show()

    async def _came_back(self, label: str) -> None:
        """Looked at in its turn; an empty table shows it at once."""
        self._skipped.discard(label)
        if self._item is None:
            await asyncio.to_thread(self._fill)
            self._show()

    async def _next(self, item: Item) -> None:
        self._skipped.add(item.row.id)
        if item.row.flag:
            await self._flags.again()
        self._items = [one for one in self._items if one.row.id != item.row.id]
        if not self._items:
            await asyncio.to_thread(self._fill)
        self._show()


def _code(event: events.KeyEventArguments) -> str:
    """The key by its place, so that Shift and input methods do not matter."""
    return str(event.key.code).removeprefix("Digit").removeprefix("Key").lower()
