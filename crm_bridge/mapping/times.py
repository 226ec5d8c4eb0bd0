"""Instants as systems write them: UTC with microseconds, and how fine the source really was."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from crm_bridge.mapping.model import TimeMap

_EPOCH = {10: (1, "s"), 13: (1_000, "ms"), 16: (1_000_000, "us")}
_FRACTION = re.compile(r":\d\d[.,](\d+)")
_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")
_COARSER = ("us", "ms", "s")


def instant(value: Any, how: TimeMap) -> datetime:
    """Raises `ValueError` for what is no instant: a number of eleven digits is not guessed at."""
    if isinstance(value, datetime):
        return _aware(value, how)
    if isinstance(value, date):
        return _aware(datetime.combine(value, time()), how)
    text = str(value).strip()
    if how.format != "auto" and not text.isdecimal():
        return _aware(datetime.strptime(text, how.format), how)
    if text.isdecimal():
        if len(text) not in _EPOCH:
            raise ValueError(f"{text} is no time: 10 digits are seconds, 13 milliseconds, 16 microseconds")
        factor, _ = _EPOCH[len(text)]
        seconds, rest = divmod(int(text), factor)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * (1_000_000 // factor))
    text = _ZONE.sub(r"\1:\2", text).replace("Z", "+00:00").replace(",", ".")
    return _aware(datetime.fromisoformat(_padded(text)), how)


def precision_of(value: Any, how: TimeMap) -> str:
    """s, ms or us: the coarser of what the text shows and what the system keeps."""
    text = str(value).strip()
    if isinstance(value, datetime):
        found = "us"
    elif text.isdecimal():
        found = _EPOCH.get(len(text), (1, "s"))[1]
    else:
        digits = len(match[1]) if (match := _FRACTION.search(text)) else 0
        found = "s" if not digits else "ms" if digits <= 3 else "us"
    return max(found, how.precision or "us", key=_COARSER.index)


def _padded(text: str) -> str:
    """A fraction of one to five digits counts from the left: .44 is 440 ms."""
    found = re.search(r"\.(\d+)", text)
    if found is None:
        return text
    return f"{text[: found.start()]}.{found[1][:6].ljust(6, '0')}{text[found.end() :]}"


def _aware(at: datetime, how: TimeMap) -> datetime:
    return (at.replace(tzinfo=how.tz) if at.tzinfo is None else at).astimezone(UTC)
