"""Numbers as people write them: 12,000 / 三千五 / 一万二 / 两百三十万 / 3万5 / 二三十 / 十几."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple

DIGITS = "零〇一二两三四五六七八九"
CHINESE = rf"[{DIGITS}十百千万亿]+"
PLAIN = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
SCALE = {"百": 10**2, "千": 10**3, "k": 10**3, "万": 10**4, "w": 10**4, "亿": 10**8}
_NEIGHBOURS = re.compile(rf"(?P<low>[一两二三四五六七八])(?P<high>[{DIGITS[2:]}])(?P<rest>[十百千万亿]+)?")
_SHORT = re.compile(rf"(?P<head>.*(?P<scale>[百千万亿]))(?P<tail>[{DIGITS[2:]}])")


class Span(NamedTuple):
    """A number, or a range where the words give one: 二三十 is 20 to 30."""

    low: Decimal
    high: Decimal | None = None

    def times(self, scale: int) -> Span:
        return Span(self.low * scale, None if self.high is None else self.high * scale)

    def __str__(self) -> str:
        return written(self.low) if self.high is None else f"{written(self.low)}..{written(self.high)}"


def written(number: Decimal) -> str:
    """Without an exponent or needless zeros."""
    whole = number == number.to_integral_value()
    return str(number.quantize(Decimal(1))) if whole else format(number.normalize(), "f")


def read_span(words: str) -> Span | None:
    """None for counts that are not said (几十)."""
    if words.startswith("十几"):
        scale = _scale(words[2:])
        return Span(Decimal(11), Decimal(19)).times(scale) if scale else None
    if tens := re.fullmatch(r"(\d0)几", words):
        return Span(Decimal(tens[1]) + 1, Decimal(tens[1]) + 9)
    if "几" in words:
        return None
    pair = _NEIGHBOURS.fullmatch(words)
    if pair and _follow(pair["low"], pair["high"]):
        scale = _scale(pair["rest"] or "")
        return Span(_digit(pair["low"]), _digit(pair["high"])).times(scale or 1)
    number = read_number(words)
    return None if number is None else Span(number)


def read_number(words: str) -> Decimal | None:
    """12,000 / 三千五 / 两百三十万 / 3.5 → Decimal. None for counts that are not said (几十)."""
    if "几" in words:
        return None
    try:
        return Decimal(words.replace(",", ""))
    except InvalidOperation:
        pass
    short = _SHORT.fullmatch(words)  # 一亿二 is 120,000,000: cn2an raises KeyError
    if short and short["tail"] and not short["head"].endswith("零"):
        head = read_number(short["head"])
        return None if head is None else head + _digit(short["tail"]) * SCALE[short["scale"]] / 10
    try:
        return Decimal(str(_cn2an()(words, "smart")))
    except (ValueError, KeyError, IndexError):
        return None


def _digit(character: str) -> Decimal:
    return Decimal("零一二三四五六七八九".index({"两": "二", "〇": "零"}.get(character, character)))


def _follow(low: str, high: str) -> bool:
    """二三 is a range, 三五 too; 五三 is none."""
    return 0 < _digit(high) - _digit(low) <= (2 if _digit(low) == 3 else 1)


def _scale(words: str) -> int:
    """十万 → 100,000; 1 for nothing; 0 for what is no scale."""
    product = 1
    for character in words:
        product *= 10 if character == "十" else SCALE.get(character, 0)
    return product


@cache
def _cn2an() -> Callable[[str, str], Any]:
    import cn2an

    return cn2an.cn2an
