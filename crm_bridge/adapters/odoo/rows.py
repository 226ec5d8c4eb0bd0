"""Odoo's rows with what the mapping names in them: relations by name, HTML as text, the customer behind a contact."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from crm_bridge.adapters.odoo.names import Names
from crm_bridge.adapters.odoo.rpc import OdooRpc
from crm_bridge.adapters.remote import MOST_ROWS, Lacking
from crm_bridge.adapters.remote.html import to_text
from crm_bridge.mapping import Mapping, ObjectMap, Row

STAGE, LOST = "stage", "Lost"
"""`stage` in a mapping: the stage's name, or Lost for a deal that is archived."""
PARTNER = "res.partner"


class OdooRows:
    """Asks only for fields that the models have: one unknown name would refuse the whole read."""

    def __init__(self, rpc: OdooRpc, names: Names, mapping: Mapping) -> None:
        self._rpc = rpc
        self._names = names
        self._mapping = mapping
        self._described: dict[str, dict[str, Dict[str, Any]]] = {}

    def forget(self) -> None:
        self._described.clear()

    async def types(self, model: str) -> dict[str, str]:
        if model not in self._described:
            attributes = ["type", "relation"]
            self._described[model] = await self._rpc.call(model, "fields_get", attributes=attributes)
        return {name: str(how["type"]) for name, how in self._described[model].items()}

    def relations(self, model: str) -> dict[str, str]:
        return {
            name: str(how["relation"]) for name, how in self._described[model].items() if how.get("relation")
        }

    async def read(self, kind: str, domain: Sequence[Any], archived: bool = False) -> list[Row]:
        mapped = self._object(kind)
        types = await self.types(mapped.object)
        found = await self._rpc.rows(
            mapped.object, [*domain, *(mapped.where or [])], _asked(mapped, types), archived or _hides(mapped)
        )
        return await self._told(mapped, found, await self._companies(mapped, found))

    async def of(self, kind: str, account: str) -> list[Row]:
        """The newest of a customer, its contacts' too."""
        mapped = self._object(kind)
        types = await self.types(mapped.object)
        is_partner = self._described[mapped.object].get(mapped.account, {}).get("relation") == PARTNER
        domain = [[mapped.account, "child_of" if is_partner else "=", int(account)], *(mapped.where or [])]
        found = await self._rpc.call(
            mapped.object, "search_read", domain=domain, fields=_asked(mapped, types), limit=MOST_ROWS,
            order="id" if kind == "contact" else "create_date desc, id desc", archived=_hides(mapped),
        )  # fmt: skip
        numbers = {_number(one[mapped.account]) for one in found}
        return await self._told(mapped, found, dict.fromkeys(numbers, account))

    async def _told(
        self, mapped: ObjectMap, found: Sequence[Dict[str, Any]], companies: Dict[int, str]
    ) -> list[Row]:
        types, relations = await self.types(mapped.object), self.relations(mapped.object)
        rows: list[Row] = []
        for one in found:
            row: dict[str, Any] = {
                name: None if value is False and types.get(name) != "boolean" else value
                for name, value in one.items()
            }
            for place, value in one.items():
                match types.get(place):
                    case "html":
                        row[place] = to_text(str(value or ""))
                    case "many2one" if value:
                        row[place] = value[1]
                    case "many2many" if place in mapped.sources():
                        names = await self._names.of(relations[place], value)
                        row[place], row[f"{place}.ids"] = [names[n] for n in value if n in names], value
            for place in mapped.sources():
                head, _, rest = place.partition(".")
                if place == STAGE:
                    row[STAGE] = LOST if one.get("active") is False else row.get("stage_id")
                elif head not in types:
                    row[place] = Lacking(place)
                elif rest:  # `user_id.login`
                    owner = one[head][0] if one.get(head) else None
                    row[place] = (
                        (await self._names.of(relations[head], [owner])).get(owner) if owner else None
                    )
            if mapped.account in one:
                row[mapped.account] = companies.get(_number(one[mapped.account]), "")
            rows.append(row)
        return rows

    async def _companies(self, mapped: ObjectMap, found: Sequence[Dict[str, Any]]) -> dict[int, str]:
        """Partner → the company behind it: orders often name a contact, and a contact may stand under a department."""
        numbers = {number for one in found if (number := _number(one.get(mapped.account)))}
        companies = {number: number for number in numbers}
        above = numbers
        while above:
            rows = await self._rpc.rows(PARTNER, [["id", "in", sorted(above)]], ["parent_id"], archived=True)
            parents = {row["id"]: row["parent_id"][0] for row in rows if row["parent_id"]}
            moved = {own: parents[top] for own, top in companies.items() if top in parents}
            companies |= moved
            above = set(moved.values())
        return {own: str(top) for own, top in companies.items()}

    def _object(self, kind: str) -> ObjectMap:
        mapped = self._mapping.of(kind)
        assert mapped is not None
        return mapped


def _asked(mapped: ObjectMap, types: Dict[str, str]) -> list[str]:
    places = [place.partition(".")[0] for place in mapped.sources()]
    places += ["stage_id"] if STAGE in places else []
    return [place for place in dict.fromkeys([*places, "active"]) if place in types]


def _hides(mapped: ObjectMap) -> bool:
    """Whether archived rows belong to what a rep sees: a lost deal does, a dissolved customer does not."""
    return STAGE in mapped.sources()


def _number(value: Any) -> int:
    """Of a relation `[25, "Acme"]`, or of a plain number beside a model's name."""
    return int(value[0] if isinstance(value, list) else value or 0)
