"""Personal data with a form of its own: ids, e-mails, phones (said aloud too), cards, plates, chat accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intents.personal.model import Kind, Personal

_MAY_BE = re.compile(
    r"\d{3}|\d\D\d\D\d|@|[A-Za-z][·•. ]?[A-Za-z0-9]{5}|[一幺二三四五六七八九零〇]{9}|[微QqVvWw扣]"
)
_GAP = r"[ .\-–—]?"
_MOBILE = re.compile(rf"(?<![\d.])(?:\+?(?:00)?86[ -]?)?1{_GAP}[3-9](?:{_GAP}\d){{9}}(?![\d%])")
_SPOKEN = re.compile(
    r"(?<![一幺二三四五六七八九零〇])[一幺][三四五六七八九](?:[ ,，-]?[一幺二三四五六七八九零〇两]){9}(?![一幺二三四五六七八九零〇])"
)
_ABROAD = re.compile(r"\+(?!86)\d{1,3}[ -]?(?:\d[ -]?){6,10}\d(?!\d)")
_LANDLINE = re.compile(r"(?<![\dA-Za-z+])\(?(?:010|02\d|0[3-9]\d{2})[)\s-]{0,2}[2-9]\d{6,7}(?!\d)")
_LOCAL = re.compile(r"(?:座机|固话|电话|传真)[号是:\s]{0,3}(?P<value>[2-9]\d{7})(?!\d)")
_ID = re.compile(
    r"(?<![0-9A-Za-z])[1-8]\d{5}[ ]?(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ ]?\d{3}[0-9Xx](?![0-9A-Za-z])"
)
_OLD_ID = re.compile(r"身份证[^\d]{0,6}(?P<value>[1-8]\d{7}(?:0[1-9]|1[0-2])[0-3]\d{4})(?!\d)")
_TRAVEL = re.compile(r"(?:护照|通行证|军官证|居留证)[^\dA-Za-z]{0,6}(?P<value>[A-Z]{1,2}\d{7,10})(?!\d)")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_CARD = re.compile(r"(?<![\dA-Za-z])(?:62|4\d|5[1-5]|3\d)\d{2}(?:[\s-]?\d{4}){2,3}[\s-]?\d{1,4}(?!\d)")
_PAID_TO = re.compile(r"(?:卡|[账帐][号户]|户头)[号户是为:\s(#]{0,4}(?P<value>\d(?:[ -]?\d){11,20})(?!\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·•. ]?"
    r"(?=[A-Za-z]*\d[A-Za-z]*\d)[A-HJ-NP-Za-hj-np-z0-9]{4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳领](?![A-Za-z0-9])"
)
_A_CAR = re.compile(r"车|牌|货柜|司机|[·•]")
_WECHAT = re.compile(
    r"(?:微信|[Ww]e[Cc]hat|(?<![A-Za-z])[WwVv][Xx](?![A-Za-z]))(?P<marked>(?:号码?|ID|id)?[是为:\s]{0,3})"
    r"(?P<value>[A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_@.-])"
)
_QQ = re.compile(r"(?:[Qq]{2}|扣扣)(?:号码?)?[是为:\s]{0,3}(?P<value>[1-9]\d{4,10})(?!\d)")
_IS_PHONE = frozenset({"tel", "phone", "mobile", "mob", "wx", "vx", "wechat", "qq", "cell", "call"})
_NO_PERSON = re.compile(
    r"(?:单号?|编码|编号|序列号|批号|条码|料号|合同号?|SN|S/N|PO|流水号|设备号)[是为:\s]{0,3}$", re.IGNORECASE
)
"""In front of a number that is a thing's."""


def numbers(text: str) -> Iterator[Personal]:
    """In the order in which they win where they overlap."""
    if not _MAY_BE.search(text):
        return
    yield from _matches(Kind.ID, text, _ID, _OLD_ID, _TRAVEL)
    yield from _matches(Kind.EMAIL, text, _EMAIL)
    yield from _matches(Kind.ACCOUNT, text, _QQ)
    yield from (one for one in _matches(Kind.PHONE, text, _MOBILE) if _is_dialled(text, one.start))
    yield from _matches(Kind.PHONE, text, _SPOKEN, _ABROAD, _LANDLINE, _LOCAL)
    yield from (one for one in _matches(Kind.CARD, text, _CARD) if _is_card(text, one))
    yield from _matches(Kind.CARD, text, _PAID_TO)
    yield from (one for one in _matches(Kind.PLATE, text, _PLATE) if _is_plate(text, one))
    for match in _WECHAT.finditer(text):
        if match["marked"] or re.search(r"[\d_-]", match["value"]):
            yield Personal(Kind.ACCOUNT, *match.span("value"))


def _matches(kind: Kind, text: str, *patterns: re.Pattern[str]) -> Iterator[Personal]:
    for pattern in patterns:
        group = "value" if "value" in pattern.groupindex else 0
        yield from (Personal(kind, *match.span(group)) for match in pattern.finditer(text))


def _is_dialled(text: str, start: int) -> bool:
    """SF13800138021 is a parcel, tel13800138021 is a phone."""
    letters = re.search(r"[A-Za-z]+[ -]?$", text[:start])
    return letters is None or letters.group().strip(" -").lower() in _IS_PHONE


def _is_card(text: str, one: Personal) -> bool:
    digits = re.sub(r"\D", "", text[one.start : one.end])
    return has_check_digit(digits) and not _NO_PERSON.search(text[: one.start])


def has_check_digit(digits: str) -> bool:
    """ISO/IEC 7812-1 (Luhn), so that order numbers are left alone."""
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return len(digits) >= 13 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_plate(text: str, one: Personal) -> bool:
    """新 and 云 begin many words: 最新X20012 is no car."""
    around = text[max(0, one.start - 12) : one.end + 8]
    return text[one.start] not in "新云" or bool(_A_CAR.search(around))
