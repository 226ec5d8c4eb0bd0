"""Values in the words: product, quantity, money, time, percentage, alarm code, number of a contract or order.

Money and numbers are read by cn2an and own rules, times by jionlp inside a candidate that own rules found (its known
errors are mended here, see tests). Vague times stay vague: an entity with an empty value.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from intents.model import Entity

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DIGITS = "零〇一二两三四五六七八九十百千万亿"
_NUMBER = rf"(?:\d+(?:[.,]\d+)*|[{_DIGITS}]+|几十|几)"
_UNITS = "台|套|个账号|个帐号|账号|帐号|个用户|个|件|只|支|把|箱|盒|批|组|块|根|条|座|吨|米|人份|份|席位|坐席|点|年"
_MODEL = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,4}-?\d{2,5}[A-Za-z]{0,3}(?![A-Za-z0-9])")
_ALARM = re.compile(r"(?<![A-Za-z0-9])[Ee](?:rr)?-?\d{2,3}(?![0-9])")
_QUANTITY = re.compile(rf"(?P<n>{_NUMBER})(?:来|多|几)?\s*(?P<u>{_UNITS})(?!度|级|东|代|面|率|款的|月)")
_MONEY = re.compile(
    rf"(?P<cur>[¥￥$]|人民币|RMB|USD)?\s*(?P<low>{_NUMBER})(?P<lu>[万千百wWkK亿])?"
    rf"(?:\s*(?:-|~|到|至)\s*(?P<high>{_NUMBER})(?P<hu>[万千百wWkK亿])?)?\s*(?P<unit>元|块钱|块|人民币|美元|美金)?"
)
_PERCENT = re.compile(
    r"(?P<n>\d+(?:\.\d+)?)\s*(?:%|%|个点)|(?P<off>[一二三四五六七八九]\d?|\d(?:\.\d)?|[一二三四五六七八九][一二三四五六七八九]?)折"
)
_CONTRACT = re.compile(r"(?<![A-Za-z0-9])(?:HT|XS|C|DD|SO|PO|OPP|WO)-[A-Za-z0-9-]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)")
_TIME = re.compile(
    r"(?:(?:今天|今儿|明天|明儿|后天|大后天|昨天|今晚|明早|(?:这|本|下|下下|上)?(?:个)?(?:周|星期|礼拜)[一二三四五六日天]|(?:下|这|本|上)(?:个)?(?:周|星期|月|季度)"
    r"|(?:\d{4}年)?\d{1,2}月\d{1,2}[日号]?|\d{1,2}[号日](?!线)|月底|月初|季度末|年底|年前|年后|节后|[一二三四]季度|\d{4}-\d{1,2}-\d{1,2})"
    r"(?:前|之前|以前|后|之后)?"
    r"(?:\s*(?:上午|早上|中午|下午|晚上|傍晚)?\s*(?:\d{1,2}|[一二两三四五六七八九十]{1,3})(?:点半?|[::]\d{2})(?:\d{1,2}分)?|(?:上午|早上|中午|下午|晚上))?"
    r"|(?:\d{1,3}|[一二两三四五六七八九十半]{1,3})(?:个)?(?:天|周|星期|月|小时|分钟)(?:后|之后|以后|内|之内)"
    r"|(?:上午|早上|中午|下午|晚上)(?:\d{1,2}|[一二两三四五六七八九十]{1,3})(?:点半?|[::]\d{2})"
    r"|尽快|改天|过阵子|回头|过两天|有空|抽空)"
)
_VAGUE = re.compile(
    r"^(?:尽快|改天|过阵子|回头|过两天|有空|抽空|年后|年前|节后|下个?月|下个?季度|(?:这|本|下|上)(?:个)?(?:周|星期))$"
)


def find_entities(
    text: str, *, products: Iterable[str] = (), now: datetime | None = None
) -> tuple[Entity, ...]:
    """All entities in order of position; where two overlap, the first kind in this list keeps the words."""
    finders: tuple[Callable[[], Iterator[Entity]], ...] = (
        lambda: _contracts(text),
        lambda: _phones(text),
        lambda: _alarms(text),
        lambda: _products(text, tuple(products)),
        lambda: _times(text, now or datetime.now(SHANGHAI)),
        lambda: _percentages(text),
        lambda: _money(text),
        lambda: _quantities(text),
    )
    found: list[Entity] = []
    for finder in finders:
        for entity in finder():
            if all(entity.end <= other.start or entity.start >= other.end for other in found):
                found.append(entity)
    return tuple(sorted(found, key=lambda entity: entity.start))


def _contracts(text: str) -> Iterator[Entity]:
    for match in _CONTRACT.finditer(text):
        yield _entity("contract_no", match, match.group().upper())


def _phones(text: str) -> Iterator[Entity]:
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        yield _entity("phone", match, f"{digits[:3]}****{digits[-4:]}")


def _alarms(text: str) -> Iterator[Entity]:
    for match in _ALARM.finditer(text):
        yield _entity("alarm", match, "E" + re.sub(r"\D", "", match.group()).zfill(2))


def _products(text: str, known: tuple[str, ...]) -> Iterator[Entity]:
    """Names of the catalogue (longest first: X200R is not X200), then anything that looks like a model number."""
    if known:
        folded = {name.lower(): name for name in known}
        either = "|".join(re.escape(name) for name in sorted(folded, key=len, reverse=True))
        for match in re.finditer(rf"(?<![a-z0-9])(?:{either})(?![a-z0-9])", text.lower()):
            yield Entity(
                "product",
                text[match.start() : match.end()],
                folded[match.group()],
                match.start(),
                match.end(),
            )
    for match in _MODEL.finditer(text):
        yield _entity("product", match, match.group().upper().replace("-", ""))


def _quantities(text: str) -> Iterator[Entity]:
    for match in _QUANTITY.finditer(text):
        number = read_number(match["n"])
        if number is not None and number == number.to_integral_value() and match["u"] != "年":
            yield _entity("quantity", match, str(int(number)))


def _percentages(text: str) -> Iterator[Entity]:
    for match in _PERCENT.finditer(text):
        if match["n"]:
            yield _entity("percent", match, match["n"])
        elif (share := _share(match["off"])) is not None:
            yield _entity("discount", match, str((10 - share) * 10))


def _share(words: str) -> Decimal | None:
    """九五折 → 9.5, 8.8折 → 8.8, 85折 → 8.5."""
    digits = "".join(str("零一二三四五六七八九".index(c)) if c in "一二三四五六七八九" else c for c in words)
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return value / 10 if value > 10 else value


_SCALE = {"万": 10000, "w": 10000, "千": 1000, "k": 1000, "百": 100, "亿": 100000000}


def _money(text: str) -> Iterator[Entity]:
    for match in _MONEY.finditer(text):
        scale = match["hu"] or match["lu"]
        if not (match["cur"] or match["unit"] or (scale and scale.lower() in "万wk亿")):
            continue
        if match["unit"] == "块" and text[match.end() : match.end() + 1] in "板屏表钢":
            continue
        low = _amount(match["low"], match["lu"] or match["hu"])
        high = _amount(match["high"], match["hu"]) if match["high"] else None
        if low is not None:
            yield _entity("money", match, f"{low}..{high}" if high is not None else f"{low}")


def _amount(number: str, scale: str | None) -> Decimal | None:
    value = read_number(number)
    if value is None:
        return None
    amount = value * _SCALE.get((scale or "").lower(), 1)
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


def read_number(words: str) -> Decimal | None:
    """12,000 / 三千五 / 两百三十万 / 3.5 → Decimal. None for counts that are not said (几十)."""
    if "几" in words:
        return None
    try:
        return Decimal(words.replace(",", ""))
    except InvalidOperation:
        pass
    try:
        return Decimal(str(_cn2an()(words, "smart")))
    except (ValueError, KeyError, IndexError):
        return None


@cache
def _cn2an() -> Callable[[str, str], Any]:
    import cn2an

    return cn2an.cn2an


def _times(text: str, now: datetime) -> Iterator[Entity]:
    for match in _TIME.finditer(text):
        yield _entity("time", match, "" if _VAGUE.match(match.group()) else _moment(match.group(), now))


def _moment(words: str, now: datetime) -> str:
    """ISO time (date only where no hour was said); empty where the parser does not know."""
    local = now.astimezone(SHANGHAI)
    if words in {"月底", "月底前", "年底", "年底前"}:
        end = (
            local.replace(day=28) + timedelta(days=4)
            if words.startswith("月")
            else local.replace(month=12, day=31)
        )
        last = end - timedelta(days=end.day) if words.startswith("月") else end
        return last.date().isoformat()
    words = re.sub(r"^(明|今)(早|晚)(?!上)", r"\1天\2上", words)  # jionlp takes 明早 for this morning
    plain = re.sub(r"(?:之前|以前|前|之内|内)$", lambda found: "后" if "内" in found.group() else "", words)
    try:
        parsed = _jionlp()(plain, time_base=local.timestamp())
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return ""
    start = datetime.fromisoformat(parsed["time"][0]) if isinstance(parsed.get("time"), list) else None
    if start is None:
        return ""
    start = start.replace(tzinfo=SHANGHAI)
    # jionlp reads a bare weekday as one of this week, also where that day is gone
    if start < local.replace(hour=0, minute=0, second=0, microsecond=0) and re.match(
        r"^(?:周|星期|礼拜)", words
    ):
        start += timedelta(days=7)
    has_hour = bool(re.search(r"点|[::]\d{2}|小时|分钟", words))
    return start.isoformat(timespec="minutes") if has_hour else start.date().isoformat()


@cache
def _jionlp() -> Callable[..., dict[str, Any]]:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a banner when imported
        from jionlp import parse_time
    return parse_time


def _entity(kind: str, match: re.Match[str], value: str) -> Entity:
    return Entity(kind, match.group().strip(), value, match.start(), match.end())
