"""What a language model is told of a decision, and what of its wording may take the template draft's place.

Its words are a stranger's: figures and promises are held against the evidence (grounding.py), every cited point must
still be there, in its sense and with its source, and nothing may have come in that only a prompt could have ordered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.decision import Decision, ReasonKind
from bot.figures import plain
from bot.grounding import Checked, Sources, check
from bot.injection import find_order
from bot.keeping import Point, keeps, keeps_figures, points
from bot.language_model import Brief, Quoted

HIDDEN = "〔联系人〕"
LONGEST = 3
"""Times the template draft: more is a tale."""
_BOLD = re.compile(r"\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*")
_LATIN = re.compile(r"[a-z]{3,}")
_REACH = re.compile(
    r"https?:|www\.|[\w-]+\.(?:com|cn|net|org|top|xyz|io)(?![a-z])|@|微信|二维码|扫码|加我|转账|汇款|卡号|密码|验证码"
)
_COMMITS = re.compile(
    r"同意|答应|批准|准许|特批|破例|照办|接受(?:您|贵司|贵方)|(?:取消|解除|终止|作废)(?:订单|合同|协议)|退款|退货|降价|让利|让价"
    r"|打折|折让|返点|返利|优惠|代付|垫付|回扣|先发货|不用付|不需要付|包换|内部|底价|底线|成本"
)
_MACHINE = re.compile(
    r"作为(?:一[个名])?(?:ai|人工智能|语言模型|助手)|语言模型|人工智能|提示词|系统(?:指令|提示)|(?:无法|不能)(?:协助|满足|处理|回应|完成|提供)+(?:您的|这|该|此)"
)


class Rejected(Exception):
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
    checked = check(text, Sources.of([before, *_evidence(decision)], decision.words))
    if len(checked.text) * 2 < len(before):
        raise Rejected("short")
    if any(not keeps(point, checked.text) for point in points(before)):
        raise Rejected("point_lost")
    if not keeps_figures(before, checked.text):
        raise Rejected("figure_lost")
    if checked.text == before:
        raise Rejected("same")
    return checked


def _strays(text: str, before: str, known: str) -> str:
    """Why the wording as a whole is not to be trusted; empty where it may be looked at sentence by sentence."""
    said = plain(text)
    if not said:
        return "empty"
    if len(text) > LONGEST * max(len(before), 60):
        return "long"
    if "〔" in text or text.count("*") > before.count("*"):
        return "masked"
    if _MACHINE.search(said) or find_order(text):
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


def _evidence(decision: Decision) -> list[str]:
    """What was told as texts: nothing else can carry a word."""
    return [words for one in _passages(decision) for words in (one.text, one.source)]


def _hiding(decision: Decision, names: Iterable[str]) -> Callable[[str], str]:
    """Leaves people's names out: those the CRM knows of the customer, those found in the words."""
    said = {one.text for one in decision.reading.entities if one.type == "person"}
    people = sorted({name for name in {*names, *said} if len(name) > 1}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, people)))
    return lambda text: pattern.sub(HIDDEN, text) if people else text
