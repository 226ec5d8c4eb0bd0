"""What Odoo calls by numbers and people by names: users, stages, tags, products; and records by external ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from crm_bridge.adapters.odoo.rpc import OdooRpc
from crm_bridge.errors import WriteRefused
from crm_bridge.model import WriteKey

MODULE = "yiju"
"""In front of the external ids of what we write."""
_NAMED = {"res.users": ("login",), "product.product": ("default_code", "name")}
"""By which field people name a record, where that is not its name."""


class Names:
    """Names of numbers are kept as long as the process; a new number is asked for."""

    def __init__(self, rpc: OdooRpc, name: str) -> None:
        self._rpc = rpc
        self._name = name
        self._known: dict[tuple[str, str], dict[int, str]] = {}

    async def of(self, model: str, numbers: Iterable[int]) -> dict[int, str]:
        field = _NAMED.get(model, ("name",))[0]
        known = self._known.setdefault((model, field), {})
        if missing := sorted(set(numbers) - set(known)):
            rows = await self._rpc.rows(model, [["id", "in", missing]], [field], archived=True)
            known |= {row["id"]: str(row[field] or "") for row in rows}
        return known

    async def number(self, model: str, name: str) -> int:
        """Raises `WriteRefused` unless exactly one record is called so."""
        found: list[int] = []
        for field in _NAMED.get(model, ("name",)):
            found = await self._rpc.call(model, "search", domain=[[field, "=", name]], limit=2)
            if found:
                break
        if len(found) != 1:
            count = "没有" if not found else "不止一个"
            raise WriteRefused(f"{self._name} 里{count} {model}“{name}”;请管理员核对")
        return found[0]


def external_id(key: WriteKey) -> str:
    """The name under which a write can be found again. Two keys never share one: other signs become their numbers."""
    return re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", key)


def loaded(values: dict[str, Any], types: dict[str, str], external: str) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for `load`: texts only, numbers of other records under `…/.id`, lines in rows of their own."""
    columns, first = ["id"], [f"{MODULE}.{external}"]
    for place, value in values.items():
        if isinstance(value, list):
            continue
        columns.append(f"{place}/.id" if types.get(place) in {"many2one", "many2many"} else place)
        first.append(str(value))
    rows = [first]
    for place, value in values.items():
        if isinstance(value, list):
            _add_lines(columns, rows, place, value)
    return columns, [row + [""] * (len(columns) - len(row)) for row in rows]


def _add_lines(
    columns: list[str], rows: list[list[str]], place: str, lines: Sequence[dict[str, Any]]
) -> None:
    names = list(dict.fromkeys(name for line in lines for name in line))
    start = len(columns)
    columns += [f"{place}/{name}" for name in names]
    for number, line in enumerate(lines):
        if number == len(rows):
            rows.append([])
        rows[number] += [""] * (start - len(rows[number]))
        rows[number] += [str(line.get(name, "")) for name in names]
