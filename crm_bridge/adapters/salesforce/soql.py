"""SOQL with every value spelled by one function, and ids in their long form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ESCAPED = {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


def long_id(value: str) -> str | None:
    """The id with 18 characters, which does not depend on upper and lower case; None for what is no id."""
    if not _ID.fullmatch(value):
        return None
    short = value[:15]
    chunks = (short[at : at + 5] for at in range(0, 15, 5))
    suffix = "".join(
        _CHECK[sum(1 << place for place, letter in enumerate(chunk) if letter.isupper())] for chunk in chunks
    )
    return short + suffix


def literal(value: str | bool | date | datetime) -> str:
    """Texts are quoted and escaped; dates and times stand bare."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    return "'" + "".join(_ESCAPED.get(letter, letter) for letter in value) + "'"


def select(
    fields: Sequence[str], of: str, where: Sequence[str], order: str = "Id", limit: int | None = None
) -> str:
    conditions = " AND ".join(f"({one})" if " OR " in one else one for one in where if one)
    parts = [f"SELECT {', '.join(dict.fromkeys(fields))} FROM {of}"]
    parts += [f"WHERE {conditions}"] if conditions else []
    parts += [f"ORDER BY {order}", *([f"LIMIT {limit}"] if limit else [])]
    return " ".join(parts)
