"""A receipt's words for a new record: some of them are known only when it is there."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any

from crm_bridge.adapters.remote.receipts import Kept
from crm_bridge.mapping import Mapping

ID = "{id}"
"""Where the record's id goes."""


def blank(name: str) -> str:
    """Where a value goes that is set once the record is there."""
    return f"{{{name}}}"


def came_to_be(
    mapping: Mapping, kept: Kept, record: str, now: Dict[str, Any], lacking: Dict[str, Any], why: str
) -> str:
    """`now`: what those values are; `lacking`: what of them was to be another; `why` it is not, where that is known."""
    shown = kept.shown.replace(ID, record)
    for name, value in now.items():
        shown = shown.replace(blank(name), str(value or "未知"))
    because = f"({why})" if why else ""
    for name, value in lacking.items():
        label = mapping.label(kept.kind, name)
        shown += f";没能把{label}改到“{value}”{because},请在 {mapping.name} 里核对"
    return shown
