"""Partners, leads, quotations, tickets, activities, meetings and notes of an Odoo, read and written as the mapping says.

Run against a fake only; field facts from Odoo's external API documentation. Every new record is written by `load` under
an external id made of the write key: one call, one transaction, and the key is Odoo's own.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.odoo.names import MODULE, Names, external_id, loaded
from crm_bridge.adapters.odoo.rows import LOST, STAGE, OdooRows
from crm_bridge.adapters.odoo.rpc import OdooRpc
from crm_bridge.adapters.remote import (
    Lack,
    Receipts,
    RemoteCrm,
    by_account,
    cleared,
    lacks_of,
    mistyped,
    refused,
    same,
    sheet_of,
    spelled,
)
from crm_bridge.adapters.remote.html import to_html
from crm_bridge.calling import CallRefused
from crm_bridge.errors import CrmUnavailable, NotShownYet, OutcomeUnknown, WriteRefused
from crm_bridge.mapping import Mapping, ObjectMap, Row, Sheet, load_mapping, source_values
from crm_bridge.model import WriteKey

_FIT = {
    "money": {"float", "monetary", "integer"},
    "decimal": {"float", "monetary", "integer"},
    "integer": {"float", "integer"},
    "date": {"date", "datetime"},
    "datetime": {"datetime"},
    "boolean": {"boolean"},
}


def connect(access: Access, host: Host, transport: httpx.AsyncBaseTransport | None = None) -> RemoteCrm:
    """`token` is the API key of a user made for it; before Odoo 19 `user` is that user's login."""
    mapping = load_mapping("odoo", access.mapping)
    context = {"lang": str(mapping.options.get("lang", "zh_CN"))}
    rpc = OdooRpc(
        access.base_url, access.database, access.token, access.user, access.timeout_s, context, transport
    )
    return RemoteCrm(OdooSystem(rpc, mapping), Receipts("odoo", host.transaction), host.clock)


