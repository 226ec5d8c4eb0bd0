"""Questions in XOQL, and values inside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm_bridge.errors import WriteRefused


def select(
    places: Sequence[str], name: str, where: Sequence[str], order: str = "id", most: int | None = None
) -> str:
    """Without `most` for a question that is answered batch by batch."""
    conditions = f" where {' and '.join(where)}" if where else ""
    limit = "" if most is None else f" limit {most} offset 0"
    return f"select {', '.join(dict.fromkeys(places))} from {name}{conditions} order by {order}{limit}"


def condition(place: str, sign: str, value: Any) -> str:
    """Raises `WriteRefused` for a text with quotes: how they are escaped no document says, so none is asked for."""
    text = str(value)
    if isinstance(value, int) or (is_id(place) and text.isdecimal()):
        return f"{place} {sign} {text}"
    if set(text) & set("'\"\\\n\r"):
        raise WriteRefused(f"销售易里不能按带引号的“{text}”查找;请去掉引号再试")
    return f"{place} {sign} '{text}'"


def is_id(place: str) -> bool:
    """Ids are integers of 64 bits: asked for without quotes, and with us always texts."""
    return place == "id" or place.endswith("Id")
