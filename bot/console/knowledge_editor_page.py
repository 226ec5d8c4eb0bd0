"""The company's own industry graph and weights of the search: edited with checks, tried on questions, saved, taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from nicegui import ui

from bot.console.frame import Console, opens, tag
from bot.console.knowledge_problems import industry_problems, weights_problems
from bot.console.text_editor import EDITORS, MOST_SHOWN, OUTDATED, Cases, Progress, TextEditor
from bot.errors import InvalidInput
from bot.reading_rights import reader_of
from bot.retrieval_questions import dev_questions
from knowledge.company_files import EDITED, FileKind, FileOutdated
from knowledge.effect import Effect, Found, Question, Shift, effect_of
from knowledge.fusion import WeightsWrong, parse_weights, written
from knowledge.industry import IndustryWrong, parse_industry
from knowledge.retrieval import Retrieval
from knowledge.tables import FileRow

PATH = EDITORS
NAMES = {FileKind.INDUSTRY: "产品线与用途", FileKind.WEIGHTS: "检索权重"}
TELLS = {
    FileKind.INDUSTRY: "客户的话里哪些词指我们的哪些型号、哪些参数。lines 产品线、applications 用途、competitors 对手的产品、certifications 认证、components 部件:名称: [型号, …];parameters 参数: {unit: 单位, also: [别的叫法]}。清空就是不用。",
    FileKind.WEIGHTS: "查资料时每种线索算多重,0 到 5,字面算 1。例如 dense 意思相近、concept 说法对应的书面词、context 标题和上下文、question 估计的提问、model 型号对上、other_model 别的型号、superseded 旧值。清空就是随产品的权重。encoder 是选权重时的编码器,保存时自动填写。",
}
MOST_GAPS = 50
MOST_OWN = 100


class Tried(NamedTuple):
    """What a text would do, on the shipped questions and on the company's own."""

    text: str
    dev: Effect
    own: Effect

    def summed(self) -> str:
        dev, own = self.dev, self.own
        words = []
        if dev.questions:
            words.append(
                f"开发集 {dev.questions} 问:前五段里有答案 {dev.before} → {dev.after},{len(dev.shifts)} 问变了。"
            )
        if own.questions:
            words.append(f"本公司的问题 {own.questions} 问,{len(own.shifts)} 问变了。")
        return "".join(words) or "没有可以试的问题:请在编辑框下面写几句。"

    def noted(self) -> dict[str, int]:
        dev = self.dev
        return {
            "cases": dev.questions,
            "right_before": dev.before,
            "right_after": dev.after,
            "changed": len(dev.shifts) + len(self.own.shifts),
        }


def add(console: Console) -> None:
    for kind in EDITED:

        @opens(f"{EDITORS}/{kind}")
        async def editor(kind: FileKind = kind) -> None:
            await KnowledgeEditor(console, kind).draw()


class KnowledgeEditor(TextEditor[Tried]):
    def __init__(self, console: Console, kind: FileKind) -> None:
        super().__init__(console)
        self.name, self.tells, self.subject = NAMES[kind], TELLS[kind], f"knowledge:{kind}"
        self.language = "YAML" if kind is FileKind.INDUSTRY else "JSON"
        self._kind = kind
        self._library = console.parts.library
        self._files = self._library.files
        self._reader = reader_of(console.viewer())

    def versions(self) -> Sequence[FileRow]:
        return self._files.versions(self._kind)

    def text(self, number: int | None = None) -> str:
        saved = "" if number == 0 else self._files.text(self._kind, number)
        return saved or self._shipped

    def problems(self, text: str) -> Sequence[str]:
        return industry_problems(text) if self._kind is FileKind.INDUSTRY else weights_problems(text)

    def beside(self) -> None:
        self._asked = (
            ui.textarea("再拿这些问题试(每行一问)", placeholder="锅炉加药用哪款")
            .props("outlined autogrow dense maxlength=4000")
            .style("width:100%")
        )
        self._asked.on_value_change(self._changed)

    def cases(self) -> Cases:
        try:
            shipped = dev_questions({one.title for one in self._library.list()})
        except OSError:
            shipped = []  # an installation without the product's cases still has questions of its own
        asked = [line.strip() for line in (self._asked.value or "").splitlines() if line.strip()]
        unanswered = [one.example for one in self._library.gaps.list(MOST_GAPS)]
        return shipped, [Question(words) for words in dict.fromkeys([*asked, *unanswered])][:MOST_OWN]

    def try_on(self, text: str, cases: Cases, progress: Progress) -> Tried:
        before, after = self._library.as_if(), self._as_if(text)
        shipped, own = cases
        dev = effect_of(before, after, shipped, progress.count(), self._reader)
        return Tried(text, dev, effect_of(before, after, own, progress.count(len(shipped)), self._reader))

    def _as_if(self, text: str) -> Retrieval:
        if self._kind is FileKind.INDUSTRY:
            return self._library.as_if(industry=parse_industry(text))
        return self._library.as_if(weights=parse_weights(text if text.strip() else self._shipped))

    def shows(self, tried: Tried) -> None:
        ui.label(
            "开发集是随产品的问题,答案在这里收录了的资料里;本公司的问题是您写的和没找到答案的。"
        ).classes("quiet words")
        shifts = (*tried.own.shifts, *tried.dev.shifts)
        for shift in shifts[:MOST_SHOWN]:
            with ui.column().classes("shift").style("gap:2px;width:100%"):
                with ui.row().classes("items-start").style("gap:8px;width:100%"):
                    tag(*_look(shift))
                    ui.label(shift.question.words).classes("words").style("flex:1;min-width:200px")
                ui.label(f"{_side(shift.was)} → {_side(shift.now)}").classes("quiet words")
        if len(shifts) > MOST_SHOWN:
            ui.label(f"……还有 {len(shifts) - MOST_SHOWN} 问").classes("quiet")

    def keep(self, text: str, by: str, why: str, follows: int) -> FileRow:
        kept = "" if text.strip() == self._shipped.strip() else text
        with _refusals():
            if not kept.strip():  # what ships, whatever that will be
                return self._files.restore(self._kind, 0, by, why=why, follows=follows)
            return self._files.save(self._kind, kept, by, why=why, follows=follows)

    def bring_back(self, number: int, by: str, why: str, follows: int) -> FileRow:
        with _refusals():
            return self._files.restore(self._kind, number, by, why=why, follows=follows)

    @property
    def _shipped(self) -> str:
        return "" if self._kind is FileKind.INDUSTRY else written(self._files.encoder.weights)


@contextmanager
def _refusals() -> Iterator[None]:
    """As sentences."""
    try:
        yield
    except FileOutdated as outdated:
        raise InvalidInput(OUTDATED) from outdated
    except (IndustryWrong, WeightsWrong) as wrong:
        raise InvalidInput("这一版现在不能用:产品更新后读不懂它了。") from wrong


def _side(found: Found) -> str:
    if not found.first:
        return "什么也没找到"
    return found.first if found.answerable else f"没有答案(最近的是{found.first})"


def _look(shift: Shift) -> tuple[str, str]:
    if shift.was.right != shift.now.right:
        return ("找到了答案", "good") if shift.now.right else ("答案丢了", "bad")
    if shift.was.answerable != shift.now.answerable:
        return ("有答案了", "good") if shift.now.answerable else ("没有答案了", "warn")
    return ("换了一段", "")
