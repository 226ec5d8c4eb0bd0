"""Customers, deals, quotes, orders, cases, tasks and records of activity of 销售易, read and written as the mapping says.

Run against a fake only; field facts from Xiaoshouyi's documentation, those that no document confirms are marked in the
template. Nothing tells of changes: it is asked by the time of modification, and the sweep finds what was deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import FlatSystem, Lack, Receipts, RemoteCrm, Where, strange_choices, the_one
from crm_bridge.adapters.xiaoshouyi.api import XiaoshouyiApi
from crm_bridge.adapters.xiaoshouyi.lines import LineWriter
from crm_bridge.adapters.xiaoshouyi.xoql import condition, is_id, select
from crm_bridge.calling import CallRefused
from crm_bridge.errors import WriteRefused
from crm_bridge.mapping import Mapping, ObjectMap, Row, load_mapping

TYPE = "entityType"
"""Every new record must say which of its object's record types (业务类型) it is."""
_DEFAULT = "defaultBusiType"
_LARGEST_ID = 2**63


def connect(access: Access, host: Host, transport: httpx.AsyncBaseTransport | None = None) -> RemoteCrm:
    """`password` is followed by `token`, the user's security token, where the tenant asks for one; `base_url` is where one
    signs in, the answer names the pod to call."""
    mapping = load_mapping("xiaoshouyi", access.mapping)
    api = XiaoshouyiApi(
        access.client_id, access.client_secret, access.user, access.password + access.token,
        str(mapping.options.get("redirect_uri", "")), access.base_url, access.timeout_s,
        bool(mapping.options.get("bearer", True)), transport,
    )  # fmt: skip
    system = FlatSystem(XiaoshouyiRows(api, mapping), mapping, host.clock)
    return RemoteCrm(system, Receipts("xiaoshouyi", host.transaction), host.clock)


class XiaoshouyiRows:
    """Implements `RowApi`. Its description names types in words of its own: only whether fields exist is looked at."""

    fit: Dict[str, Collection[str]] = {}

    def __init__(self, api: XiaoshouyiApi, mapping: Mapping) -> None:
        self.api = api
        self._mapping = mapping
        self._choices: dict[str, dict[str, list[str]]] = {}
        self._record_types: dict[str, str] = {}

    def is_id(self, text: str) -> bool:
        return text.isascii() and text.isdecimal() and int(text) < _LARGEST_ID

    async def types(self, mapped: ObjectMap) -> Dict[str, str]:
        fields = await self.api.describe(mapped.object)
        self._choices[mapped.object] = {
            str(one["apiKey"]): [str(item["value"]) for item in one["selectitem"]]
            for one in fields
            if one.get("selectitem")
        }
        return {mapped.id: "id", **{str(one["apiKey"]): str(one.get("type", "")) for one in fields}}

    async def rows(self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where]) -> list[Row]:
        xoql = select([mapped.id, *places], mapped.object, self._conditions(where), mapped.id)
        return [_row(one) for one in await self.api.all(xoql)]

    async def newest(
        self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where], most: int
    ) -> list[Row]:
        order = f"{mapped.created} desc, {mapped.id} desc" if mapped.created else f"{mapped.id} desc"
        xoql = select([mapped.id, *places], mapped.object, self._conditions(where), order, most)
        return [_row(one) for one in await self.api.some(xoql)]

    async def create(self, mapped: ObjectMap, values: Dict[str, Any]) -> str | None:
        own = mapped.lines.source if mapped.lines else ""
        made = self._spelled(mapped.object, {place: one for place, one in values.items() if place != own})
        made.setdefault(TYPE, await self._record_type(mapped.object, mapped.options.get("record_type", "")))
        if not values.get(own):
            return await self.api.create(mapped.object, made)
        lines = [await self._line(mapped, own, line) for line in values[own]]
        return await self._writer(mapped).write(made, lines)

    async def update(self, mapped: ObjectMap, row: Row, values: Dict[str, Any]) -> None:
        await self.api.update(mapped.object, str(row[mapped.id]), self._spelled(mapped.object, values))

    async def cancel(self, mapped: ObjectMap, row: Row) -> None:
        number = str(row[mapped.id])
        if mapped.lines:
            await self._writer(mapped).delete(number)
        else:
            await self.api.delete(mapped.object, number)

    async def doubts(self) -> Sequence[Lack]:
        lacks: list[Lack] = []
        for kind, mapped in self._mapping.objects():
            lacks += strange_choices(self._mapping, kind, self._choices.get(mapped.object, {}))
            if mapped.object in self._choices and mapped.cancel and TYPE not in mapped.fixed:
                try:
                    await self._record_type(mapped.object, mapped.options.get("record_type", ""))
                except (WriteRefused, CallRefused) as error:
                    lacks.append(Lack(kind, mapped.object, TYPE, str(error)))
        return lacks

    async def close(self) -> None:
        await self.api.close()

    def _conditions(self, where: Sequence[Where]) -> list[str]:
        return [condition(one.place, one.sign, self._one(one.value)) for one in where]

    def _writer(self, mapped: ObjectMap) -> LineWriter:
        assert mapped.lines is not None
        parent = str(mapped.options["line_parent"])
        return LineWriter(self.api, mapped.object, mapped.lines.source, parent, mapped.key_field)

    async def _line(self, mapped: ObjectMap, name: str, line: Dict[str, Any]) -> dict[str, Any]:
        references = mapped.options.get("references", {})
        made: dict[str, Any] = {TYPE: await self._record_type(name, mapped.options.get("line_type", ""))}
        for place, value in line.items():
            made[place] = (
                await self._number_of(str(value), *references[place])
                if place in references
                else self._one(value)
            )
        return made

    async def _number_of(self, words: str, name: str, *places: str) -> str:
        found: list[dict[str, Any]] = []
        for place in places:
            found = await self.api.some(select(["id"], name, [condition(place, "=", words)], most=2))
            if found:
                break
        return the_one(self._mapping.name, words, found, "id")

    async def _record_type(self, name: str, wanted: str) -> str:
        """The id of the record type called so; without a name the only one, or the default. Raises `WriteRefused`."""
        if (known := f"{name}/{wanted}") not in self._record_types:
            found = await self.api.record_types(name)
            fit = [one for one in found if wanted in {one.get("apiKey"), one.get("label")}]
            if not wanted:
                fit = found if len(found) == 1 else [one for one in found if one.get("apiKey") == _DEFAULT]
            if len(fit) != 1:
                names = "、".join(str(one.get("apiKey")) for one in found) or "没有"
                raise WriteRefused(
                    f"{self._mapping.name} 的 {name} 没有业务类型“{wanted or _DEFAULT}”(有:{names});请管理员在映射里写 record_type"
                )
            self._record_types[known] = str(fit[0]["id"])
        return self._record_types[known]

    def _spelled(self, name: str, values: Dict[str, Any]) -> dict[str, Any]:
        """Choices are numbers there, instants and days milliseconds."""
        choices = self._choices[name]
        return {
            place: int(value) if place in choices and str(value).isdecimal() else self._one(value)
            for place, value in values.items()
        }

    def _one(self, value: Any) -> Any:
        match value:
            case datetime():
                return int(value.timestamp() * 1000)
            case date():
                there = datetime.combine(value, time(), self._mapping.time.tz)
                return int(there.timestamp() * 1000)
            case Decimal():
                return int(value) if value == value.to_integral_value() else float(value)
            case _:
                return value


def _row(one: Dict[str, Any]) -> Row:
    """Ids come as numbers or as texts: the same row must not look changed for it."""
    return {
        place: str(value) if is_id(place) and value is not None else value for place, value in one.items()
    }
