"""One spelling for the same words before they are read, and the way back to the characters as written.

Width, script, spacing, case, repetition, what an emoji says, frequent slips of voice and keyboard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from intents.model import Span

SLIPS = Path(__file__).with_name("slips.tsv")
_CHINESE = re.compile(r"[㐀-鿿]")
_TIGHT = re.compile(r"[㐀-鿿,。!?、;:]")
_IDLE = frozenset("~…·\u200b\u200d\ufe0f\ufeff")
_MARKS = {"，": ",", "！": "!", "？": "?", "；": ";", "：": ":", "（": "(", "）": ")", "。": "。"}
_EMOJI = {
    "👍": "好的", "👌": "好的", "🆗": "好的", "🙏": "谢谢", "❤": "谢谢", "🌹": "谢谢", "🤝": "合作",
    "😡": "生气", "😠": "生气", "🤬": "生气", "💢": "生气", "😤": "生气", "😅": "尴尬", "😂": "哈哈",
    "🤣": "哈哈", "😄": "哈哈", "😊": "哈哈", "🤔": "考虑", "👀": "看看", "💰": "钱", "📞": "电话",
    "🧾": "发票", "📦": "包裹", "🚚": "发货", "🔥": "急", "⏰": "时间", "📄": "资料", "❓": "?", "❗": "!",
}  # fmt: skip
# Frequent characters that only traditional text has; one of them is reason enough to convert.
_TRADITIONAL = frozenset(
    "們個這價報質機轉電話單購買貨訂級說過時還沒來對嗎麼點開關與術認證測試備請問題標準裡後發現實際應該樣讓給為產經驗"
    "險長門間閱讀書會議簽約續費賬號軟體設計數據網絡線頻譜溫壓縮離難錢帳條款違責幾歲歡迎謝貴處見聽講誰"
)


@dataclass(frozen=True)
class Normalised:
    """The text as it is read, and for each of its characters the place where it stood in the original."""

    text: str
    origin: tuple[int, ...]
    original: str

    def span(self, start: int, end: int) -> Span:
        """The stretch of the original that characters `start` up to `end` came from."""
        first, last = self.origin[start], self.origin[end - 1] + 1
        return Span(self.original[first:last], first, last)


def normalise(text: str) -> str:
    """NFKC, simplified script, lower case, no spaces inside Chinese, `!!!!` and 哈哈哈哈 cut to two."""
    return aligned(text).text


@lru_cache(maxsize=4096)
def aligned(text: str) -> Normalised:
    """`normalise` that keeps the way back."""
    pairs = [(one, at) for at, one in enumerate(text) if one not in _IDLE and not "\ud800" <= one <= "\udfff"]
    for step in STEPS.values():
        pairs = step(pairs)
    return Normalised("".join(one for one, _ in pairs), tuple(at for _, at in pairs), text)


_Pairs = list[tuple[str, int]]


def _spoken(pairs: _Pairs) -> _Pairs:
    """An emoji becomes what it says."""
    return [(word, at) for one, at in pairs for word in _EMOJI.get(one, one)]


def _folded(pairs: _Pairs) -> _Pairs:
    """Each character in its compatible, lower-case form."""
    return [
        (word, at)
        for one, at in pairs
        for word in _MARKS.get(one) or unicodedata.normalize("NFKC", one).lower()
    ]


def _simplified(pairs: _Pairs) -> _Pairs:
    text = "".join(one for one, _ in pairs)
    if _TRADITIONAL.isdisjoint(text):
        return pairs
    converted: str = _to_simplified().convert(text)  # type: ignore[attr-defined]
    if len(converted) != len(text):  # a phrase changed its length: convert character by character instead
        converted = "".join(_to_simplified().convert(one)[:1] for one in text)  # type: ignore[attr-defined]
    return [(one, at) for one, (_, at) in zip(converted, pairs, strict=True)]


@cache
def _to_simplified() -> object:
    from opencc import OpenCC  # 10 ms on first use

    return OpenCC("tw2sp")


def _without_idle_spaces(pairs: _Pairs) -> _Pairs:
    """Spaces at the ends and beside Chinese say nothing; between Latin words one is kept."""
    kept: _Pairs = []
    for index, (one, at) in enumerate(pairs):
        if not one.isspace():
            kept.append((one, at))
            continue
        after = next((later for later, _ in pairs[index + 1 :] if not later.isspace()), "")
        before = kept[-1][0] if kept else ""
        if before and after and before != " " and not _TIGHT.match(before) and not _TIGHT.match(after):
            kept.append((" ", at))
    return kept


def _mended(pairs: _Pairs) -> _Pairs:
    """Known slips become what was meant (same length, so that places hold)."""
    text = "".join(one for one, _ in pairs)
    found = _slip_pattern().sub(lambda slip: _slips()[slip.group()], text)
    return pairs if found == text else [(one, at) for one, (_, at) in zip(found, pairs, strict=True)]


def _shortened(pairs: _Pairs) -> _Pairs:
    """A character that is repeated stands twice at most."""
    return [pair for _, run in groupby(pairs, key=lambda pair: pair[0]) for pair in list(run)[:2]]


STEPS: dict[str, Callable[[_Pairs], _Pairs]] = {
    "emoji": _spoken,
    "width and case": _folded,
    "script": _simplified,
    "spacing": _without_idle_spaces,
    "slips": _mended,
    "repetition": _shortened,
}
"""In this order; by name, so that `eval.baselines.normalising` can leave one out."""


@cache
def _slips() -> dict[str, str]:
    lines = (
        line.split("\t")
        for line in SLIPS.read_text(encoding="utf-8").splitlines()
        if line[:1] not in {"#", ""}
    )
    return {said: meant for said, meant in lines}


@cache
def _slip_pattern() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(said) for said in sorted(_slips(), key=len, reverse=True)))
