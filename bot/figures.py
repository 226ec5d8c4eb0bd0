"""Figures in Chinese business text, in one canonical form: 三年 is 36个月, 1.88万 is 18800, 95折 is 5% off, 11月18日 a date.

Text must come through `plain` first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from intents import read_number

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?"
_CHINESE = "零一二两三四五六七八九十百千万半"
_AFTER_CHINESE = "个?工作日|年|个月|月|天|周|小时|分钟|折|倍|万|成|%|元|块|台|套"
_UNITS = "个月|个?工作日|小时|分钟|秒|年|月|日|天|周|元|块|折|倍|成|%|‰|台|套|个|件|位|次|批|坐席|账号|号|℃|°c|度|摄氏度|分贝|公斤|千克|毫升|转"
_LATIN = "r/min|rpm|kg|mg|mm|cm|km|ml|l/h|l|kw|w|db|bar|mpa|kpa|hz|ma|gb|tb|g|m|v|a|h"
_FIGURE = re.compile(
    rf"(?P<currency>[¥$])?\s*(?P<sign>(?<![a-z0-9.)])-)?(?P<number>{_DIGITS}|[{_CHINESE}]+(?={_AFTER_CHINESE}))"
    rf"\s*(?P<scale>万|千(?![克米])|亿)?\s*(?P<unit>{_UNITS}|(?:{_LATIN})(?![a-z]))?(?P<half>(?<=年)半)?"
)
_HEADED = re.compile(
    rf"\((?P<unit>{_UNITS}|{_LATIN})\)[^:;\n]{{0,12}}:\s*(?P<number>{_DIGITS})(?!\s*(?:{_UNITS}|{_LATIN}|\d))"
)
_DATE = re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?")
_DAY = re.compile(r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?")
_MONTH = re.compile(r"(?:(?P<year>\d{4})\s*年\s*)?(?<!\d)(?P<month>1[0-2]|0?[1-9])\s*月(?!\d)")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
_SOON = re.compile(
    r"今天|今晚|明天|明早|后天|当天|当日|次日|隔天|[本这下]周[一二三四五六日天末]?|周[一二三四五六日末]"
    r"|月底|月初|本月|下个?月|年底|年前|节前"
)
_NOT_COUNTED = re.compile(r"一(?:台|套|块|个)(?!月|半|工作日)")
LIFETIME_YEARS = 50
"""Below it 年 is a duration (3年 is 36个月), above it a date."""
_SAME_UNIT = {
    "度": "℃", "°c": "℃", "摄氏度": "℃", "块": "元", "¥": "元", "$": "美元", "月": "个月", "日": "天", "h": "小时",
    "分贝": "db", "公斤": "kg", "千克": "kg", "毫升": "ml", "r/min": "rpm", "转": "rpm", "个工作日": "工作日",
}  # fmt: skip
_IN_MINUTES = {"分钟": 1, "小时": 60, "天": 1440, "周": 7 * 1440}


_DURATIONS = frozenset({"个月", "minutes", "工作日", "秒"})


class Figure(NamedTuple):
    """`number` and `unit` in canonical form; `raw` the number as a table may hold it without its unit; `words` as written."""

    number: str
    unit: str
    raw: str = ""
    words: str = ""

    @property
    def is_large(self) -> bool:
        return len(self.raw.replace(".", "")) >= 3

    def is_same(self, other: Figure) -> bool:
        """A large number may stand in a table whose unit is in the column's head; a small one needs its unit beside it."""
        if (self.number, self.unit) == (other.number, other.unit):
            return True
        bare = not self.unit or (self.is_large and not other.unit)
        return bare and self.raw == other.raw

    def is_like(self, other: Figure) -> bool:
        """Whether both could answer the same question: two prices, two durations."""
        if {self.unit, other.unit} <= _DURATIONS:
            return True
        return self.unit == other.unit or (self.is_large and other.is_large and "" in {self.unit, other.unit})


def plain(text: str) -> str:
    """Half-width, lower-case; a full-width comma stays no thousands separator."""
    text = unicodedata.normalize("NFKC", text.replace("，", "、")).lower().replace("￥", "¥")
    text = re.sub(r"百分之(?!百)(\d+(?:\.\d+)?|[零一二三四五六七八九十]+)", _percent, text)
    return re.sub(r"零下\s*(?=\d)", "-", text)


def figures(text: str, *, implied: bool = True) -> set[Figure]:
    """Every figure of a plain text. `implied`: a date also as it reads without its year, and as its month and year."""
    found = {Figure(word, "soon", word, word) for word in _SOON.findall(text)}
    found |= {Figure(clock, "clock", clock, clock) for clock in _CLOCK.findall(text)}
    dates: set[Figure] = set()
    for pattern in (_DATE, _DAY, _MONTH):
        for match in pattern.finditer(text):
            dates |= set(_dates(match)) if implied else {next(_dates(match))}
        text = pattern.sub(" ", text)
    text = _NOT_COUNTED.sub(" ", _CLOCK.sub(" ", text))
    found |= {_figure(match) for match in _FIGURE.finditer(text) if _value(match) is not None}
    headed = ((Decimal(one["number"].replace(",", "")), one["unit"]) for one in _HEADED.finditer(text))
    return found | dates | {_canonical(number, unit) for number, unit in headed}


def _dates(match: re.Match[str]) -> Iterator[Figure]:
    """A date as it stands there, then what it implies."""
    parts = {name: value for name, value in match.groupdict().items() if value}
    names = [name for name in ("year", "month", "day") if name in parts]
    for first in range(len(names)):
        number = "-".join(str(int(parts[name])) for name in names[first:])
        if names[first:] != ["day"]:
            yield Figure(f"{'/'.join(names[first:])}:{number}", "date", "", match.group().strip())
    if "day" in parts:
        yield Figure(f"month:{int(parts['month'])}", "date", "", match.group().strip())
    if "year" in parts:
        yield Figure(parts["year"], "年", parts["year"])


def _figure(match: re.Match[str]) -> Figure:
    value = _value(match)
    assert value is not None
    value *= {"万": 10_000, "千": 1_000, "亿": 100_000_000}.get(match["scale"] or "", 1)
    unit = match["unit"] or match["currency"] or ""
    if match["half"]:
        value += Decimal("0.5")
    if match["sign"] and _SAME_UNIT.get(unit, unit) == "℃":
        value = -value
    return _canonical(value, unit, "".join(match.group().split()))


def _canonical(value: Decimal, unit: str, words: str = "") -> Figure:
    raw = _shown(value)
    unit = _SAME_UNIT.get(unit, unit)
    if unit == "年" and value < LIFETIME_YEARS:
        value, unit = value * 12, "个月"
    elif unit == "折":
        value, unit = 100 - value * (10 if value <= 10 else 1), "%"
    elif unit == "成":
        value, unit = value * 10, "%"
    elif unit in _IN_MINUTES:
        value, unit = value * _IN_MINUTES[unit], "minutes"
    return Figure(_shown(value), unit, raw, words)


def _value(match: re.Match[str]) -> Decimal | None:
    """九五折 is 95, 半年 half of one."""
    words = match["number"]
    if words == "半":
        return Decimal("0.5")
    digits = [read_number(one) for one in words] if match["unit"] == "折" and len(words) == 2 else []
    if len(digits) == 2 and all(one is not None and one < 10 for one in digits):
        return Decimal(f"{digits[0]}{digits[1]}")
    return read_number(words)


def _percent(match: re.Match[str]) -> str:
    number = read_number(match[1])
    return f"{number}%" if number is not None else match.group()


def _shown(value: Decimal) -> str:
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
