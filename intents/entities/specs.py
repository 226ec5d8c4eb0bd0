"""Technical values: 重复精度±0.01mm, 转速≥16500r/min, -20℃到80℃, 0.25%FS: name, value or range, unit, tolerance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from intents.entities.numbers import read_number as number
from intents.entities.numbers import written
from intents.model import Entity

_UNIT = {
    "毫米": "mm", "厘米": "cm", "微米": "μm", "um": "μm", "公斤": "kg", "千克": "kg", "千瓦": "kW", "kw": "kW", "赫兹": "Hz", "兆帕": "MPa",
    "mpa": "MPa", "度": "℃", "°C": "℃", "摄氏度": "℃", "转": "r/min", "rpm": "r/min", "RPM": "r/min", "r/min": "r/min", "转/分": "r/min",
    "分贝": "dB", "db": "dB", "毫升": "mL", "ml": "mL", "升": "L", "瓦": "W", "伏": "V", "v": "V", "w": "W", "hz": "Hz", "寸": "英寸",
}  # fmt: skip
_UNITS = (
    "r/min|转/分|rpm|RPM|件/小时|样本?/小时|测试/小时|[Ll]/h|L/min|m³/h|%FS|mm|cm|μm|um|nm|kg|mg|MPa|mpa|kPa|Mpa|bar|kW|kw|kVA|mA|kHz|MHz|GHz|Hz|hz|dB|db|kN|"
    "Nm|N·m|HRC|ppm|Mbps|Gbps|QPS|qps|TB|GB|TPS|ms|mL|ml|[Vv](?![a-zA-Z0-9])|W(?![a-zA-Z0-9])|[Aa](?![a-zA-Z0-9])|L(?![a-zA-Z0-9])|g(?![a-zA-Z0-9])|"
    "T(?![a-zA-Z0-9])|℃|°C|摄氏度|毫米|厘米|微米|公斤|千克|千瓦|赫兹|兆帕|分贝|毫升|英寸|寸|目|像素|模次|排|通道|孔位|孔|度|转|瓦|伏|升|米|吨|次"
)
_N = r"-?\d+(?:\.\d+)?"
_BOUND = {
    "≥": ">=", ">=": ">=", ">": ">", "大于": ">", "超过": ">", "不低于": ">=", "不小于": ">=", "至少": ">=", "以上": ">=",
    "≤": "<=", "<=": "<=", "<": "<", "小于": "<", "低于": "<", "不超过": "<=", "不高于": "<=", "不大于": "<=", "最多": "<=",
    "以内": "<=", "以下": "<=",
}  # fmt: skip
_VALUE = re.compile(
    rf"(?P<bound>≥|≤|>=|<=|>|<|不低于|不小于|不超过|不高于|不大于|大于|小于|超过|低于|至少|最多)?\s*(?P<tol>[±正]负?\s*)?"
    rf"(?<![\dA-Za-z.])(?P<n>{_N})(?P<scale>[万千])?\s*(?P<u1>{_UNITS})?(?:\s*(?:~|～|-|到|至|/)\s*(?P<high>{_N})(?P<hs>[万千])?)?"
    rf"\s*(?P<unit>{_UNITS})?(?:\s*[±]\s*(?P<plus>\d+(?:\.\d+)?)\s*(?P<pu>{_UNITS})?)?(?P<after>以上|以内|以下)?"
)
_NEAR = 8
"""Characters before a value in which its name is looked for."""
_LINK = re.compile(
    r"(?:要|是|到|在|得|能|达到|做到|大概|大约|最高|最大|最小|最低|才|有|为|:|=|\s|不能|控制在|要求|标称|写的|约)*"
)
_OWN = (
    "精度", "转速", "流量", "压力", "温度", "耐温", "噪音", "噪声", "功率", "电压", "重量", "净重", "扬程", "量程", "行程", "直径", "厚度", "长度",
    "口径", "公差", "粗糙度", "容量", "内存", "带宽", "并发", "延迟", "分辨率", "频率", "硬度", "负载", "臂展", "孔径", "壁厚", "限重", "电流", "速度",
    "测试速度", "通量", "样本量", "高度", "宽度", "层高", "寿命", "误差", "湿度", "深度", "最高温度", "工作温度", "线性度",
)  # fmt: skip
_WORTHLESS = re.compile(r"[度转升目寸排孔TAgLWv伏瓦米吨次]|通道|孔位")
"""Units that are words too: only a name before the number, or a bound, makes a specification of them."""


def specs(text: str, parameters: tuple[str, ...]) -> Iterator[Entity]:
    """Value as `name bound number[..number] unit [±tolerance]`; parts that were not said are left out."""
    for match in _VALUE.finditer(text):
        unit = match["unit"] or match["u1"]
        if unit is None:
            continue
        name, start = _named(text, match.start(), parameters)
        marked = match["bound"] or match["tol"] or match["plus"] or match["after"]
        if _WORTHLESS.fullmatch(unit) and not (name or marked):
            continue
        end = match.start() + len(match.group().rstrip())
        yield Entity("spec", text[start:end], _written(match, name, unit), start, end)


def _written(match: re.Match[str], name: str, unit: str) -> str:
    shown = _UNIT.get(unit, unit)
    values = [_scaled(match["n"], match["scale"])]
    if match["high"]:
        values.append(_scaled(match["high"], match["hs"]))
    bound = _BOUND.get(match["bound"] or match["after"] or "", "")
    said = ("±" if match["tol"] else bound) + "..".join(values)
    plus = f"±{match['plus']}" if match["plus"] else ""
    return " ".join(part for part in (name, said, shown, plus) if part)


def _scaled(words: str, scale: str | None) -> str:
    value = number(words.lstrip("-"))
    assert value is not None  # the pattern has let digits through only
    return ("-" if words.startswith("-") else "") + written(
        value * {"万": 10000, "千": 1000}.get(scale or "", 1)
    )


def _named(text: str, at: int, parameters: tuple[str, ...]) -> tuple[str, int]:
    """The parameter that stands just before a value, and where the specification begins."""
    for found in reversed(list(_names(parameters).finditer(text, max(0, at - _NEAR - 6), at))):
        if _LINK.fullmatch(text, found.end(), at):
            return found.group(), found.start()
    return "", at


@lru_cache(maxsize=4)
def _names(parameters: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(
        re.escape(name) for name in sorted({*parameters, *_OWN}, key=lambda name: (-len(name), name))
    )
    return re.compile(rf"(?:最高|最大|最低|最小|额定|标称)?(?:{either})")
