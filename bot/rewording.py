"""What a language model is told of a decision, and what of its wording may take the template draft's place.

Its words are a stranger's: figures and promises are held against the evidence (grounding.py), every cited point must
still be there, in its sense and with its source, and nothing may have come in that only a prompt could have ordered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from bot.citing import cite
from bot.decision import Decision, ReasonKind
from bot.figures import plain
from bot.grounding import Checked, Source, Sources
from bot.injection import find_order
from bot.keeping import Point, keeps, keeps_figures, points
from bot.language_model import Brief, Quoted, Unwanted, Watch
from prompts import render

HIDDEN = "〔联系人〕"
LONGEST = 3
"""Times the template draft: more is a tale."""
RECITED = 10
"""Characters in a row of the instructions that no reply comes to by chance."""
_FOR_GOOD = frozenset({"long", "machine", "contact", "commitment", "foreign_words"})
"""What a whole sentence shows that none after it takes back."""
_ENDED = re.compile(r"[。！？!?；;\n]")
_BOLD = re.compile(r"\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*")
_LATIN = re.compile(r"[a-z]{3,}")
_REACH = re.compile(
    r"https?:|www\.|[\w-]+\.(?:com|cn|net|org|top|xyz|io)(?![a-z])|@|微信|二维码|扫码|加我|转账|汇款|卡号|密码|验证码"
)
_COMMITS = re.compile(
    r"同意|答应|批准|准许|特批|破例|照办|接受(?:您|贵司|贵方)|(?:取消|解除|终止|作废)(?:订单|合同|协议)|退款|退货|降价|让利|让价"
    r"|打折|折让|返点|返利|优惠|代付|垫付|回扣|先发货|不用付|不需要付|包换|内部|底价|底线|成本"
    r"|已经?(?:为您|帮您|替您|给您)?(?:确认|下单|下好|执行|通过|提交|写入|修改|改[成为好]|推进|签[了好署]|开通|赢单)"
)
_MACHINE = re.compile(
    r"已核对的草稿|</?[^<>\n]{1,20}>|(?m:^\s*\[\d+\])"  # how the prompt quotes
    r"|作为(?:一[个名])?(?:ai|人工智能|语言模型|助手)|语言模型|人工智能|提示词|系统(?:指令|提示)|(?:无法|不能)(?:协助|满足|处理|回应|完成|提供)+(?:您的|这|该|此)"
)


class Rejected(Unwanted):
    """The template draft stays. `reason` is a short counted label."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the better draft was not taken: {reason}")
        self.reason = reason


def brief(decision: Decision, tone: str, names: Iterable[str]) -> Brief:
    """What is told. `names`: people whose names are left out; phone numbers and the like are masked when it is sent."""
    hidden = _hiding(decision, names)
    evidence = tuple(Quoted(hidden(one.text), hidden(one.source)) for one in _passages(decision))
    return Brief(tone, hidden(decision.words), evidence, hidden(decision.draft.text))


def accept(decision: Decision, text: str) -> Checked:
    """The wording without what nothing supports. Raises `Rejected` where the template draft is better or safer."""
    before = decision.draft.text
    text = _BOLD.sub(r"\1", text).strip()
    known = plain("\n".join([before, *_evidence(decision)]))
    if reason := _strays(text, before, known):
        raise Rejected(reason)
    checked = cite(text, sources(decision))
    if len(checked.text) * 2 < len(before):
        raise Rejected("short")
    if any(not keeps(point, checked.text) for point in points(before)):
        raise Rejected("point_lost")
    if not keeps_figures(before, checked.text):
        raise Rejected("figure_lost")
    if checked.text == before:
        raise Rejected("same")
    return checked


def watching(decision: Decision) -> Watch:
    """Ends a wording that is lost already: no sentence to come makes a consent, a contact or a tale good again."""
    before = decision.draft.text
    known = plain("\n".join([before, *_evidence(decision)]))

    def watch(so_far: str) -> None:
        whole = so_far[: max((found.end() for found in _ENDED.finditer(so_far)), default=0)]
        reason = _strays(_BOLD.sub(r"\1", whole).strip(), before, known)
        if reason in _FOR_GOOD:
            raise Rejected(reason)

    return watch


def _strays(text: str, before: str, known: str) -> str:
    """Why the wording as a whole is not to be trusted; empty where it may be looked at sentence by sentence."""
    said = plain(text)
    if not said:
        return "empty"
    if len(text) > LONGEST * max(len(before), 60):
        return "long"
    if "〔" in text or text.count("*") > before.count("*"):
        return "masked"
    if _MACHINE.search(said) or find_order(text) or _recites(said, known):
        return "machine"
    if any(found not in known for found in _REACH.findall(said)):
        return "contact"
    if any(found not in known for found in _COMMITS.findall(said)):
        return "commitment"
    # the customer's own words are no source of any: "answer with OK123" would be one
    return "foreign_words" if set(_LATIN.findall(said)) - set(_LATIN.findall(known)) else ""


def _passages(decision: Decision) -> list[Point]:
    """The passages that the draft quotes. A card also shows its rep what no customer is told."""
    reasons = (one for one in decision.rationale.reasons if one.kind is ReasonKind.PASSAGE)
    return [
        Point(one.text, one.source) for one in reasons if one.source.partition("》")[0] in decision.draft.text
    ]


def _recites(said: str, known: str) -> bool:
    """Whether the instructions stand in the words, however they are spaced."""
    told = _stretches(known)
    return bool((_stretches(said) & _instructions()) - told)


@cache
def _instructions() -> frozenset[str]:
    return _stretches(plain(render("llm/system", tone="")))


def _stretches(text: str) -> frozenset[str]:
    letters = "".join(one for one in text if one.isalnum())
    return frozenset(letters[at : at + RECITED] for at in range(len(letters) - RECITED + 1))


def sources(decision: Decision) -> Sources:
    """What words about a decision may rest on: its draft, the passages that it quotes, by the names that it gives them."""
    before = decision.draft.text
    told = [Source(one.text, one.source) for one in points(before)]
    for one in _passages(decision):
        title = one.source.partition("》")[0]
        named = {point.name for point in told if point.name.startswith(title)}
        told.append(Source(one.text, named.pop() if len(named) == 1 else ""))
    return Sources.of([before, *_evidence(decision), *told], decision.words)


def _evidence(decision: Decision) -> list[str]:
    """What was told as texts: nothing else can carry a word."""
    return [words for one in _passages(decision) for words in (one.text, one.source)]


def _hiding(decision: Decision, names: Iterable[str]) -> Callable[[str], str]:
    """Leaves people's names out: those the CRM knows of the customer, those found in the words."""
    return leaving_out({*names, *(one.text for one in decision.reading.entities if one.type == "person")})


def leaving_out(names: Iterable[str]) -> Callable[[str], str]:
    """Puts a mark in the place of each of these names, the longer ones first."""
    people = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, people)))
    return lambda text: pattern.sub(HIDDEN, text) if people else text
