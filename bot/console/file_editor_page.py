"""The company's own taxonomy and graph: edited with line-exact checks, tried on the dev set, saved, taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from nicegui import ui

from bot import actions
from bot.console.file_problems import in_words
from bot.console.frame import Console, opens, tag
from bot.console.text_editor import EDITORS, MOST_SHOWN, OUTDATED, Cases, Progress, TextEditor, Version
from bot.errors import InvalidInput
from bot.retraining import DEV_CASES
from intents import Classifier, FileKind, FileOutdated, FileRefused, IntentsError, Taxonomy, read_file
from intents.company_files import graph_of, shipped_hash, taxonomy_of
from intents.effect import Effect, Said, Shift, effect_of
from intents.tables import FileRow

PATH = EDITORS
NAMES = {FileKind.GRAPH: "行业图谱", FileKind.TAXONOMY: "意图与规则"}
TELLS = {
    FileKind.GRAPH: "哪些词指的是东西(产品、参数、部件、认证、对手……),不是动作。行业 → 产品 → 类别 → 名称;以 _ 开头的类别属于整个行业。",
    FileKind.TAXONOMY: "每个意图的叫法、定义、和相邻意图的界线、默认操作,以及标注规则。新增的意图要先标注、再训练,模型才会读出来。",
}
MOST_LABELS = 300
"""Of the company's own settled labels, newest first, the effect is looked at."""


class Tried(NamedTuple):
    """What a text would do, on the shipped dev set and on the company's own labels."""

    text: str
    dev: Effect
    own: Effect

    def summed(self) -> str:
        dev, own = self.dev, self.own
        words = f"开发集 {dev.cases} 句:读对 {dev.before} → {dev.after},{len(dev.shifts)} 句读法变了。"
        if own.cases:
            words += (
                f"本公司标注 {own.cases} 句:读对 {own.before} → {own.after},{len(own.shifts)} 句读法变了。"
            )
        return words

    def noted(self) -> dict[str, int]:
        dev = self.dev
        return {
            "cases": dev.cases,
            "right_before": dev.before,
            "right_after": dev.after,
            "changed": len(dev.shifts),
        }


def add(console: Console) -> None:
    for kind in FileKind:

        @opens(f"{PATH}/{kind}")
        async def editor(kind: FileKind = kind) -> None:
            await FileEditor(console, kind, await console.taxonomy()).draw()


class FileEditor(TextEditor[Tried]):
    language = "YAML"

    def __init__(self, console: Console, kind: FileKind, taxonomy: Taxonomy) -> None:
        super().__init__(console)
        self.name, self.tells, self.subject = NAMES[kind], TELLS[kind], f"intents:{kind}"
        self._kind = kind
        self._registry = console.parts.registry
        self._files = self._registry.files
        self._taxonomy = taxonomy

    def versions(self) -> Sequence[FileRow]:
        return self._files.versions(self._kind)

    def text(self, number: int | None = None) -> str:
        return self._files.text(self._kind, number)

    def problems(self, text: str) -> Sequence[str]:
        return [in_words(one) for one in self._files.problems(self._kind, text, actions.names())]

    def behind(self, own: Version) -> bool:
        return isinstance(own, FileRow) and own.shipped != shipped_hash(self._kind)

    def cases(self) -> Cases:
        try:
            return read_file(DEV_CASES), self._registry.labels.settled()[-MOST_LABELS:]
        except (IntentsError, OSError) as missing:
            raise InvalidInput("没有开发集,不能预览;请找管理员检查安装是否完整。") from missing

    def try_on(self, text: str, cases: Cases, progress: Progress) -> Tried:
        before = self._registry.champion()
        after = self._as_if(before, text)
        shipped, own = cases
        dev = effect_of(before, after, shipped, progress.count())
        return Tried(text, dev, effect_of(before, after, own, progress.count(len(shipped))))

    def _as_if(self, model: Classifier, text: str) -> Classifier:
        taxonomy, graph = self._files.taxonomy(), self._files.graph()
        if self._kind is FileKind.TAXONOMY:
            return self._registry.seeing(model, taxonomy_of(text), graph)
        return self._registry.seeing(model, taxonomy, graph_of(text))

    def shows(self, tried: Tried) -> None:
        ui.label("开发集是随产品的例句,不参加训练;“先问”表示把握不够,卡片会先问销售。").classes("quiet words")
        shifts = (*tried.own.shifts, *tried.dev.shifts)
        for shift in shifts[:MOST_SHOWN]:
            with ui.row().classes("items-start").style("gap:8px;width:100%"):
                tag(f"{self._side(shift.was)} → {self._side(shift.now)}", _look(shift))
                ui.label(shift.case.text).classes("words").style("flex:1;min-width:200px")
        if len(shifts) > MOST_SHOWN:
            ui.label(f"……还有 {len(shifts) - MOST_SHOWN} 句").classes("quiet")

    def _side(self, said: Said) -> str:
        return self._taxonomy.label(said.intent) + ("(先问)" if said.asks else "")

    def keep(self, text: str, by: str, why: str, follows: int) -> FileRow:
        with _refusals():
            return self._files.save(self._kind, text, by, why=why, follows=follows, actions=actions.names())

    def bring_back(self, number: int, by: str, why: str, follows: int) -> FileRow:
        with _refusals():
            return self._files.restore(
                self._kind, number, by, why=why, follows=follows, actions=actions.names()
            )


@contextmanager
def _refusals() -> Iterator[None]:
    """As sentences."""
    try:
        yield
    except FileOutdated as outdated:
        raise InvalidInput(OUTDATED) from outdated
    except FileRefused as refused:
        raise InvalidInput(f"这一版现在不能用:{in_words(refused.problems[0])}") from refused


def _look(shift: Shift) -> str:
    if shift.was.intent == shift.now.intent:
        return ""
    right = shift.case.intent
    return "good" if shift.now.intent == right else "bad" if shift.was.intent == right else "warn"
