"""Customers, quotations, orders and receivables of 金蝶云星空, read and written as the mapping says.

Run against a fake only; field facts from Kingdee's WebAPI documentation, those that no document confirms are marked in
the template. Nothing tells of changes: it is asked by the time of modification, and the sweep finds what was deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.kingdee.api import KingdeeApi, complaint_of
from crm_bridge.adapters.remote import FlatSystem, Lack, Receipts, RemoteCrm, Where, spelled
from crm_bridge.errors import CrmUnavailable, WriteRefused
from crm_bridge.mapping import Mapping, ObjectMap, Row, load_mapping, put

STATE = "state"
"""`state` in a mapping: cancelled, closed, or the status of the document (Z, A, B, C, D)."""
_STATUS, _CLOSED, _CANCELLED = "FDocumentStatus", "FCloseStatus", "FCancelStatus"
_ORG = "{tenant}"
"""In a mapping: the number of our organisation. Without one, what names it is left out."""
_PAGE = 2000
_LONGEST_NUMBER = 120


def connect(access: Access, host: Host, transport: httpx.AsyncBaseTransport | None = None) -> RemoteCrm:
    """`database` is the account set's id, `client_id` and `client_secret` are the app's, `tenant` the organisation's
    number, without which documents of several organisations stand beside each other and none can be made."""
    mapping = load_mapping("kingdee", access.mapping)
    api = KingdeeApi(
        access.base_url, access.database, access.user, access.client_id, access.client_secret, host.clock,
        access.timeout_s, str(mapping.options.get("digest", "sha256")), transport,
    )  # fmt: skip
    system = FlatSystem(KingdeeRows(api, mapping, access.tenant), mapping, host.clock)
    return RemoteCrm(system, Receipts("kingdee", host.transaction), host.clock)


class KingdeeRows:
    """Implements `RowApi`."""

    fit: Dict[str, Collection[str]] = {}

    def __init__(self, api: KingdeeApi, mapping: Mapping, org: str = "") -> None:
        self.api = api
        self._mapping = mapping
        self._org = org
        self._known: dict[str, Dict[str, str]] = {}

    def is_id(self, text: str) -> bool:
        return 0 < len(text) <= _LONGEST_NUMBER and text.isprintable()

    async def types(self, mapped: ObjectMap) -> Dict[str, str]:
        """Fields of head and lines; which numbers stand for which types, no document tells."""
        told = await self.api.ask("QueryBusinessInfo", {"data": {"FormId": mapped.object}})
        found = {_primary(mapped): "primary"}
        for entry in told["Result"]["NeedReturnData"]["Entrys"]:
            found |= {str(field["Key"]): str(field.get("ElementType", "")) for field in entry["Fields"]}
        if _STATUS in found:
            found[STATE] = "state"
        self._known[mapped.object] = found
        return found

    async def rows(self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where]) -> list[Row]:
        """Page by page after the last primary key: rows that come and go would shift a count."""
        primary, last, found = _primary(mapped), 0, list[Row]()
        while True:
            page = await self._page(
                mapped, places, [*where, Where(primary, ">", last)], f"{primary} ASC", _PAGE
            )
            found += page
            if len(page) < _PAGE:
                return _once(found, primary)
            last = page[-1][primary]

    async def newest(
        self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where], most: int
    ) -> list[Row]:
        primary = _primary(mapped)
        return _once(await self._page(mapped, places, where, f"{primary} DESC", most), primary)

    async def create(self, mapped: ObjectMap, values: Dict[str, Any]) -> str | None:
        result = await self._save(mapped, {_primary(mapped): 0, **self._filled(values)}, [])
        made = result.get("Number") or next(iter(_succeeded(result)), None)
        return str(made) if made else None

    async def update(self, mapped: ObjectMap, row: Row, values: Dict[str, Any]) -> None:
        model: dict[str, Any] = {}
        for place, value in values.items():
            put(model, place, "" if value is None else value)
        await self._save(mapped, {_primary(mapped): row[_primary(mapped)], **model}, list(model))

    async def cancel(self, mapped: ObjectMap, row: Row) -> None:
        """`cancel` names the operation. Its answer counts per document, whatever its head says."""
        operation, number = mapped.cancel.capitalize(), str(row[mapped.id])
        result = await self.api.write(operation, mapped.object, {"Numbers": [number]})
        if number not in _succeeded(result):
            why = complaint_of({"Result": result})[1] or "没有说明原因"
            raise WriteRefused(f"{self._mapping.name} 没有撤销 {number}:{why}")

    async def doubts(self) -> Sequence[Lack]:
        """Times carry no zone: a wrong one would shift them all without a word."""
        offset, there = self.api.offset, self.api.clock().astimezone(self._mapping.time.tz).utcoffset()
        if offset is None or offset == there:
            return ()
        why = f"the server's clock is at UTC+{offset}, `time.zone` of the mapping at UTC+{there}"
        return (Lack("account", self._mapping.account.object, "", why),)

    async def close(self) -> None:
        await self.api.close()

    async def _save(self, mapped: ObjectMap, model: dict[str, Any], changed: list[str]) -> dict[str, Any]:
        flags = {
            "NeedUpDateFields": changed,
            "NeedReturnFields": [],
            "IsDeleteEntry": "false",  # with true, every line that is not sent is deleted
            "IsVerifyBaseDataField": "true",
            "ValidateFlag": "true",
            "NumberSearch": "true",
            "IsAutoSubmitAndAudit": "false",
            "ValidateRepeatJson": "true",
        }
        return await self.api.write("Save", mapped.object, flags | {"Model": spelled(model, self._spelling)})

    async def _page(
        self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where], order: str, most: int
    ) -> list[dict[str, Any]]:
        known = self._known[mapped.object]
        asked = [place for place in dict.fromkeys([_primary(mapped), *places]) if place != STATE]
        if STATE in places:
            asked += [one for one in (_STATUS, _CLOSED, _CANCELLED) if one in known and one not in asked]
        question = {
            "FormId": mapped.object,
            "FieldKeys": ",".join(asked),
            "FilterString": " AND ".join(
                self._condition(one) for one in where if one.value != _ORG or self._org
            ),
            "OrderString": order,
            "TopRowCount": 0,
            "StartRow": 0,
            "Limit": most,
        }
        found = await self.api.ask("ExecuteBillQuery", {"parameters": [question]})
        if not isinstance(found, list) or any(len(one) != len(asked) for one in found):
            raise CrmUnavailable(f"kingdee answered a question about {mapped.object} with other columns")
        rows = [dict(zip(asked, one, strict=True)) for one in found]
        return [row | {STATE: _state(row)} for row in rows] if STATE in places else rows

    def _condition(self, one: Where) -> str:
        value = self._org if one.value == _ORG else self._spelling(one.value)
        told = str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
        return f"{one.place}{one.sign.replace('!=', '<>')}{told}"

    def _filled(self, values: Dict[str, Any]) -> dict[str, Any]:
        """With our organisation where the mapping says so."""
        made: dict[str, Any] = {}
        for place, value in values.items():
            if isinstance(value, dict):
                value = self._filled(value)
            elif value == _ORG:
                value = self._org or None
            if value not in (None, {}):
                made[place] = value
        return made

    def _spelling(self, value: Any) -> Any:
        match value:
            case Decimal():
                return int(value) if value == value.to_integral_value() else float(value)
            case datetime():
                return f"{value.astimezone(self._mapping.time.tz):%Y-%m-%d %H:%M:%S}"
            case date():
                return value.isoformat()
            case _:
                return value


def _primary(mapped: ObjectMap) -> str:
    """The number behind a record: FID of documents; base data has names of its own."""
    return str(mapped.options.get("primary", "FID"))


def _once(rows: Sequence[Row], primary: str) -> list[Row]:
    """A field of the lines multiplies rows: the first line speaks for the document."""
    return list({row[primary]: row for row in reversed(rows)}.values())[::-1]


def _state(row: Row) -> Any:
    if row.get(_CANCELLED) == "B":
        return "cancelled"
    return "closed" if row.get(_CLOSED) == "B" else row.get(_STATUS)


def _succeeded(result: Dict[str, Any]) -> list[str]:
    status = result.get("ResponseStatus") or {}
    return [str(one.get("Number")) for one in status.get("SuccessEntitys") or () if one.get("Number")]
