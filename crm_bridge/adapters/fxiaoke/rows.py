"""Customers, deals, quotes, orders and what a company made itself in 纷享销客, read and written as the mapping says.

Run against a fake only; field facts from Fxiaoke's open API documentation, those that no document confirms are marked in
the template. Nothing tells of changes: it is asked by the time of modification, and the sweep finds what is not shown any more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.fxiaoke.api import FxiaokeApi
from crm_bridge.adapters.remote import (
    FlatSystem,
    Lack,
    Receipts,
    RemoteCrm,
    Where,
    strange_choices,
    the_one,
)
from crm_bridge.mapping import Mapping, ObjectMap, Row, load_mapping

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SIGNS = {"=": "EQ", "!=": "N", ">": "GT", ">=": "GTE"}
_PAGE = 100
"""More is not answered; and offsets end at 10,000, so it is paged by id."""
_OWN = {
    "_id": "text",
    "owner": "employee",
    "create_time": "date_time",
    "last_modified_time": "date_time",
    "life_status": "select_one",
    "is_deleted": "true_or_false",
}
"""What every object has, described or not."""
_NUMBERS = {"number", "currency", "percentile", "count", "formula"}


def connect(access: Access, host: Host, transport: httpx.AsyncBaseTransport | None = None) -> RemoteCrm:
    """`client_id` and `client_secret` are the app's, `token` its permanent code for the company, `user` the number of the
    CRM employee that we act as; `base_url` only where the company is in another cloud than open.fxiaoke.com."""
    mapping = load_mapping("fxiaoke", access.mapping)
    api = FxiaokeApi(
        access.client_id, access.client_secret, access.token, access.user, access.base_url, access.timeout_s, transport,
    )  # fmt: skip
    system = FlatSystem(FxiaokeRows(api, mapping), mapping, host.clock)
    return RemoteCrm(system, Receipts("fxiaoke", host.transaction), host.clock)


class FxiaokeRows:
    """Implements `RowApi`."""

    fit: Dict[str, Collection[str]] = {
        "money": _NUMBERS,
        "decimal": _NUMBERS,
        "integer": _NUMBERS,
        "date": {"date", "date_time"},
        "datetime": {"date_time"},
        "boolean": {"true_or_false"},
        "owner": {"employee"},
    }

    def __init__(self, api: FxiaokeApi, mapping: Mapping) -> None:
        self.api = api
        self._mapping = mapping
        self._described: dict[str, dict[str, dict[str, Any]]] = {}

    def is_id(self, text: str) -> bool:
        return _ID.fullmatch(text) is not None

    async def types(self, mapped: ObjectMap) -> Dict[str, str]:
        self._described[mapped.object] = await self.api.describe(mapped.object)
        return self._types(mapped.object)

    async def rows(self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where]) -> list[Row]:
        found: list[Row] = []
        last: list[Where] = []
        while True:
            page = await self._page(mapped.object, places, [*where, *last], mapped.id, True, _PAGE)
            found += page
            if len(page) < _PAGE:
                return found
            last = [Where(mapped.id, ">", page[-1][mapped.id])]

    async def newest(
        self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where], most: int
    ) -> list[Row]:
        order = mapped.created or mapped.id
        return await self._page(mapped.object, places, where, order, False, min(most, _PAGE))

    async def create(self, mapped: ObjectMap, values: Dict[str, Any]) -> str | None:
        """Of objects that a company made itself, the id may be missing in the answer."""
        own = mapped.lines.source if mapped.lines else ""
        plain = {place: value for place, value in values.items() if place != own}
        made: dict[str, Any] = {"object_data": self._spelled(mapped.object, plain)}
        if lines := values.get(own):
            made["details"] = {own: [await self._line(mapped, own, line) for line in lines]}
        answer = await self.api.write(mapped.object, "create", made)
        return str(answer["dataId"]) if answer.get("dataId") else None

    async def update(self, mapped: ObjectMap, row: Row, values: Dict[str, Any]) -> None:
        made = self._spelled(mapped.object, values)
        data = {"object_data": made | {mapped.id: row[mapped.id]}}
        await self.api.write(mapped.object, "update", data)

    async def cancel(self, mapped: ObjectMap, row: Row) -> None:
        """Voided, which people can bring back; only then could it be deleted."""
        data = {"dataObjectApiName": mapped.object, "object_data_id": row[mapped.id]}
        await self.api.write(mapped.object, "invalid", data)

    async def doubts(self) -> Sequence[Lack]:
        return [
            lack
            for kind, mapped in self._mapping.objects()
            for lack in strange_choices(self._mapping, kind, self._choices(mapped.object))
        ]

    async def close(self) -> None:
        await self.api.close()

    async def _page(
        self, name: str, places: Sequence[str], where: Sequence[Where], order: str, rising: bool, most: int
    ) -> list[Row]:
        """`field_name` and `field_values` here, `fieldName` and `isAsc` there: as Fxiaoke spells them."""
        filters = [
            {
                "field_name": one.place,
                "operator": _SIGNS[one.sign],
                "field_values": [str(self._one("", one.value))],
            }
            for one in where
        ]
        question = {
            "limit": most,
            "offset": 0,
            "filters": filters,
            "orders": [{"fieldName": order, "isAsc": rising}],
            "fieldProjection": list(places),
        }
        return [dict(one) for one in await self.api.query(name, question)]

    def _spelled(self, name: str, values: Dict[str, Any]) -> dict[str, Any]:
        types = self._types(name)
        made = {place: self._one(types.get(place, ""), value) for place, value in values.items()}
        return {"dataObjectApiName": name, **made}

    async def _line(self, mapped: ObjectMap, name: str, line: Dict[str, Any]) -> dict[str, Any]:
        if name not in self._described:
            self._described[name] = await self.api.describe(name)
        types = self._types(name)
        references = mapped.options.get("references", {})
        made = {
            place: (
                await self._number_of(str(value), *references[place])
                if place in references
                else self._one(types.get(place, ""), value)
            )
            for place, value in line.items()
        }
        return {"dataObjectApiName": name, **made}

    async def _number_of(self, words: str, name: str, *places: str) -> str:
        """The id of the one record that people call so. Raises `WriteRefused`."""
        found: list[Row] = []
        for place in places:
            found = await self._page(name, ["_id"], [Where(place, "=", words)], "_id", True, 2)
            if found:
                break
        return the_one(self._mapping.name, words, found, "_id")

    def _one(self, kind: str, value: Any) -> Any:
        """Numbers and money are texts, instants and days milliseconds, employees a list."""
        match value:
            case None:
                return None
            case bool():
                return value
            case datetime():
                return int(value.timestamp() * 1000)
            case date() if kind in {"date", "date_time", ""}:
                there = datetime.combine(value, time(), self._mapping.time.tz)
                return int(there.timestamp() * 1000)
            case Decimal():
                return format(value, "f")
            case str() if kind == "employee":
                return [value]
            case int() if kind in _NUMBERS:
                return str(value)
        return value

    def _types(self, name: str) -> dict[str, str]:
        described = self._described[name].items()
        return {**_OWN, **{place: str(how.get("type", "")) for place, how in described}}

    def _choices(self, name: str) -> dict[str, list[str]]:
        return {
            place: [str(one["value"]) for one in how["options"]]
            for place, how in self._described.get(name, {}).items()
            if how.get("options")
        }
