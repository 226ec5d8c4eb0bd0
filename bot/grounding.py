"""Takes out of a draft what no source carries: figures, dates, prices, model names, promises.

A sentence stands or falls as a whole. Money, shares, dates and durations must stand in the evidence or the CRM fields;
quantities and model names may also come from the customer's own words. No citation, no claim.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from intents import read_number

_SENTENCE = re.compile(r"[^。!?!?\n]*[。!?!?\n]|[^。!?!?\n]+$")
_MARKER = re.compile(r"^\s*\d+[.、)]\s*")
_MODEL = re.compile(r"(?<![a-z0-9])[a-z]{1,4}-?\d{2,5}[a-z]{0,3}(?![a-z0-9])")
_CHINESE = "零一二两三四五六七八九十百千万半"
_FIGURE = re.compile(
    rf"(?P<currency>[¥$])?\s*(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?|[{_CHINESE}]+(?=年|个月|月|天|周|小时|分钟|折|倍|万|成|%|元|块|台|套))"
    r"\s*(?P<scale>万|千|亿)?\s*(?P<unit>个月|小时|分钟|工作日|年|月|日|天|周|元|块|折|倍|成|%|‰|台|套|个|件|℃|度|rpm|kg|g|mm|ml|w|kw|db|bar|mpa|l/h)?"
)
_PROMISES = (
    "保证", "承诺", "一定能", "绝对", "肯定能", "包退", "包换", "免费", "赠送", "白送", "终身", "永久", "最低价", "全网最低", "无条件", "零风险",
    "独家", "百分之百", "100%", "赔偿", "退全款", "无限期",
)  # fmt: skip
_COUNTED = frozenset({"台", "套", "个", "件", ""})
"""Units that a customer's own words may carry into a draft: how many they want."""
LIFETIME_YEARS = 50
"""Below it 年 is a duration (3年 is 36个月), above it a date."""
_SAME_UNIT = {"度": "℃", "块": "元", "¥": "元", "$": "美元", "月": "个月"}


@dataclass(frozen=True)
class Sources:
    """What a draft may rest on: `firm` (passages, CRM fields) for everything, `said` for models and counts."""

    firm: str
    said: str = ""

    @classmethod
    def of(cls, firm: Iterable[str], said: str = "") -> Sources:
        return cls(_normal("\n".join(firm)), _normal(said))


@dataclass(frozen=True)
class Checked:
    """The draft without what nothing carries, and the sentences that were taken out."""

    text: str
    removed: tuple[str, ...] = ()


def check(text: str, sources: Sources) -> Checked:
    """Keep the sentences whose every figure, model and promise stands in a source."""
    figures = _figures(sources.firm)
    kept: list[str] = []
    removed: list[str] = []
    for found in _SENTENCE.finditer(text):
        sentence = found.group()
        (removed if _unsupported(sentence, sources, figures) else kept).append(sentence)
    return Checked("".join(kept).strip(), tuple(one.strip() for one in removed))


def unsupported(sentence: str, sources: Sources) -> list[str]:
    """What in the sentence no source carries, as it was written (normalised)."""
    return _unsupported(sentence, sources, _figures(sources.firm))


def _unsupported(sentence: str, sources: Sources, known: set[tuple[str, str]]) -> list[str]:
    plain = _normal(_MARKER.sub("", sentence))
    wrong = [word for word in _PROMISES if word in plain and word not in sources.firm]
    wrong += [
        model
        for model in _MODEL.findall(plain)
        if not _stands(model, sources.firm) and not _stands(model, sources.said)
    ]
    said = _figures(sources.said)
    for number, unit in _figures(_MODEL.sub(" ", plain)):
        if not _known(number, unit, known) and not (unit in _COUNTED and _known(number, unit, said)):
            wrong.append(f"{number}{unit}")
    return wrong


def _known(number: str, unit: str, known: set[tuple[str, str]]) -> bool:
    """A large number may stand in a table whose unit is in the column's head; a small one needs its unit beside it."""
    if (number, unit) in known:
        return True
    is_large = len(number.replace(".", "")) >= 3
    return (is_large or not unit) and any(number == other for other, _ in known)


def _figures(plain: str) -> set[tuple[str, str]]:
    return {figure for found in _FIGURE.finditer(plain) if (figure := _figure(found))}


def _figure(found: re.Match[str]) -> tuple[str, str] | None:
    number = read_number(found["number"])
    if number is None:
        return None
    number *= {"万": 10_000, "千": 1_000, "亿": 100_000_000}.get(found["scale"] or "", 1)
    unit = found["unit"] or found["currency"] or ""
    if unit == "年" and number < LIFETIME_YEARS:
        number, unit = number * 12, "个月"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain, _SAME_UNIT.get(unit, unit)


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("￥", "¥")
