"""Postal addresses from the street or estate on; province, city and district stay, they find nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intents.personal.model import Kind, Personal

_HAN = r"[㐀-鿿]"
_NO = r"[0-9A-Za-z一二三四五六七八九十百]{1,5}(?:-\d{1,4})?"
_UNIT = rf"(?:[东南西北]?{_NO}(?:号楼|号院|栋|幢|座|期|单元|楼|层|室|房|铺|弄|号)[东南西北]?)"
_PLACE = rf"(?:(?!收|转|给|{_HAN}*?(?:电话|手机)){_HAN}{{1,8}}?(?:大厦|广场|中心|大楼|园区?|小区|花园|公寓|仓库|院内?|苑))"
_REST = rf"(?:院内|{_PLACE}?{_UNIT}+|{_PLACE}(?={_NO})|{_PLACE}(?!{_HAN}))?(?:{_UNIT}|[A-Za-z]?\d{{3,4}}室?(?![\d台元万块]))*"
_ROAD = rf"(?P<where>{_HAN}{{1,12}}?)(?:大道|大街|胡同|路|街|巷|道)(?:[东南西北中]?[一二三四]?段)?\s?\d{{1,5}}(?:-\d+)?\s?[号弄]{_REST}"
_ESTATE = rf"(?P<estate>{_HAN}{{2,10}}?)(?:小区|花园|家园|公寓|新村|名邸|苑|大厦|广场|工业园|科技园|产业园)[A-Za-z]?{_UNIT}(?:{_UNIT}|\d{{3,4}}室?)*"
_VILLAGE = rf"(?P<village>{_HAN}{{1,8}}?)(?:镇|乡|街道){_HAN}{{1,6}}村(?:{_HAN}{{0,2}}{_NO}[组号队])+"
_ADDRESS = re.compile(f"{_ROAD}|{_ESTATE}|{_VILLAGE}")
_ADMIN = re.compile(r".*(?:省|市|自治区|自治州|新区|园区|开发区|高新区|区|县|旗)(?=.)")
_LEAD = re.compile(
    r".*?(?:收货地址|收件地址|地址|寄到|寄往|寄去|送货到|送到|发到|发往|发货到|放到|拉到|运到|位于|住在|公司在|收货|寄|送|在|到|是)(?=.)"
)


def addresses(text: str) -> Iterator[Personal]:
    if not any(mark in text for mark in "号栋幢弄座村楼"):
        return
    for match in _ADDRESS.finditer(text):
        group = next(name for name, value in match.groupdict().items() if value)
        yield Personal(Kind.ADDRESS, match.start(group) + _before(match[group]), match.end())


def _before(words: str) -> int:
    """How much of the words in front of 路 or 小区 is a region or says where to send to."""
    if region := _ADMIN.match(words):
        return region.end()
    lead = _LEAD.match(words)
    return lead.end() if lead else 0
