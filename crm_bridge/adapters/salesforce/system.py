"""Accounts, opportunities, quotes, cases, tasks and events of a Salesforce org, read and written as the mapping says.

Run against a fake only; field facts from Salesforce's REST documentation. Objects that carry a unique external id are
upserted by it, so that a write may be repeated. Tasks and events know no such field: their key stands in the text, which
Salesforce cannot search, so it is looked for among the customer's own.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import httpx

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import (
    MOST_ROWS,
    Lack,
    Lacking,
    Receipts,
    RemoteCrm,
    by_account,
    cleared,
    lacks_of,
    mistyped,
    refused,
    sheet_of,
    spelled,
)
from crm_bridge.adapters.salesforce.api import POLLING_STOPS_AT, SalesforceApi
from crm_bridge.adapters.salesforce.quotes import QuoteWriter
from crm_bridge.adapters.salesforce.soql import literal, long_id, select
from crm_bridge.calling import CallRefused, Limit, Manner
from crm_bridge.errors import CrmUnavailable, NotShownYet, OutcomeUnknown, WriteRefused
from crm_bridge.mapping import (
    Mapping,
    ObjectMap,
    Row,
    Sheet,
    instant,
    key_in,
    load_mapping,
    pick,
    source_values,
)
from crm_bridge.model import WriteKey

_DELETED = "IsDeleted"
_FIT = {
    "money": {"currency", "double", "int", "percent", "long"},
    "decimal": {"currency", "double", "int", "percent", "long"},
    "integer": {"double", "int", "long"},
    "date": {"date", "datetime"},
    "datetime": {"datetime"},
    "boolean": {"boolean"},
}


def connect(access: Access, host: Host, transport: httpx.AsyncBaseTransport | None = None) -> RemoteCrm:
    """`base_url` is the org's My Domain; `client_id` and `client_secret` are a connected app's with a run-as user."""
    manner = Manner(timeout_s=access.timeout_s, limits=(Limit(20, 1),), side_by_side=8)
    api = SalesforceApi(access.base_url, access.client_id, access.client_secret, manner, transport)
    system = SalesforceSystem(api, load_mapping("salesforce", access.mapping), host.clock)
    return RemoteCrm(system, Receipts("salesforce", host.transaction), host.clock)


class SalesforceSystem:
    """Implements `RemoteSystem` and `Polled`."""

    def __init__(self, api: SalesforceApi, mapping: Mapping, clock: Any = lambda: datetime.now(UTC)) -> None:
        self.mapping = mapping
        self.api = api
        self._clock = clock
        self._described: dict[str, dict[str, str]] = {}
        self._users: dict[str, str] = {}

    async def accounts(self) -> Sequence[Row]:
        return await self._rows("account", [])

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        mapped = self.mapping.contact
        return by_account(mapped, await self._rows("contact", [])) if mapped else {}

    async def sheet(self, account: str) -> Sheet | None:
        found = await self.record("account", account)

        async def rows_of(kind: str) -> Sequence[Row]:
            mapped = self._object(kind)
            order = "Id" if kind == "contact" else f"{mapped.created or 'Id'} DESC, Id DESC"
            return await self._rows(kind, [self._owned(kind, str(pick(found, "Id")))], order, MOST_ROWS)

        return await sheet_of(self.mapping, found, rows_of)

    async def record(self, kind: str, record: str) -> Row | None:
        number = long_id(record)
        if number is None:
            return None
        found = await self._asked(self._rows(kind, [f"Id = {literal(number)}"]))
        return found[0] if found else None

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        mapped = self._object(kind)
        if not mapped.key:
            return None
        if mapped.key_within:
            rows = await self._asked(self._rows(kind, [self._owned(kind, account)], "CreatedDate, Id"))
            return next((row for row in rows if key_in(row[mapped.key_field], key)), None)
        condition = f"{mapped.key_field} = {literal(str(key))}"
        rows = await self._asked(self._rows(kind, [condition], "CreatedDate, Id"))
        return rows[0] if rows else None

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        mapped = self._object(kind)
        made = spelled(await self._values(kind, values, account, key), _spelling)
        for place, days in mapped.options.get("days_ahead", {}).items():
            made.setdefault(place, (self._clock() + timedelta(days=days)).date().isoformat())
        if mapped.lines is not None and mapped.lines.source in made:
            number = await self._write(QuoteWriter(self.api, mapped, self.mapping.name).create(account, made))
        elif mapped.key and not mapped.key_within:
            made.pop(mapped.key_field)
            path = f"sobjects/{mapped.object}/{mapped.key_field}/{quote(key, safe='')}"
            answer = await self._write(self.api.send("PATCH", path, made, repeatable=True))
            number = (answer or {}).get("id")  # versions before 46 say nothing after an update
        else:
            answer = await self._write(self.api.send("POST", f"sobjects/{mapped.object}", made))
            number = answer["id"]
        row = await self.record(kind, str(number)) if number else await self.find(kind, key, account)
        if row is None:
            raise NotShownYet(
                f"{self.mapping.name} took a {kind} and does not show it; does `where` exclude it?",
                str(number or ""),
            )
        return row

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        mapped, number = self._object(kind), str(row["Id"])
        made = spelled(await self._values(kind, values), _spelling) | cleared(mapped, values)
        at = instant(row[mapped.modified], self.mapping.time)
        # whole seconds are all that Salesforce compares: a change within the second of our reading goes unseen
        unless = {"If-Unmodified-Since": format_datetime(at, usegmt=True)}
        await self._write(self.api.send("PATCH", f"sobjects/{mapped.object}/{number}", made, headers=unless))
        found = await self.record(kind, number)
        if found is None:
            raise OutcomeUnknown(f"{self.mapping.name} does not show {kind} {number} after a change")
        return found

    async def cancel(self, kind: str, row: Row) -> None:
        mapped = self._object(kind)
        if mapped.cancel != "delete":
            raise WriteRefused(f"{self.mapping.name} 里的这条记录不能从这里撤销,请在系统里处理")
        await self._write(self.api.send("DELETE", f"sobjects/{mapped.object}/{row['Id']}"))

    async def check(self) -> Sequence[Lack]:
        self._described.clear()
        lacks: list[Lack] = []
        for kind, mapped in self.mapping.objects():
            try:
                types = await self._types(mapped.object)
            except CallRefused as error:
                lacks.append(Lack(kind, mapped.object, "", f"the system has no such object ({error.words})"))
                continue
            lacks += lacks_of(kind, mapped, types)
            lacks += mistyped(self.mapping, kind, types, _FIT)
        return lacks

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """Deleted rows too, for fifteen days: that long they stay in the recycle bin."""
        if self.api.used > POLLING_STOPS_AT:
            raise CrmUnavailable(
                f"salesforce: {self.api.used:.0%} of the day's calls are used, the rest is for people"
            )
        mapped = self._object(kind)
        condition = f"{mapped.modified} >= {literal(at)}"
        return await self._rows(kind, [condition], f"{mapped.modified}, Id", deleted_too=True)

    def is_deleted(self, row: Row) -> bool:
        return row.get(_DELETED) is True

    async def close(self) -> None:
        await self.api.close()

    async def _rows(
        self,
        kind: str,
        where: list[str],
        order: str = "Id",
        limit: int | None = None,
        deleted_too: bool = False,
    ) -> list[Row]:
        """Only fields that the org has are asked for: one unknown name would refuse the whole query."""
        mapped = self._object(kind)
        known = await self._types(mapped.object)
        places = list(mapped.sources())
        lacking = [place for place in places if place.split(".")[0] not in known]
        asked = [place for place in places if place not in lacking]
        asked += [_DELETED] if deleted_too else []
        soql = select(asked, mapped.object, [*where, mapped.where or ""], order, limit)
        found = await self.api.query(soql, deleted_too)
        return [_plain(row) | {place: Lacking(place) for place in lacking} for row in found]

    async def _types(self, name: str) -> dict[str, str]:
        """Field → type; relations stand under their own name."""
        if name not in self._described:
            told = await self.api.get(f"sobjects/{name}/describe")
            types = {one["name"]: one["type"] for one in told["fields"]}
            types |= {
                one["relationshipName"]: "relation" for one in told["fields"] if one.get("relationshipName")
            }
            self._described[name] = types
        return self._described[name]

    async def _values(
        self, kind: str, values: Dict[str, Any], account: str | None = None, key: WriteKey | None = None
    ) -> dict[str, Any]:
        made = source_values(self.mapping, kind, values, account=account, key=key)
        if owner := made.get("OwnerId"):
            made["OwnerId"] = await self._user(str(owner))
        return made

    async def _user(self, name: str) -> str:
        """The id of an active user by the field that the mapping reads owners from."""
        if name not in self._users:
            by = str(self.mapping.options.get("user", "Alias"))
            soql = select(["Id"], "User", [f"{by} = {literal(name)}", "IsActive = true"])
            found = await self._asked(self.api.query(soql))
            if len(found) != 1:
                raise WriteRefused(
                    f"{self.mapping.name} 里有 {len(found)} 个用户的 {by} 是“{name}”,应当正好一个;请管理员核对对应关系"
                )
            self._users[name] = found[0]["Id"]
        return self._users[name]

    def _owned(self, kind: str, account: str) -> str:
        return f"{self._object(kind).account} = {literal(account)}"

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


def _plain(row: Any) -> Any:
    """Without the `attributes` that Salesforce hangs on every record."""
    if isinstance(row, dict):
        return {name: _plain(value) for name, value in row.items() if name != "attributes"}
    return [_plain(one) for one in row] if isinstance(row, list) else row


def _spelling(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case date():
            return value.isoformat()
        case _:
            return value
