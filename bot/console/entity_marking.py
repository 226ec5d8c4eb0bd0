"""Entities of an utterance, marked by selecting words (mouse, finger or arrow keys) and choosing a type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nicegui import events, ui

from bot.console.entity_names import ENTITIES
from bot.console.frame import tag
from bot.console.refusals import in_chinese
from bot.errors import InvalidInput
from intents import ENTITY_TYPES, Entity, LabelUnknown
from intents.labels import placed
from intents.offsets import from_browser

_SELECTING = Path(__file__).with_name("selecting.js").read_text(encoding="utf-8")
_CSS = """
.utterance > div { display: inline; }
.utterance .marked { background: #cfe0fb; border-radius: 4px; box-shadow: inset 0 -2px #2456b8; }
"""


class EntityMarking:
    """The words on the table, what is marked in them, and what is selected just now."""

    def __init__(self, find: Callable[[str], tuple[Entity, ...]]) -> None:
        self._find = find
        """What the machine sees: proposed, and where the words are the same also the canonical value."""
        self._text = ""
        self._found: tuple[Entity, ...] = ()
        self._selected: tuple[int, int] | None = None
        self.marked: list[Entity] = []
        ui.add_css(_CSS)
        ui.on("words_selected", self._on_selected)

    def watch(self) -> None:
        """Hear of selections, from now on; once a page."""
        ui.run_javascript(_SELECTING)

    def draw(self, text: str, marked: list[Entity], keys: str) -> None:
        """The utterance, with what is marked in it."""
        self._text, self.marked, self._keys = text, marked, keys
        self._found, self._selected = self._find(text), None
        self._words = ui.element("div").classes("words quoted utterance").style("font-size:1.15rem")
        self._below = ui.column().style("gap:8px;width:100%").props("aria-live=polite")
        self._redraw()

    def pressed(self, key: str, code: str) -> bool:
        """Whether a key was meant for an entity: a type's while words are selected, or one that takes back."""
        if key == "backspace" and self.marked:
            self._remove(self.marked[-1])
            return True
        if self._selected is None:
            return False
        if key == "escape":
            self._forget()
        elif code in self._keys[: len(ENTITY_TYPES)]:
            self._said(ENTITY_TYPES[self._keys.index(code)])
        return True

    def _on_selected(self, event: events.GenericEventArguments) -> None:
        """The browser's positions; none where nothing is selected any more."""
        places = event.args if isinstance(event.args, list) else []
        if len(places) == 2 and all(isinstance(one, int) for one in places):
            start, end = (from_browser(self._text, one) for one in places)
            words = self._text[start:end]
            start += len(words) - len(words.lstrip())
            end -= len(words) - len(words.rstrip())
            self._selected = (start, end) if start < end else None
        else:
            self._selected = None
        self._draw_below()

    def _choose(self, kind: str) -> None:
        if self._selected is None:
            return
        start, end = self._selected
        same = (one for one in self._found if (one.type, one.start, one.end) == (kind, start, end))
        words = self._text[start:end]
        self._mark(next(same, Entity(kind, words, words, start, end)))

    def _mark(self, entity: Entity) -> None:
        try:
            self.marked = placed(self._text, [*self.marked, entity])
        except LabelUnknown as overlaps:
            raise InvalidInput("和已标的重叠了,请先删掉那一个。") from overlaps
        self._forget()

    def _remove(self, entity: Entity) -> None:
        self.marked = [one for one in self.marked if one != entity]
        self._forget()

    def _forget(self) -> None:
        self._selected = None
        ui.run_javascript("forgetSelection()")
        self._redraw()

    def _redraw(self) -> None:
        self._words.clear()
        with self._words:
            at = 0
            for one in self.marked:
                self._piece(self._text[at : one.start])
                self._piece(one.text).classes("marked").tooltip(ENTITIES[one.type])
                at = one.end
            self._piece(self._text[at:])
        self._draw_below()

    @staticmethod
    def _piece(words: str) -> ui.label:
        piece = ui.label(words)
        piece.set_visibility(bool(words))
        return piece

    def _draw_below(self) -> None:
        self._below.clear()
        with self._below:
            if self._selected is not None:
                self._types(self._text[slice(*self._selected)])
            if self.marked:
                with ui.row().style("gap:6px"):
                    for one in self.marked:
                        self._chip(one)
            self._proposed()

    def _types(self, words: str) -> None:
        with ui.column().classes("entity-types").style("gap:6px;width:100%"):
            ui.label(f"“{words}”是什么?按键或点一下;Esc 取消。").classes("words heading")
            with ui.row().style("gap:6px"):
                for key, kind in zip(self._keys, ENTITY_TYPES, strict=False):
                    button = ui.button(f"{key} {ENTITIES[kind]}", on_click=lambda kind=kind: self._said(kind))
                    button.props("outline dense no-caps").style("padding:2px 8px")

    def _said(self, kind: str) -> None:
        """An overlap is told, not raised: nobody waits for a key."""
        try:
            self._choose(kind)
        except InvalidInput as refused:
            ui.notify(in_chinese(refused), type="warning")

    def _chip(self, one: Entity) -> None:
        with ui.row().classes("tag open no-wrap").style("display:inline-flex;gap:4px;padding-right:2px"):
            ui.label(f"{ENTITIES[one.type]} {one.text}")
            ui.button(icon="close", on_click=lambda: self._remove(one)).props(
                f'flat round dense size=xs aria-label="删掉 {ENTITIES[one.type]}"'
            )

    def adopt(self) -> None:
        """What the machine sees and nothing is marked over yet."""
        if free := self._free():
            self._adopt(free)

    def _free(self) -> list[Entity]:
        return [
            one
            for one in self._found
            if all(one.end <= mine.start or one.start >= mine.end for mine in self.marked)
        ]

    def _proposed(self) -> None:
        free = self._free()
        if not free:
            return
        with ui.row().style("gap:6px"):
            ui.label("机器认出:").classes("quiet")
            for one in free:
                tag(f"{ENTITIES.get(one.type, one.type)} {one.text}")
            ui.button("都对,采用(c)", on_click=lambda: self._adopt(free)).props("flat dense no-caps")

    def _adopt(self, entities: list[Entity]) -> None:
        self.marked = placed(self._text, [*self.marked, *entities])
        self._forget()
