"""Takes out of a draft what no source carries: figures, dates, prices, model names, promises.

A sentence stands or falls as a whole. Money, shares, dates and durations must stand in the evidence or the CRM fields;
quantities and model names may also come from the customer's own words. A figure of another model, or one that a source
names for another matter (the deposit's 30 % for the discount), carries nothing. No citation, no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bot.figures import Figure, figures, plain
from knowledge import current

_SENTENCE = re.compile(
    r"[^。！？!?\n]*(?:[。！？!?](?:[(（](?:《[^《》\n]+》|[^()（）《》。\n]+·)[^。！？!?\n]*[)）][。！？!?]?)?|\n)"
    r"|[^。！？!?\n]+$"
)
"""A citation that follows the full stop belongs to the sentence before."""
_MARKER = re.compile(r"^\s*\d+[.、)](?!\d)\s*")
_CLAUSE = re.compile(r"[,、;。!?\n]")
_MODEL = re.compile(
    r"(?<![a-z0-9])[a-z]{1,4}-?\d{2,5}[a-z]{0,3}(?![a-z0-9])|(?:标准|专业|团队|企业|旗舰|基础|高级)版"
)
_PROMISES = re.compile(
    r"保证|承诺|一定(?!要|程度|的)|绝对|肯定|包退|包换|包赔|包您|包在|免费|不收费|不要钱|不收钱|赠|送您|再送|白送|终身|永久|无限期|一直给"
    r"|最低价|最(?:好|强|优|先进|便宜)的?|第一(?!时间|条|次|步|期|章|款|页|个|台|批|年|项|部分|台)|领先|顶级|唯一|独家|无条件|零风险|百分之百|100%|万无一失"
    r"|赔|全额退|退全款|随时退|额外(?:优惠|折扣)|折上折|再(?:优惠|便宜|打折)|特价|放心|准时|按时|7[×x*]24|全天候"
    r"|认证|注册证|专利|获奖|(?:别的|其他|别家)客户|同行"
)
_REFUSED = re.compile(
    r"(?:不能|不敢|没法|无法|不便|不会|难以|不好|不)(?:保证|承诺|肯定|赠送|免费|赔)|能不能再?(?:优惠|便宜|打折|赠送|免费)"
)
_CERTIFIED = re.compile(r"(?<![a-z])(?!iso)[a-z]{2,6}(?=\s*(?:认证|注册|证书))")
_COUNTED = frozenset({"台", "套", "个", "件", "位", "坐席", "账号", "批", "次", ""})
"""Units that a customer's own words may carry into a draft: how many they want."""
_DELIVERED = re.compile(r"到货|送到|送达|到[。,]?$|发货|发出|交货|交付|安装|上门|修好|付款|打款|完成")
_TOPICS = {
    "warranty": r"质保|保修|三包", "consumables": r"易耗|耗材", "payment": r"账期|付款|付清|月结|预付|货款",
    "lead": r"交货|交期|发货|到货|供货", "response": r"响应|到场|到达现场|上门", "returns": r"退货|退换|退款",
    "training": r"培训", "penalty": r"违约|逾期|延期", "discount": r"优惠|折扣|\d折", "repair": r"维修|修理",
    "keeping": r"保存|保留", "uptime": r"可用性", "noise": r"噪声|噪音", "weight": r"净重|重量", "speed": r"转速",
}  # fmt: skip
"""Matters that a clause can be about: a figure that sources name only for others says nothing of this one."""
_TOPIC = {name: re.compile(pattern) for name, pattern in _TOPICS.items()}
_THRESHOLD = re.compile(r"起|满|达|以上|买|订|采购|时")


@dataclass(frozen=True)
class Clause:
    """A stretch between two punctuation marks: its figures, its matters, and the models its line (or text) is about."""

    text: str
    figures: frozenset[Figure]
    models: frozenset[str]
    topics: frozenset[str]
    source: str = ""
    """The name of the source that it stands in."""


@dataclass(frozen=True)
class Source:
    """A text that a draft may rest on, and how a customer reads where it stands (empty: it cannot be named)."""

    text: str
    name: str = ""


@dataclass(frozen=True)
class Sources:
    """What a draft may rest on: `clauses` (of passages, CRM fields) for everything, `said` for models and counts."""

    firm: str
    said: str
    clauses: tuple[Clause, ...]

    @classmethod
    def of(cls, firm: Iterable[str | Source], said: str = "") -> Sources:
        told = [one if isinstance(one, Source) else Source(one) for one in firm]
        names = dict.fromkeys(one.name for one in told if one.name)
        items = [
            *(Source(plain(current(one.text)), one.name) for one in told),
            *(Source(plain(name)) for name in names),
        ]
        clauses = (replace(clause, source=item.name) for item in items for clause in clauses_of(item.text))
        return cls("\n".join(item.text for item in items), plain(said), tuple(clauses))


@dataclass(frozen=True)
class Checked:
    """The draft without what nothing carries, and the sentences that were taken out."""

    text: str
    removed: tuple[str, ...] = ()


