"""Days, hours and spans of time as people say them, resolved against the clock in Shanghai.

A time that stays open (尽快, 下周, 年后) keeps an empty value. Own rules rather than jionlp's parser (docs/decisions.md, 19).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from intents.entities.holidays import HOLIDAYS, next_holiday
from intents.entities.numbers import read_number, read_span, written
from intents.model import Entity

SHANGHAI = ZoneInfo("Asia/Shanghai")
_N = r"(?:\d{1,3}|[一二两三四五六七八九十百半]{1,4})"
_WEEK = r"(?:周|星期|礼拜)"
_SIDE = r"(?:大后天|后天|前天|昨天|昨日|今天|今日|今儿|今晚|明天|明日|明儿|明早|明晚|当天)"
_DAY = re.compile(
    rf"""(?P<side>{_SIDE})
    |(?P<rel>下下|[下这本上])?个?{_WEEK}(?P<wd>[一二三四五六日天末])
    |(?P<wrel>下下|[下这本上])个?{_WEEK}
    |(?P<mrel>[下这本上])个?月(?:(?P<mpart>底|初|中旬|上旬|下旬)|(?P<mday>\d{{1,2}})[号日])?
    |(?P<y>\d{{4}})年(?P<ym>\d{{1,2}})月(?:(?P<yd>\d{{1,2}})[日号]?|(?P<ypart>底|初|份)?)
    |(?P<iy>20\d{{2}})[-/.](?P<im>\d{{1,2}})[-/.](?P<id>\d{{1,2}})
    |(?<!\d)(?P<m>\d{{1,2}}|十[一二]?|[一二三四五六七八九])月(?:(?P<d>\d{{1,2}}|二?十[一二三四五六七八九]?|三十一?|[一二三四五六七八九])[日号]|(?P<d2>\d{{1,2}})(?![\d个])|(?P<part>底|初|中旬|份)(?:之?前)?)
    |(?<![\d.])(?P<md>\d{{1,2}})[号日](?!线|机|楼|门|仓|厂|模|炉|泵|位|常|期|柜)
    |(?P<qrel>[下这本上])个?季度(?P<qrend>末)?|第?(?P<q>[一二三四])季度|Q(?P<q2>[1-4])(?![0-9A-Za-z])|(?P<qend>季度末|季末)
    |(?P<mend>月底|月末)|(?P<mbegin>月初)|(?P<yend>年底|年末)
    |(?P<holiday>{"|".join(HOLIDAYS)})(?=前|后|节|之前|之后|期间|假)(?:节|假期|期间)?
    |(?P<open>年前|年后|节前|节后|年中|开春|{_WEEK}末|尽快|尽早|改天|过阵子|回头|过[两几]天|[这近]几天|这两天|有空(?!吗|没|不|么)|抽空|近期|晚点|稍后|随时|[明后]年)
    |(?P<n>{_N})(?P<half>个半)?个?(?P<u>工作日|天|日|{_WEEK}|月|季度|小时|钟头|分钟|年)(?P<after>后|之后|以后|内|之内|以内)""",
    re.VERBOSE,
)  # fmt: skip
_SUFFIX = re.compile(r"(?:之前|以前|前|之后|以后|后|左右|前后)")
_HOUR = re.compile(
    r"\s*(?P<half>凌晨|早上|上午|中午|下午|傍晚|晚上|晚)?\s*"
    r"(?:(?P<h>\d{1,2}|十[一二]?|[一二两三四五六七八九])(?:(?P<p>点(?!数|位))(?:(?P<q>半|[一三]刻)|(?P<min>\d{1,2}|[一二三四五]?十[一二三四五六七八九]?|[零〇][一二三四五六七八九])分?|钟|整)?|[:：](?P<colon>\d{2})))?"
)
_ALONE = re.compile(
    r"(?:凌晨|早上|上午|中午|下午|傍晚|晚上)(?:\d{1,2}|十[一二]?|[一二两三四五六七八九])(?:点(?:半|[一三]刻|\d{1,2}分?)?|[:：]\d{2})"
    r"|(?<![\d.:])(?:[01]?\d|2[0-3])[:：][0-5]\d(?![\d:])|(?<![\d个])(?:\d{1,2}|十[一二]?|[一二两三四五六七八九])点(?:半|钟|整|[一三]刻)"
)
_LENGTH = re.compile(
    rf"(?<![\d.第每])(?:(?P<low>\d{{1,3}})[-~～到至])?(?P<n>\d{{1,4}}|[一二两三四五六七八九十百半]{{1,4}})个?(?P<u>工作日|自然日|天|{_WEEK}|月|季度|小时|钟头|分钟|年)(?P<more>半)?(?!内|前|后|以|之|[级度份初底]|\d)"
)
_UNIT = {"天": "D", "日": "D", "自然日": "D", "工作日": "D", "周": "W", "星期": "W", "礼拜": "W", "月": "M", "季度": "Q", "年": "Y",
         "小时": "H", "钟头": "H", "分钟": "m"}  # fmt: skip
_SIDES = {"大后": 3, "后天": 2, "前天": -2, "昨": -1, "今": 0, "当": 0, "明": 1}
_LATE = {"下午", "傍晚", "晚上", "晚"}


def times(text: str, now: datetime) -> Iterator[Entity]:
    """ISO date, or time with its offset where an hour was said."""
    local, at = now.astimezone(SHANGHAI), 0
    while match := _first(text, at):
        end, value = match.end(), ""
        if match.re is _ALONE:
            value = _with_hour(None, text, match.start(), local)[0]
        else:
            day, fine = _day(match, local)
            value = day.isoformat() if day else ""
            if fine is not None:
                value = fine.isoformat(timespec="minutes")
            elif match["after"] is None:
                if suffix := _SUFFIX.match(text, end):
                    end = suffix.end()
                value, end = _with_hour(day, text, end, local, match.group()) if day else (value, end)
        words = text[match.start() : end].rstrip()
        yield Entity("time", words, value, match.start(), match.start() + len(words))
        at = max(end, match.start() + 1)


def durations(text: str) -> Iterator[Entity]:
    """两年, 60天, 一年半 → ISO 8601 (P2Y, P60D, P18M)."""
    for match in _LENGTH.finditer(text):
        if match["u"] == "年" and match["n"].isdigit() and len(match["n"]) == 4:
            continue
        if value := _length(match):
            yield Entity("duration", match.group(), value, *match.span())


def _length(match: re.Match[str]) -> str:
    """Two ends with `..` between where a range was said (三五天, 3-5天); empty where no number was."""
    unit, more = _UNIT[match["u"]], bool(match["more"])
    if match["low"]:
        ends: list[float | None] = [_count(match["low"]), _count(match["n"])]
    elif "半" not in match["n"] and (span := read_span(match["n"])) is not None:
        ends = [float(span.low), float(span.high)] if span.high is not None else [float(span.low)]
    else:
        ends = [_count(match["n"])]
    return "..".join(_iso(one, unit, more) for one in ends if one is not None)


def _first(text: str, at: int) -> re.Match[str] | None:
    found = [match for match in (_DAY.search(text, at), _ALONE.search(text, at)) if match]
    return min(found, key=lambda match: match.start(), default=None)


def _count(words: str) -> float | None:
    if words == "半":
        return 0.5
    number = read_number(words) if "半" not in words else None
    return None if number is None else float(number)


def _iso(number: float, unit: str, more: bool) -> str:
    number += 0.5 if more else 0
    if unit in {"Y", "Q"}:
        months = number * {"Y": 12, "Q": 3}[unit]
        return f"P{int(number)}Y" if unit == "Y" and number == int(number) else f"P{int(months)}M"
    if unit == "M" and number != int(number):
        return f"P{int(number * 30)}D"
    shown = written(Decimal(str(number)))
    return f"PT{shown}{unit.upper()}" if unit in "Hm" else f"P{shown}{unit}"


def _day(match: re.Match[str], now: datetime) -> tuple[date | None, datetime | None]:
    """The day meant, and the moment where the words count hours; (None, None) for what stays open."""
    today = now.date()
    if match["n"]:
        return _later(match, now)
    if match["side"]:
        days = next(days for word, days in _SIDES.items() if match["side"].startswith(word))
        return today + timedelta(days=days), None
    if match["wd"]:
        return (None if match["wd"] == "末" else _weekday(match["rel"], match["wd"], today)), None
    return _calendar(match, today), None


def _later(match: re.Match[str], now: datetime) -> tuple[date | None, datetime | None]:
    number, unit = _count(match["n"]), _UNIT[match["u"]]
    if number is None:
        return None, None
    number += 0.5 if match["half"] else 0
    if unit in "Hm":
        return None, now + timedelta(minutes=number * (60 if unit == "H" else 1))
    if match["u"] == "工作日":
        return _workdays(now.date(), int(number)), None
    days = {"D": 1.0, "W": 7.0}.get(unit)
    if days:
        return now.date() + timedelta(days=number * days), None
    months = number * {"M": 1, "Q": 3, "Y": 12}[unit]
    return _months(now.date(), int(months)) + timedelta(days=round((months % 1) * 30)), None


def _workdays(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _weekday(side: str | None, name: str, today: date) -> date:
    """A bare weekday is the next one to come; 这周三 is this week's, 下周三 the next week's."""
    day = (
        today
        - timedelta(days=today.weekday())
        + timedelta(days="一二三四五六日".index(name.replace("天", "日")))
    )
    if side is None:
        return day if day >= today else day + timedelta(days=7)
    return day + timedelta(days={"下下": 14, "下": 7, "上": -7}.get(side, 0))


def _calendar(match: re.Match[str], today: date) -> date | None:
    if match["mrel"]:
        month = _months(today.replace(day=1), {"下": 1, "上": -1}.get(match["mrel"], 0))
        return _of_month(month, match["mpart"], match["mday"]) if match["mpart"] or match["mday"] else None
    if match["y"]:
        return _of_month(_month(int(match["y"]), match["ym"]), match["ypart"], match["yd"])
    if match["iy"]:
        return _of_month(_month(int(match["iy"]), match["im"]), None, match["id"])
    if match["m"]:
        return _of_month(_month(today.year, match["m"]), match["part"], match["d"] or match["d2"])
    if match["md"]:
        day = _of_month(today.replace(day=1), None, match["md"])
        return (
            day
            if day is None or day >= today
            else _of_month(_months(today.replace(day=1), 1), None, match["md"])
        )
    return _named(match, today)


def _named(match: re.Match[str], today: date) -> date | None:
    quarter = match["q"] or match["q2"]
    if quarter:
        return date(today.year, 3 * "一二三四1234".index(quarter) % 12 + 1, 1)
    if match["qend"] or match["qrend"]:
        first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
        return _months(first, 3 * (2 if match["qrel"] == "下" else 1)) - timedelta(days=1)
    if match["mend"] or match["mbegin"]:
        first = today.replace(day=1)
        return (
            _months(first, 1) - timedelta(days=1)
            if match["mend"]
            else first
            if today.day == 1
            else _months(first, 1)
        )
    if match["yend"]:
        return date(today.year, 12, 31)
    return next_holiday(match["holiday"], today) if match["holiday"] else None


def _month(year: int, words: str) -> date | None:
    number = read_number(words)
    return date(year, int(number), 1) if number is not None and 1 <= number <= 12 else None


def _of_month(month: date | None, part: str | None, day: str | None) -> date | None:
    """None for a part that stays open (中旬) and for a day that there is not."""
    if month is None:
        return None
    if day:
        number = read_number(day)
        last = _months(month, 1) - timedelta(days=1)
        return month.replace(day=int(number)) if number and 1 <= number <= last.day else None
    if part == "底":
        return _months(month, 1) - timedelta(days=1)
    return None if part and part.endswith("旬") else month


def _months(day: date, count: int) -> date:
    """The same day so many months later, the last one where there is none."""
    index = day.year * 12 + day.month - 1 + count
    first = date(index // 12, index % 12 + 1, 1)
    length = (date((index + 1) // 12, (index + 1) % 12 + 1, 1) - first).days
    return first.replace(day=min(day.day, length))


def _with_hour(
    day: date | None, text: str, at: int, now: datetime, said: str = ""
) -> tuple[str, int]:  # fmt: skip
    """The value with the hour that follows, if one does, and where the words end."""
    found = _HOUR.match(text, at)
    if found is None or (not found["h"] and not found["half"]):
        return (day.isoformat() if day else ""), at
    if not found["h"]:
        return (day.isoformat() if day else ""), found.end()
    hour, minute = _clock(found, said)
    if hour is None or minute > 59:
        return (day.isoformat() if day else ""), at
    moment = datetime.combine(day or now.date(), datetime.min.time(), SHANGHAI) + timedelta(
        hours=hour, minutes=minute
    )
    if day is None and moment < now:
        moment += timedelta(days=1)
    return moment.isoformat(timespec="minutes"), found.end()


def _clock(found: re.Match[str], said: str) -> tuple[int | None, int]:
    """Without a half of the day, one to six o'clock is in the afternoon: offices are shut in the night."""
    hour = int(read_number(found["h"]) or 0)
    half = found["half"] or ("晚" if said in {"今晚", "明晚"} else "早上" if said == "明早" else "")
    if hour > 24:
        return None, 0
    if hour < 12 and (
        half in _LATE or (half == "中午" and hour < 3) or (not half and 1 <= hour <= 6 and not found["colon"])
    ):
        hour += 12
    quarter = {"半": 30, "一刻": 15, "三刻": 45}.get(found["q"] or "", 0)
    return hour, int(
        read_number((found["min"] or found["colon"] or "0").lstrip("零〇") or "0") or 0
    ) or quarter
