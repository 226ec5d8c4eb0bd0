"""Companies, deals, tickets, tasks, meetings, notes and quotes of a HubSpot account, read and written as the mapping says.

Run against a fake only; field facts from HubSpot's API documentation. What belongs to a company is found by its
associations and read by id: a search shows new rows only after a while. Deals, tickets and quotes carry the write key in
a property that HubSpot keeps unique; tasks, meetings and notes have it in their text.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.hubspot.api import HubSpotApi
from crm_bridge.adapters.hubspot.lines import LineWriter
from crm_bridge.adapters.hubspot.names import ALIAS, LABEL, OWNER, Names
from crm_bridge.adapters.remote import (
    MOST_ROWS,
    Lack,
    Lacking,
    Receipts,
    RemoteCrm,
    cleared,
    lacks_of,
    mistyped,
    refused,
    same,
    sheet_of,
    spelled,
)
from crm_bridge.adapters.remote.html import to_html, to_text
from crm_bridge.calling import CallRefused, Kind
from crm_bridge.errors import CrmUnavailable, NotShownYet, OutcomeUnknown, WriteRefused
from crm_bridge.mapping import (
    Mapping,
    ObjectMap,
    Row,
    Sheet,
    key_in,
    load_mapping,
    pick,
    source_values,
)
from crm_bridge.mapping.convert import SHANGHAI
from crm_bridge.model import WriteKey

PERSON = "person.name"
"""In a mapping: first and last name in the order that their letters want."""
COMPANY = "company"
"""Where a row names its customer: HubSpot has an association there and no property."""
_OURS = frozenset({"id", "createdAt", "updatedAt", "archived", COMPANY})
_FIT = {
    "money": {"number"},
    "decimal": {"number"},
    "integer": {"number"},
    "date": {"date", "datetime"},
    "datetime": {"datetime"},
    "boolean": {"bool"},
}


def connect(access: Access, host: Host, transport: httpx.AsyncBaseTransport | None = None) -> RemoteCrm:
    """`token` is a private app's or a service key; with `client_id` and `client_secret` an app's refresh token."""
    mapping = load_mapping("hubspot", access.mapping)
    api = HubSpotApi(
        access.token, access.base_url, access.client_id, access.client_secret,
        str(mapping.options.get("prefix", "crm/v3")), access.timeout_s, transport,
    )  # fmt: skip
    system = HubSpotSystem(api, mapping, host.clock)
    return RemoteCrm(system, Receipts("hubspot", host.transaction), host.clock)


class HubSpotSystem:
    """Implements `RemoteSystem` and `Polled`."""

    def __init__(self, api: HubSpotApi, mapping: Mapping, clock: Any = lambda: datetime.now(UTC)) -> None:
        self.mapping = mapping
        self.api = api
        self.names = Names(api, mapping.name)
        self._clock = clock
        self._described: dict[str, dict[str, str]] = {}

    async def accounts(self) -> Sequence[Row]:
        return await self._searched("account", [])

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        if self.mapping.contact is None:
            return {}
        found: dict[str, list[Row]] = {}
        for row in await self._searched("contact", []):
            if row[COMPANY]:
                found.setdefault(row[COMPANY], []).append(row)
        return dict(found)

    async def sheet(self, account: str) -> Sheet | None:
        found = await self.record("account", account)
        linked = await self._linked(account, self._types()) if found else {}

        async def rows_of(kind: str) -> Sequence[Row]:
            return await self._of(kind, account, linked.get(self._object(kind).object))

        return await sheet_of(self.mapping, found, rows_of)

    async def record(self, kind: str, record: str) -> Row | None:
        if not record.isdecimal():
            return None
        return await self._one(kind, record)

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        mapped = self._object(kind)
        if not mapped.key:
            return None
        if not mapped.key_within:
            return await self._one(kind, quote(key, safe=""), idProperty=mapped.key_field)
        try:
            rows = await self._of(kind, account, None)
        except CallRefused as error:
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error
        own = [row for row in rows if key_in(row[mapped.key_field], key)]
        return min(own, key=lambda row: int(row["id"]), default=None)

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        mapped = self._object(kind)
        made = source_values(self.mapping, kind, values, account=account, key=key)
        made.pop(COMPANY)
        lines = made.pop(mapped.lines.source, None) if mapped.lines else None
        if place := mapped.options.get("stamp"):
            made.setdefault(place, made.get(mapped.options.get("stamp_from", ""), self._clock()))
        links = [await self._link(mapped.object, self.mapping.account.object, account)]
        if lines:
            writer = LineWriter(self.api, self.mapping.name, str(mapped.options["line_key"]))
            numbers = await self._write(writer.write(spelled(lines, _text), key))
            links += [await self._link(mapped.object, "line_items", one) for one in numbers]
        body = {"properties": await self._properties(mapped, made), "associations": links}
        try:
            # where the key is unique, a repeat is refused and looked up
            unique = bool(mapped.key) and not mapped.key_within
            answer = await self.api.send("POST", f"objects/{mapped.object}", body, repeatable=unique)
            row = await self._one(kind, str(answer["id"]))
        except CallRefused as error:
            row = await self.find(kind, key, account) if error.kind is Kind.DUPLICATE else None
            if row is None:
                raise refused(self.mapping.name, error) from error
        if row is None:
            raise NotShownYet(f"{self.mapping.name} took a {kind} and does not show it", str(answer["id"]))
        return row

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        """HubSpot knows no conditions: it is looked just before whether the row still is as it was read."""
        mapped, number = self._object(kind), str(row["id"])
        if not same(row, await self.record(kind, number)):
            raise WriteRefused(f"{self.mapping.name} 里这条记录刚被别人改过,请刷新后再试")
        made = await self._properties(mapped, source_values(self.mapping, kind, values))
        made |= dict.fromkeys(cleared(mapped, values), "")
        await self._write(self.api.send("PATCH", f"objects/{mapped.object}/{number}", {"properties": made}))
        found = await self.record(kind, number)
        if found is None:
            raise OutcomeUnknown(f"{self.mapping.name} does not show {kind} {number} after a change")
        return found

    async def cancel(self, kind: str, row: Row) -> None:
        """Into the recycle bin, from where people can bring it back for 90 days."""
        mapped = self._object(kind)
        if mapped.cancel != "delete":
            raise WriteRefused(f"{self.mapping.name} 里的这条记录不能从这里撤销,请在系统里处理")
        await self._write(self.api.send("DELETE", f"objects/{mapped.object}/{row['id']}"))

    async def check(self) -> Sequence[Lack]:
        self._described.clear()
        lacks: list[Lack] = []
        for kind, mapped in self.mapping.objects():
            try:
                types = await self._properties_of(mapped.object)
            except CallRefused as error:
                lacks.append(Lack(kind, mapped.object, "", f"the system has no such object ({error.words})"))
                continue
            known = {*types, *_OURS, ALIAS, PERSON, *(f"{one}{LABEL}" for one in types)}
            lacks += lacks_of(kind, mapped, known)
            lacks += mistyped(self.mapping, kind, types, _FIT)
            if mapped.key and not mapped.key_within and types.get(mapped.key_field) == "string":
                lacks.append(
                    Lack(
                        kind, mapped.object, mapped.key_field, "the property must be unique (hasUniqueValue)"
                    )
                )
        return lacks

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """Rows in the recycle bin are never found by a search: the sweep finds them missing."""
        place = self._object(kind).modified
        wanted = {"propertyName": place, "operator": "GTE", "value": str(int(at.timestamp() * 1000))}
        return await self._searched(kind, [wanted])

    def is_deleted(self, row: Row) -> bool:
        return row.get("archived") is True

    async def close(self) -> None:
        await self.api.close()

    def _types(self) -> list[str]:
        kinds = [kind for kind, _ in self.mapping.objects() if kind != "account"]
        return list(dict.fromkeys(self._object(kind).object for kind in kinds))

    async def _linked(self, account: str, types: Sequence[str]) -> dict[str, list[str]]:
        """Kind of object → ids that belong to the company. One missing right refuses them all: then one by one, later."""
        try:
            return await self._links(self.mapping.account.object, account, types)
        except CallRefused as error:
            if error.kind is Kind.FORBIDDEN:
                return {}
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error

    async def _links(self, of: str, number: str, to: Sequence[str]) -> dict[str, list[str]]:
        found = await self.api.get(
            f"objects/{of}/{number}", associations=",".join(to), properties="hs_object_id"
        )
        return {one: _associated(found, one) for one in to}

    async def _of(self, kind: str, account: str, ids: list[str] | None) -> list[Row]:
        mapped = self._object(kind)
        if ids is None:
            ids = (await self._links(self.mapping.account.object, account, [mapped.object]))[mapped.object]
        newest = sorted(ids, key=int, reverse=True)[:MOST_ROWS]
        if not newest:
            return []
        found = await self.api.read_batch(mapped.object, newest, await self._asked(mapped))
        rows = [await self._row(mapped, one, account) for one in found]
        return sorted(rows, key=lambda row: int(row["id"]), reverse=kind != "contact")

    async def _one(self, kind: str, number: str, **more: str) -> Row | None:
        mapped = self._object(kind)
        asked = {"properties": ",".join(await self._asked(mapped)), **more}
        asked |= {} if kind == "account" else {"associations": self.mapping.account.object}
        try:
            found = await self.api.get(f"objects/{mapped.object}/{number}", **asked)
        except CallRefused as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error
        own = _associated(found, self.mapping.account.object)
        return await self._row(mapped, found, own[0] if own else "")

    async def _searched(self, kind: str, filters: Sequence[Dict[str, Any]]) -> list[Row]:
        mapped = self._object(kind)
        wanted = [*filters, *(mapped.where or [])]
        found = await self.api.search(mapped.object, wanted, await self._asked(mapped))
        owners = {} if kind == "account" else await self._owning(mapped.object, [one["id"] for one in found])
        return [await self._row(mapped, one, owners.get(one["id"], "")) for one in found]

    async def _owning(self, of: str, ids: Sequence[str]) -> dict[str, str]:
        """A search tells no associations."""
        owners: dict[str, str] = {}
        for at in range(0, len(ids), 100):
            body = {"inputs": [{"id": one} for one in ids[at : at + 100]]}
            found = await self.api.associations(of, self.mapping.account.object, "batch/read", body)
            for one in found["results"]:
                ranked = sorted(
                    one["to"], key=lambda to: not any(t["label"] == "Primary" for t in to["associationTypes"])
                )
                owners[str(one["from"]["id"])] = str(ranked[0]["toObjectId"]) if ranked else ""
        return owners

    async def _asked(self, mapped: ObjectMap) -> list[str]:
        places = [
            place.removesuffix(LABEL) for place in mapped.sources() if place not in _OURS and place != ALIAS
        ]
        named = ["firstname", "lastname"] if PERSON in places else []
        return list(dict.fromkeys([*(one for one in places if one != PERSON), *named, OWNER]))

    async def _row(self, mapped: ObjectMap, found: Dict[str, Any], company: str) -> dict[str, Any]:
        """Properties under their own names. HubSpot leaves out what it does not know, without a word."""
        types, given = await self._properties_of(mapped.object), found["properties"]
        row = {**given, **{name: found.get(name) for name in _OURS if name in found}, COMPANY: company}
        row["id"] = str(found["id"])
        for place in mapped.sources():
            if place == ALIAS:
                row[place] = await self.names.alias(given.get(OWNER))
            elif place.endswith(LABEL):
                row[place] = await self.names.stage_label(mapped.object, given.get(place.removesuffix(LABEL)))
            elif place == PERSON:
                row[place] = _person(given)
            elif place not in _OURS and place not in types:
                row[place] = Lacking(place)
        for place in mapped.options.get("html", ()):
            row[place] = to_text(str(row.get(place) or ""))
        return row

    async def _properties(self, mapped: ObjectMap, made: dict[str, Any]) -> dict[str, str]:
        """As HubSpot takes them: every value a text, names as ids, days as their types want them."""
        types = await self._properties_of(mapped.object)
        if owner := made.get(OWNER):
            made[OWNER] = await self.names.owner(str(owner))
        pipeline = mapped.options.get("pipeline")
        for place, value in made.items():
            if isinstance(value, dict):  # `dealstage.label`
                made[place] = await self.names.stage(mapped.object, str(value["label"]), str(pipeline))
        for place in mapped.options.get("html", ()):
            if place in made:
                made[place] = to_html(str(made[place]))
        return {place: _text(_in_type(value, types.get(place, ""))) for place, value in made.items()}

    async def _properties_of(self, name: str) -> dict[str, str]:
        """Property → type; `unique` for texts that HubSpot keeps unique."""
        if name not in self._described:
            told = (await self.api.get(f"properties/{name}"))["results"]
            self._described[name] = {
                one["name"]: "unique" if one.get("hasUniqueValue") else one["type"] for one in told
            }
        return self._described[name]

    async def _link(self, of: str, to: str, number: str) -> dict[str, Any]:
        return {"to": {"id": number}, "types": [await self.names.association(of, to)]}

    async def _write(self, call: Any) -> Any:
        try:
            return await call
        except CallRefused as error:
            raise refused(self.mapping.name, error) from error

    def _object(self, kind: str) -> ObjectMap:
        mapped = self.mapping.of(kind)
        assert mapped is not None
        return mapped


def _associated(found: Dict[str, Any], to: str) -> list[str]:
    """Ids, the primary association first; the same one may stand there under several labels."""
    results = pick(found, f"associations.{to}.results") or []
    ranked = sorted(results, key=lambda one: str(one.get("type", "")).endswith("_unlabeled"))
    return list(dict.fromkeys(str(one["id"]) for one in ranked))


def _person(given: Dict[str, Any]) -> str:
    first, last = given.get("firstname") or "", given.get("lastname") or ""
    return f"{first} {last}".strip() if (first + last).isascii() else last + first


def _in_type(value: Any, kind: str) -> Any:
    """A day in a property that holds instants is its beginning where the reps are."""
    if kind == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=SHANGHAI)
    return value


def _text(value: Any) -> str:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
        case date():
            return value.isoformat()
        case _:
            return str(value)