def check(text: str, sources: Sources) -> Checked:
    """Keep the sentences whose every figure, model and promise stands in a source; points are numbered anew."""
    kept: list[str] = []
    removed: list[str] = []
    for sentence in sentences(text):
        (removed if unsupported(sentence, sources) else kept).append(sentence)
    left = "".join(kept).strip()
    return Checked(numbered(left) if removed else left, tuple(one.strip() for one in removed))


def sentences(text: str) -> list[str]:
    """All of the text, sentence by sentence, a citation with the sentence that it follows."""
    return _SENTENCE.findall(text)


def unsupported(sentence: str, sources: Sources) -> list[str]:
    """What in the sentence no source carries, as it was written (normalised)."""
    words = plain(_MARKER.sub("", sentence))
    models = frozenset(_MODEL.findall(words))
    wrong = [model for model in sorted(models) if not _stands(model, sources.firm, sources.said)]
    wrong += [word for word in _claims(words) if not _stands(word, sources.firm)]
    for clause in clauses_of(words, implied=False):
        wrong += [one for one in promises(clause.text) if not _is_given(one, clause, sources)]
        wrong += [one.words for one in clause.figures if not _is_carried(one, clause, models, sources)]
    return wrong


def _claims(words: str) -> list[str]:
    return _CERTIFIED.findall(words)


def promises(words: str) -> list[str]:
    """Words that promise something, and do not refuse it."""
    return _PROMISES.findall(_REFUSED.sub("", words))


def _is_given(promise: str, clause: Clause, sources: Sources) -> bool:
    """A promise must be in a source, and there not only for other matters."""
    given = [one for one in sources.clauses if promise in one.text]
    return any(not one.topics or not clause.topics or one.topics & clause.topics for one in given)


def _is_carried(figure: Figure, clause: Clause, models: frozenset[str], sources: Sources) -> bool:
    if figure.unit in _COUNTED and any(figure.is_same(one) for one in figures(sources.said)):
        return True
    if figure.unit == "soon" and not _DELIVERED.search(clause.text) and figure.number in sources.said:
        return True
    holders = [one for one in sources.clauses if any(figure.is_same(other) for other in one.figures)]
    return (
        bool(holders)
        and _is_of_model(figure, models, holders, sources)
        and _is_of_topic(figure, clause, holders, sources)
        and _is_of_count(figure, clause, sources)
    )


def _is_of_model(figure: Figure, models: frozenset[str], holders: list[Clause], sources: Sources) -> bool:
    """Not another model's: none where sources say the like of this one, or where the other is of its family."""
    if not models or any(not one.models or one.models & models for one in holders):
        return True
    if {_family(name) for one in holders for name in one.models} & {_family(name) for name in models}:
        return False
    own = (other for one in sources.clauses if one.models & models for other in one.figures)
    return not any(figure.is_like(other) for other in own)


def _is_of_topic(figure: Figure, clause: Clause, holders: list[Clause], sources: Sources) -> bool:
    """Not another matter's, where sources say the like of this one."""
    if any(not one.topics for one in holders):
        return True
    for topic in clause.topics:
        about = [one for one in sources.clauses if topic in one.topics]
        said = [other for one in about for other in one.figures if figure.is_like(other)]
        if said and not any(figure.is_same(other) for other in said):
            return False
    return True


def _is_of_count(figure: Figure, clause: Clause, sources: Sources) -> bool:
    """What holds from 30台 on does not hold from 10台 on."""
    counts = [one for one in clause.figures if one.unit in _COUNTED and one.unit and one != figure]
    for count in counts if _THRESHOLD.search(clause.text) else ():
        beside = [
            one.figures for one in sources.clauses if _holds(count, one) and _THRESHOLD.search(one.text)
        ]
        like = [other for found in beside for other in found if figure.is_like(other)]
        if like and not any(figure.is_same(other) for other in like):
            return False
    return True


def _holds(figure: Figure, clause: Clause) -> bool:
    return any(figure.is_same(other) for other in clause.figures)


def clauses_of(text: str, *, implied: bool = True) -> Iterator[Clause]:
    """Of a plain text."""
    whole = frozenset(_MODEL.findall(text))
    for line in text.splitlines():
        models = frozenset(_MODEL.findall(line)) or whole
        for words in filter(None, map(str.strip, _CLAUSE.split(_joined(line)))):
            topics = frozenset(name for name, pattern in _TOPIC.items() if pattern.search(words))
            found = figures(_MODEL.sub(" ", words), implied=implied)
            yield Clause(words, frozenset(found), models, topics)


def _joined(line: str) -> str:
    """A thousands separator ends no clause."""
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", line)


def _family(model: str) -> str:
    return "版" if model.endswith("版") else re.match(r"[a-z]*", model)[0]  # type: ignore[index]


def _stands(word: str, *places: str) -> bool:
    pattern = re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])")
    return any(pattern.search(place) for place in places)


def numbered(text: str) -> str:
    """Points whose neighbours were taken out, counted again; a single one needs no number."""
    points = re.findall(r"(?m)^\d+\. ", text)
    numbers = iter(range(1, len(points) + 1))
    return re.sub(r"(?m)^\d+\. ", lambda _: f"{next(numbers)}. " if len(points) > 1 else "", text)
