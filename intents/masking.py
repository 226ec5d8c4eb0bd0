"""Personal data out of text that is logged, labelled, embedded or sent to a language model."""

from __future__ import annotations

import re

_MOBILE = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?(1[3-9]\d)[\s-]?(\d{4})[\s-]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})[\s-](\d{7,8})(?!\d)")
_ID_CARD = re.compile(r"(?<![0-9A-Za-z])(\d{6})(\d{8})(\d{3}[0-9Xx])(?![0-9A-Za-z])")
_EMAIL = re.compile(r"([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_CARD = re.compile(r"(?<!\d)(?:62|4\d|5[1-5]|3\d)\d{2}(?:[\s-]?\d{4}){2,3}[\s-]?\d{1,4}(?!\d)")


def mask(text: str) -> str:
    """138****8000, id cards and bank cards to their last four, e-mail to its first letter. Idempotent."""
    text = _ID_CARD.sub(lambda found: f"{found[1]}********{found[3]}", text)
    text = _MOBILE.sub(r"\1****\3", text)
    text = _LANDLINE.sub(lambda found: f"{found[1]}-****{found[2][-4:]}", text)
    text = _CARD.sub(lambda found: _last_four(found.group()), text)
    return _EMAIL.sub(r"\1***@\2", text)


def _last_four(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return f"{digits[:4]} **** {digits[-4:]}" if _luhn(digits) else number


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 check digit, so that order numbers are left alone."""
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return len(digits) >= 13 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