class OdooSystem:
    """Implements `RemoteSystem` and `Polled`."""

    def __init__(self, rpc: OdooRpc, mapping: Mapping) -> None:
        self.mapping = mapping
        self.rpc = rpc
        self.names = Names(rpc, mapping.name)
        self.rows = OdooRows(rpc, self.names, mapping)

    async def accounts(self) -> Sequence[Row]:
        return await self.rows.read("account", [])

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        mapped = self.mapping.contact
        return by_account(mapped, await self.rows.read("contact", [])) if mapped else {}

    async def sheet(self, account: str) -> Sheet | None:
        async def rows_of(kind: str) -> Sequence[Row]:
            return await self.rows.of(kind, account)

        return await sheet_of(self.mapping, await self.record("account", account), rows_of)

    async def record(self, kind: str, record: str) -> Row | None:
        if not record.isdecimal():
            return None
        found = await self._asked(self.rows.read(kind, [["id", "=", int(record)]]))
        return found[0] if found else None

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        domain = [
            ["module", "=", MODULE],
            ["name", "=", external_id(key)],
            ["model", "=", self._object(kind).object],
        ]
        found = await self._asked(self.rpc.rows("ir.model.data", domain, ["res_id"]))
        return await self.record(kind, str(found[0]["res_id"])) if found else None

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        mapped = self._object(kind)
        if values.get("stage") in {"赢单", "输单"}:
            raise WriteRefused(f"新商机不能直接建成“{values['stage']}”")
        made = source_values(self.mapping, kind, values, account=int(account))
        ready = await self._ready(mapped, made)
        columns, rows = loaded(ready, await self.rows.types(mapped.object), external_id(key))
        # an update by `load` would add the lines once more: only what has none may be sent twice
        safe = not any(isinstance(value, list) for value in ready.values())
        answer = await self._write(
            self.rpc.call(mapped.object, "load", fields=columns, data=rows, repeatable=safe)
        )
        if not answer["ids"]:
            raise WriteRefused(f"{self.mapping.name} 没有接受:{_complaint(answer['messages'])}")
        row = await self.record(kind, str(answer["ids"][0]))
        if row is None:
            raise NotShownYet(
                f"{self.mapping.name} took a {kind} and does not show it; does `where` exclude it?",
                str(answer["ids"][0]),
            )
        return row

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        """Odoo knows no conditions: it is looked just before whether the row still is as it was read."""
        mapped, number = self._object(kind), int(row["id"])
        if not same(row, await self.record(kind, str(number))):
            raise WriteRefused(f"{self.mapping.name} 里这条记录刚被别人改过,请刷新后再试")
        given = source_values(self.mapping, kind, values) | cleared(mapped, values)
        made = await self._ready(mapped, given, row)
        await self._write(self.rpc.call(mapped.object, "write", [number], vals=made))
        found = await self.record(kind, str(number))
        if found is None:
            raise OutcomeUnknown(f"{self.mapping.name} does not show {kind} {number} after a change")
        return found

    async def cancel(self, kind: str, row: Row) -> None:
        mapped = self._object(kind)
        if not mapped.cancel:
            raise WriteRefused(f"{self.mapping.name} 里的这条记录不能从这里撤销,请在系统里处理")
        method = "unlink" if mapped.cancel == "delete" else mapped.cancel
        await self._write(self.rpc.call(mapped.object, method, [int(row["id"])]))

    async def check(self) -> Sequence[Lack]:
        self.rows.forget()
        lacks: list[Lack] = []
        for kind, mapped in self.mapping.objects():
            try:
                types = await self.rows.types(mapped.object)
            except CallRefused as error:
                lacks.append(Lack(kind, mapped.object, "", f"the system has no such object ({error.words})"))
                continue
            lacks += lacks_of(kind, mapped, {*types, STAGE})
            lacks += mistyped(self.mapping, kind, types, _FIT)
        return lacks

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """Archived rows too; what was deleted for good is found missing by the sweep."""
        domain = [[self._object(kind).modified, ">=", _spelling(at)]]
        return await self.rows.read(kind, domain, archived=True)

    def is_deleted(self, row: Row) -> bool:
        return row.get("active") is False and row.get(STAGE) != LOST

    async def close(self) -> None:
        await self.rpc.close()

    async def _ready(self, mapped: ObjectMap, made: dict[str, Any], row: Row | None = None) -> dict[str, Any]:
        """Names as numbers, texts as HTML where Odoo wants it, times as its own texts in UTC."""
        types, relations = await self.rows.types(mapped.object), self.rows.relations(mapped.object)
        ready: dict[str, Any] = {}
        for place, value in made.items():
            if place == STAGE:
                ready |= await self._staged(mapped, str(value), row)
            elif types.get(place) == "many2many" and row is not None:
                ready[place] = await self._retagged(mapped, place, relations[place], value, row)
            elif value is None:
                ready[place] = False
            elif types.get(place) == "html":
                ready[place] = to_html(str(value))
            elif types.get(place) == "many2one" and not isinstance(value, int):
                ready[place] = await self.names.number(relations[place], str(value))
            elif isinstance(value, list):
                ready[place] = [await self._line(relations[place], one) for one in value]
            else:
                ready[place] = spelled(value, _spelling)
        return ready

    async def _line(self, model: str, line: dict[str, Any]) -> dict[str, Any]:
        """As `load` names its columns: a product by its code or name becomes a number under `product_id/.id`."""
        types, relations = await self.rows.types(model), self.rows.relations(model)
        made: dict[str, Any] = {}
        for place, value in line.items():
            if types.get(place) == "many2one":
                made[f"{place}/.id"] = await self.names.number(relations[place], str(value))
            else:
                made[place] = spelled(value, _spelling)
        return made

    async def _staged(self, mapped: ObjectMap, stage: str, row: Row | None) -> dict[str, Any]:
        """A lost deal is archived with a probability of nothing; its stage stays where it was."""
        if stage == LOST:
            return {"active": False, "probability": 0}
        made: dict[str, Any] = {"stage_id": await self.names.number("crm.stage", stage)}
        return made | ({"active": True} if row is not None and row.get(STAGE) == LOST else {})

    async def _retagged(
        self, mapped: ObjectMap, place: str, model: str, name: str | None, row: Row
    ) -> list[list[int]]:
        """Out with the tags that the mapping knows for this field, in with the one; others stay."""
        known = next(how.map for how in mapped.fields.values() if how.source == place)
        names = await self.names.of(model, row[f"{place}.ids"])
        old = [number for number in row[f"{place}.ids"] if names.get(number) in known]
        new = [[4, await self.names.number(model, name), 0]] if name else []
        return [*([3, number, 0] for number in old), *new]

    async def _asked(self, question: Any) -> list[Row]:
        try:
            found: list[Row] = await question
        except CallRefused as error:
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error
        return found

    async def _write(self, call: Any) -> Any:
        try:
            return await call
        except CallRefused as error:
            raise refused(self.mapping.name, error) from error

    def _object(self, kind: str) -> ObjectMap:
        mapped = self.mapping.of(kind)
        assert mapped is not None
        return mapped


def _complaint(messages: Sequence[Dict[str, Any]]) -> str:
    said = [str(one.get("message", "")) for one in messages if one.get("type") == "error"]
    return "; ".join(said)[:200] or "没有说明原因"


def _spelling(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case _:
            return value
