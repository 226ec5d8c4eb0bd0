"""Holidays by name: the next day so called. Those of the lunar calendar stand in a table for 2024–2032; later years stay open.

Checked against PyPI's lunardate (春节 is the first of the first lunar month, 端午 the fifth of the fifth, 中秋 the fifteenth of the
eighth) and, for 清明, against the usual formula of this century, floor(0.2422·y + 4.81) − floor(y / 4) of April.
"""

from __future__ import annotations

from datetime import date

_FIXED = {"元旦": (1, 1), "五一": (5, 1), "国庆": (10, 1), "十一": (10, 1), "双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12),
          "双12": (12, 12), "618": (6, 18), "圣诞": (12, 25)}  # fmt: skip
_FIRST_YEAR = 2024
_MOVING = {
    "春节": "02-10 01-29 02-17 02-06 01-26 02-13 02-03 01-23 02-11",
    "清明": "04-04 04-04 04-05 04-05 04-04 04-04 04-05 04-05 04-04",
    "端午": "06-10 05-31 06-19 06-09 05-28 06-16 06-05 06-24 06-12",
    "中秋": "09-17 10-06 09-25 09-15 10-03 09-22 09-12 10-01 09-19",
}
HOLIDAYS = tuple(sorted([*_FIXED, *_MOVING], key=len, reverse=True))
"""All names, longest first."""


def next_holiday(name: str, today: date) -> date | None:
    """The first such day from today on; None where the table does not reach so far."""
    if name in _FIXED:
        month, day = _FIXED[name]
        days = [date(year, month, day) for year in (today.year, today.year + 1)]
    else:
        days = [
            date.fromisoformat(f"{year}-{day}") for year, day in enumerate(_MOVING[name].split(), _FIRST_YEAR)
        ]
        if today < date(_FIRST_YEAR, 1, 1):
            return None
    return next((day for day in days if day >= today), None)
