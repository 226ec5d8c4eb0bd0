"""What an answer that is no success means, in one classification for all systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx


class Kind(StrEnum):
    AUTH_EXPIRED = "auth_expired"
    """Not done; sign in once more and repeat once."""
    THROTTLED = "throttled"
    """Not done; wait and repeat."""
    STOPPED = "stopped"
    """Not done, and no use trying for hours: a daily limit."""
    BUSY = "busy"
    """Not done, rolled back; repeat with jitter."""
    CONFLICT = "conflict"
    """Somebody changed the record in between: read and decide again."""
    DUPLICATE = "duplicate"
    """The key is there already: look it up."""
    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    BROKEN = "broken"
    """The system failed, and nobody knows how far it came."""


@dataclass(frozen=True)
class Problem:
    """`words` are the system's own, shortened; `wait` seconds it asks for, where it does."""

    kind: Kind
    words: str = ""
    wait: float | None = None


Judge = Callable[[httpx.Response], Problem | None]
"""Reads an answer, errors inside HTTP 200 too. None: it is a success."""
_STATUS = {
    401: Kind.AUTH_EXPIRED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    409: Kind.CONFLICT,
    412: Kind.CONFLICT,
    423: Kind.BUSY,
    429: Kind.THROTTLED,
    503: Kind.BUSY,
}


def by_status(response: httpx.Response) -> Problem | None:
    """The meaning of plain HTTP codes, for systems that use them."""
    if response.status_code < 400:
        return None
    broken = Kind.BROKEN if response.status_code >= 500 else Kind.INVALID
    kind = _STATUS.get(response.status_code, broken)
    return Problem(kind, f"HTTP {response.status_code} {excerpt(response)}".strip(), wait_asked(response))


def excerpt(response: httpx.Response, longest: int = 200) -> str:
    """The first words of an answer; a page meant for people says nothing here."""
    if "html" in response.headers.get("content-type", ""):
        return ""
    return " ".join(response.text.split())[:longest]


def wait_asked(response: httpx.Response) -> float | None:
    """`Retry-After` in seconds, given as a number or a date."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
