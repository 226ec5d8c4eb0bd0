"""Values as a rep reads and types them: ¥18,800, 12月1日 14:00. The same value always reads the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from intents import read_number

MOST_SHOWN = 120
"""Characters of a long text on a card; the decision page has all of it."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


def money(value: Any) -> str:
    amount = Decimal(str(value))
    return f"¥{amount:,.0f}" if amount == amount.to_integral_value() else f"¥{amount:,.2f}"


def day(value: Any) -> str:
    found = date.fromisoformat(str(value)[:10])
    return f"{found.month}月{found.day}日"


def full_day(value: Any) -> str:
    return f"{date.fromisoformat(str(value)[:10]).year}年{day(value)}"


def moment(value: Any) -> str:
    at = datetime.fromisoformat(str(value)).astimezone(SHANGHAI)
    return f"{at.month}月{at.day}日 {at:%H:%M}"


def percent(value: Any) -> str:
    return f"{plain(value)}%"


def plain(value: Any) -> str:
    """A number without the zeros nobody needs: 5.00 → 5, 100 → 100."""
    number = Decimal(str(value))
    return format(
        number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize(), "f"
    )


def show(kind: str, value: Any, choices: Mapping[str, str]) -> str:
    """For the card. What does not fit its kind (a partly filled proposal) is shown as it stands."""
    readers = {"money": money, "date": day, "full_date": full_day, "datetime": moment, "number": plain}
    if kind == "names":
        return "、".join(str(name) for name in value)
    if kind == "textarea":
        return excerpt(str(value), MOST_SHOWN)
    try:
        return readers[kind](value) if kind in readers else choices.get(str(value), str(value))
    except (ValueError, ArithmeticError):
        return str(value)


def typed(kind: str, value: Any) -> str:
    """For an input of the decision page: dates as browsers want them, in local time."""
    if value is None:
        return ""
    if kind == "names":
        return "、".join(str(name) for name in value)
    if kind == "datetime":
        return datetime.fromisoformat(str(value)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    return str(value)


def read(kind: str, words: str) -> Any:
    """What was typed, ready to be validated; None where nothing was. Full-width, ¥, commas and 80万 are understood."""
    words = words.replace("\r\n", "\n").strip()  # as a browser ends lines
    if not words:
        return None
    if kind == "names":
        return [name for name in re.split(r"[、,，;；\s]+", words) if name]
    if kind not in {"number", "money", "date", "full_date", "datetime"}:
        return words
    narrow = unicodedata.normalize("NFKC", words)
    if kind in {"date", "full_date", "datetime"}:
        return narrow
    bare = re.sub(r"[¥%,\s]|人民币|元$", "", narrow)
    number = read_number(bare) if bare else None
    return words if number is None else str(number)


def excerpt(words: str, most: int) -> str:
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
