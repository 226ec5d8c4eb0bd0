"""Counts, money and shares: 二三十台, 一百来套, ¥12,800, 20-30万, 3万5, 九五折, 百分之五."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from intents.entities.numbers import CHINESE, DIGITS, PLAIN, SCALE, Span, read_number, read_span, written
from intents.model import Entity

_NUMBER = rf"(?:\d0几|{PLAIN}|[{DIGITS}十百]+点[{DIGITS}]+(?=[万亿])|十几[万千百]?|几[十百千万]+|百(?=来|余|十)|[{DIGITS[2:]}十][{DIGITS}十百千万亿]*|几)"
_UNITS = (
    "个?账号|个?帐号|个?用户|个?席位|个?坐席|个?点位|个?柜|台|套|个|件|只|支|把|箱|盒|批|组|块|根|条|座|吨|米|人份|份|片|瓶|桶|辆|枚|卷|双|"
    "票|单|人|副|颗|袋|方"
)
_NO_COUNT = r"(?!度|级|东|代|面|率|款的|月|小时|工作日|星期|礼拜|季度|年|点(?!位)|多月|码|们|性|数|格|价|工|员|力|件套|证|据)"
_QUANTITY = re.compile(
    rf"(?:(?<![\d.第A-Za-z])(?=\d)|(?<![第{DIGITS}十百千万])(?=[{DIGITS}十几]))(?P<n>{_NUMBER})(?P<scale>[万千wWkK])?(?:来|多|余)?\s*"
    rf"(?:(?:-|~|～|—|到|至)\s*(?P<high>{_NUMBER})(?P<hs>[万千wWkK])?\s*)?(?P<u>{_UNITS}){_NO_COUNT}"
)
_COUNTED = r"(?!\s*(?:转|次|模|像素|人|用户|条|单|票|公里|行|字|台|套|个|件|只|支|箱|盒|份|片|吨|米|方|平|小时|级|QPS))"
_SCALED = r"[万千百wWkK亿]"
_MONEY = re.compile(
    rf"(?<![\dA-Za-z.])(?P<cur>[¥￥$€]|人民币|RMB|USD)?\s*(?P<low>{_NUMBER})(?P<lu>{_SCALED})?(?P<lt>\d(?!\d)|千)?"
    rf"(?:\s*(?:元|块|万)?\s*(?:-|~|～|—|到|至)\s*(?P<high>{_NUMBER})(?P<hu>{_SCALED})?)?(?P<about>来|多)?\s*"
    rf"(?P<unit>元|块钱|块(?!板|屏|表|钢|地|料|主|电|硬|玻|显|仪|面)|人民币|美元|美金|美刀|刀|欧元|欧|RMB|rmb|毛)?(?P<cents>\d(?!\d))?"
)
_BARE = re.compile(
    r"(?:押金|定金|订金|首款|尾款|单价|总价|预算|报价|报|涨到|降到|给到|拿的是|做到|[每一]台|每套|一套)\s*(?P<n>[1-9]\d{2,6})"
    rf"(?![\d.,%]|\s*(?:{_UNITS}|元|块|万|千|百|[wWkK]|转|年|号|月|天|次|小时|人|字|mm|kg|[A-Za-z]))"
)
_NO_ORDER = re.compile(r"一(?:台|套|只|件|个|支|箱|盒|票|单|份|批|根|条|吨|方)")
_PERCENT = re.compile(r"(?P<n>\d+(?:\.\d+)?)\s*(?:%|％|个点(?!位))|(?P<pm>\d+(?:\.\d+)?)\s*‰")
_SHARE = re.compile(
    rf"(?P<of>百分之|千分之)(?P<n>\d+(?:\.\d+)?|{CHINESE})|(?<!块)(?P<points>[{DIGITS[2:]}])个点(?!位)|(?<![一二三四五六七八九])(?P<tenths>[一二三四五六七八九两])成(?!品|功|本|立|员|交|果|分|套|天|年|都)"
)
_OFF = re.compile(r"(?P<off>\d{1,2}(?:\.\d)?|[一二三四五六七八九][一二三四五六七八九]?)折")


def quantities(text: str) -> Iterator[Entity]:
    """A range is a `quantity_range` (value 20..30); 几台 keeps an empty value."""
    for match in _QUANTITY.finditer(text):
        if _NO_ORDER.fullmatch(match.group()) and (_beside_price(text, match) or match["u"] in {"份", "批"}):
            continue
        if match["u"] == "方" and not match["n"][0].isdigit():  # 三方合同
            continue
        if match["u"] == "个" and re.match(r"问题|事|意思|人|电话|招呼|忙|字", text[match.end() :]):
            continue
        low = _scaled(match["n"], match["scale"] or (match["hs"] if match["high"] else None))
        span = _joined(low, _scaled(match["high"], match["hs"])) if match["high"] else low
        if span is None:
            yield _found("quantity", match, "")
        elif span.high is not None:
            yield _found("quantity_range", match, str(span))
        elif span.low == span.low.to_integral_value():
            yield _found("quantity", match, written(span.low))


def _beside_price(text: str, match: re.Match[str]) -> bool:
    """680一只, 一台32600: the piece that a price is for."""
    before = re.search(r"[\d元块万千钱]$", text[: match.start()])
    return before is not None or re.match(r"\d", text[match.end() :]) is not None


def money(text: str) -> Iterator[Entity]:
    """Ranges as low..high; 几万 keeps an empty value. 3万台 and 2万转 are no money."""
    for match in _MONEY.finditer(text):
        scale = (match["hu"] or match["lu"] or _own_scale(match["high"] or match["low"])).lower()
        said = match["cur"] or match["unit"]
        if not said and (scale not in set("万wk亿") or re.match(_COUNTED, text[match.end() :]) is None):
            continue
        if text.startswith("十万火急", match.start()):
            continue
        yield _found("money", match, str(_amount(match) or ""))
    for match in _BARE.finditer(text):
        yield Entity("money", match["n"], match["n"], *match.span("n"))


def percentages(text: str) -> Iterator[Entity]:
    for match in _PERCENT.finditer(text):
        yield _found("percent", match, match["n"] or written(Decimal(match["pm"]) / 10))
    for match in _SHARE.finditer(text):
        number = read_number(match["points"] or match["tenths"] or match["n"])
        if number is not None:
            share = number / 10 if match["of"] == "千分之" else number * 10 if match["tenths"] else number
            yield _found("percent", match, written(share))


def discounts(text: str) -> Iterator[Entity]:
    """九五折 takes 5 percent off, 8.8折 takes 12."""
    for match in _OFF.finditer(text):
        digits = "".join(
            str("零一二三四五六七八九".index(c)) if c in "一二三四五六七八九" else c for c in match["off"]
        )
        share = Decimal(digits) / 10 if Decimal(digits) > 10 else Decimal(digits)
        yield _found("discount", match, written((10 - share) * 10))


def _amount(match: re.Match[str]) -> Span | None:
    low = _scaled(match["low"], match["lu"] or (match["hu"] if match["high"] else None))
    if low is None:
        return None
    if match["high"]:
        return _joined(low, _scaled(match["high"], match["hu"]))
    if match["lu"] and match["lt"]:  # 3万5, 3万千: the digit counts tenths of the scale
        tenths = Decimal(match["lt"]) if match["lt"].isdigit() else Decimal(0)
        return Span(low.low + tenths * SCALE[match["lu"].lower()] / 10)
    if match["unit"] == "毛":
        return low._replace(low=low.low / 10)
    if match["cents"] and match["unit"] in {"块", "元"}:
        return Span(low.low + Decimal(match["cents"]) / 10)
    return low


def _scaled(words: str | None, scale: str | None) -> Span | None:
    span = read_span(words) if words else None
    return span.times(SCALE[scale.lower()]) if span and scale else span


def _joined(low: Span | None, high: Span | None) -> Span | None:
    """20-30万: the scale of the upper end holds for both, which the caller has seen to."""
    return Span(low.low, high.high or high.low) if low and high else None


def _own_scale(number: str) -> str:
    """两百三十万 carries its scale in itself."""
    return next((one for one in reversed(number) if one in "万亿"), "")


def _found(kind: str, match: re.Match[str], value: str) -> Entity:
    words = match.group()
    start = match.start() + len(words) - len(words.lstrip())
    return Entity(kind, words.strip(), value, start, start + len(words.strip()))
