"""Parties, opportunities, sales, tasks and notes of a Tryton, read and written as the mapping says.

Run against a real Tryton 8.0 (sale, sale_opportunity, project). Tryton knows no tickets and meetings: they are tasks
of a project of their own, which the mapping names. A deal is a lead when it is made; buttons take it to its stage.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import Lack, Receipts, RemoteCrm, Steps, cleared, refused, sheet_of
from crm_bridge.adapters.tryton.rows import CATEGORY, MECHANISM, STAGE, fields_of, row_of
from crm_bridge.adapters.tryton.rpc import TrytonRpc
from crm_bridge.calling import CallRefused, Limit, Manner
from crm_bridge.errors import CrmUnavailable, NotShownYet, WriteRefused
from crm_bridge.mapping import Mapping, ObjectMap, Row, Sheet, key_in, load_mapping, source_values
from crm_bridge.model import WriteKey

MOST_ROWS = 100
"""Of one kind for one customer, newest first."""
_ORDER = (("create_date", "DESC"), ("id", "DESC"))
_NEW = "lead"
"""The state of a new deal."""


def connect(access: Access, host: Host) -> RemoteCrm:
    """`user` and `password` sign in to `database`."""
    manner = Manner(timeout_s=access.timeout_s, attempts=6, limits=(Limit(50, 1),), side_by_side=8)
    rpc = TrytonRpc(access.base_url, access.database, access.user, access.password, manner)
    system = TrytonSystem(rpc, load_mapping("tryton", access.mapping))
    receipts = Receipts("tryton", host.transaction)
    return RemoteCrm(system, receipts, host.clock)


class TrytonSystem:
    """Implements `RemoteSystem` and `Stepwise`."""

    def __init__(self, rpc: TrytonRpc, mapping: Mapping) -> None:
        self.mapping = mapping
        self.rpc = rpc
        self._looked_up: dict[str, int] = {}

    async def accounts(self) -> Sequence[Row]:
        return await self._rows("account", [])

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        mapped = self.mapping.contact
        found: dict[str, list[Row]] = {}
        for row in await self._rows("contact", []) if mapped else ():
            assert mapped is not None
            found.setdefault(str(row[mapped.account]), []).append(row)
        return found

    async def sheet(self, account: str) -> Sheet | None:
        row = await self.record("account", account)
        return await sheet_of(self.mapping, row, lambda kind: self._of(kind, account))

    async def record(self, kind: str, record: str) -> Row | None:
        if not record.isdecimal():
            return None
        found = await self._read_once(self._rows(kind, [["id", "=", int(record)]]))
        return found[0] if found else None

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        mapped = self._object(kind)
        if not mapped.key:
            return None
        pattern = f"%{str(key).replace('_', '?')}%".replace("?", "_")
        operator, value = ("like", pattern) if mapped.key_within else ("=", str(key))
        rows = await self._read_once(
            self._rows(kind, [[mapped.key_field, operator, value], *self._owned(kind, account)])
        )
        own = [row for row in rows if not mapped.key_within or key_in(row[mapped.key_field], key)]
        return min(own, key=lambda row: row["id"], default=None)

    def afterwards(self, kind: str, values: Dict[str, Any]) -> Dict[str, Any]:
        """The stage of a deal, where buttons lead to it."""
        stage = self._stage(self._object(kind), values)
        return {"stage": stage} if stage and self._moves(self._object(kind), stage, _NEW) else {}

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        mapped = self._object(kind)
        stage = self._stage(mapped, values)
        rest = {name: value for name, value in values.items() if name != "stage" or not stage}
        form = mapped.options.get("account_form")
        owner: Any = form.format(id=account) if form else int(account)
        made = source_values(self.mapping, kind, rest, account=owner, key=key)
        fixed = {name: await self._resolved(value) for name, value in made.items()}
        if mapped.lines is not None and mapped.lines.source in fixed:
            fixed[mapped.lines.source] = [["create", fixed[mapped.lines.source]]]
        if stage:
            fixed |= self._probability(mapped, stage)
        (number,) = await self._write(mapped.object, "create", [fixed])
        row = await self.record(kind, str(number))
        if row is None:
            raise NotShownYet(
                f"{self.mapping.name} took a {kind} and does not show it; does the mapping exclude it?",
                str(number),
            )
        return row

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        """A stage by its buttons first, then by its probability where that is another."""
        mapped, number, steps = self._object(kind), row["id"], Steps()
        plain: dict[str, Any] = {}
        for name, value in values.items():
            place = mapped.fields[name].place
            if place == STAGE:
                chance = self._probability(mapped, str(value))
                row = await self._pressed(kind, row, str(value), steps)
                plain |= {one: at for one, at in chance.items() if row[one] != Decimal(str(at))}
            elif place.startswith(CATEGORY):
                theirs = source_values(self.mapping, kind, {name: value}).get(place)
                plain["categories"] = await self._recategorised(number, place.removeprefix(CATEGORY), theirs)
            elif place.startswith(MECHANISM):
                raise WriteRefused(f"{self.mapping.name} 里不能从这里改{self.mapping.label(kind, name)}")
            else:
                plain |= source_values(self.mapping, kind, {name: value}) | cleared(mapped, {name: value})
        if plain:
            locks = _locks(mapped, row)
            await steps.take(self._write(mapped.object, "write", [number], plain, locks=locks))
        found = await steps.take(self.record(kind, str(number)))
        assert found is not None
        return found

    async def _pressed(self, kind: str, row: Row, stage: str, steps: Steps) -> Row:
        """The deal as it is when the buttons that lead to the stage are pressed."""
        mapped, number = self._object(kind), row["id"]
        moves, locks = self._moves(mapped, stage, row["state"]), _locks(mapped, row)
        for button in moves:
            await steps.take(self._write(mapped.object, button, [number], locks=locks))
            locks = {}  # it was ours to change; from here on it is our own change
        if not moves:
            return row
        found = await steps.take(self.record(kind, str(number)))
        assert found is not None
        return found

    async def cancel(self, kind: str, row: Row) -> None:
        mapped = self._object(kind)
        await self._write(mapped.object, mapped.cancel, [row["id"]])

    async def check(self) -> Sequence[Lack]:
        lacks: list[Lack] = []
        for kind, mapped in self.mapping.objects():
            lacks += await self._check(kind, mapped)
        return lacks

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """Rows that nobody modified yet have no time of it; what was deleted or archived is found missing by the sweep."""
        mapped = self._object(kind)
        return await self._rows(
            kind, [["OR", *([place, ">=", at] for place in (mapped.modified, mapped.created) if place)]]
        )

    def is_deleted(self, row: Row) -> bool:
        return False

    async def close(self) -> None:
        await self.rpc.close()

    async def _check(self, kind: str, mapped: ObjectMap) -> list[Lack]:
        try:
            known = await self.rpc.model(mapped.object, "fields_get", [])
        except CallRefused as error:
            return [Lack(kind, mapped.object, "", f"the system has no such object ({error.words})")]
        places = [*fields_of(mapped.sources()), *(how.place for how in mapped.fields.values() if how.place)]
        plain = dict.fromkeys(place for place in places if ":" not in place)
        lacks = [
            Lack(kind, mapped.object, place, "the system has no such field")
            for place in plain
            if place.split(".")[0] not in known
        ]
        try:
            for value in mapped.fixed.values():
                await self._resolved(value)
            for place in (one for one in mapped.sources() if one.startswith(CATEGORY)):
                await self._category(place.removeprefix(CATEGORY))
        except WriteRefused as error:
            lacks.append(Lack(kind, mapped.object, "", str(error)))
        return lacks

    async def _of(self, kind: str, account: str) -> list[Row]:
        order = (("id", "ASC"),) if kind == "contact" else _ORDER
        return await self._rows(kind, self._owned(kind, account), MOST_ROWS, order)

    def _owned(self, kind: str, account: str) -> list[Any]:
        mapped = self._object(kind)
        form = mapped.options.get("account_form")
        return [[mapped.account, "=", form.format(id=account) if form else int(account)]]

    async def _rows(
        self, kind: str, domain: list[Any], limit: int | None = None, order: Sequence[Any] = (("id", "ASC"),)
    ) -> list[Row]:
        mapped = self._object(kind)
        asked = [*fields_of(mapped.sources()), "_timestamp"]
        found = await self.rpc.rows(mapped.object, [*domain, *(mapped.where or [])], asked, order, limit)
        return [row_of(mapped, one) for one in found]

    async def _read_once(self, rows: Any) -> list[Row]:
        try:
            found: list[Row] = await rows
        except CallRefused as error:
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error
        return found

    async def _write(self, model: str, method: str, *params: Any, locks: Dict[str, str] | None = None) -> Any:
        try:
            return await self.rpc.model(model, method, *params, locks=locks)
        except CallRefused as error:
            raise refused(self.mapping.name, error) from error

    async def _resolved(self, value: Any) -> Any:
        """A fixed value that names a record by what it is: {lookup: project.work, where: [[name, =, 跟进]]}."""
        if not isinstance(value, dict) or "lookup" not in value:
            return (
                timedelta(seconds=value["seconds"])
                if isinstance(value, dict) and "seconds" in value
                else value
            )
        known = str(value)
        if known not in self._looked_up:
            found = await self.rpc.model(value["lookup"], "search", value["where"], 0, 1, None)
            if not found:
                raise WriteRefused(
                    f"{self.mapping.name} 里没有 {value['lookup']} {value['where']};请管理员先建好"
                )
            self._looked_up[known] = found[0]
        return self._looked_up[known]

    async def _category(self, name: str, parent: int | None = None) -> int:
        found = await self.rpc.model(
            "party.category", "search", [["name", "=", name], ["parent", "=", parent]], 0, 1, None
        )
        if not found:
            raise WriteRefused(f"{self.mapping.name} 里没有客户类别“{name}”;请管理员先建好")
        number: int = found[0]
        return number

    async def _recategorised(self, party: int, parent: str, name: str | None) -> list[Any]:
        """Out of the category under that parent, into another or none."""
        (row,) = await self.rpc.rows(
            "party.party", [["id", "=", party]], ["categories.name", "categories.parent.name"]
        )
        old = [one["id"] for one in row["categories."] if (one.get("parent.") or {}).get("name") == parent]
        new = [await self._category(name, await self._category(parent))] if name else []
        return [[how, some] for how, some in (("remove", old), ("add", new)) if some]

    def _stage(self, mapped: ObjectMap, values: Dict[str, Any]) -> str:
        """Of a deal; empty for everything that has no stages, or none that may be set."""
        how = mapped.fields.get("stage")
        return str(values.get("stage") or "") if how is not None and how.place == STAGE else ""

    def _probability(self, mapped: ObjectMap, stage: str) -> dict[str, Any]:
        known = mapped.options["stages"].get(stage)
        if known is None or known.get("reached") == "elsewhere":
            raise WriteRefused(f"{self.mapping.name} 里不能直接改到“{stage}”:赢单由订单确认产生")
        return {"conversion_probability": known["probability"]} if "probability" in known else {}

    def _moves(self, mapped: ObjectMap, to: str, state: str) -> tuple[str, ...]:
        """Buttons that lead from a state to the stage; out of a lost one only by way of the lead."""
        known = mapped.options["stages"].get(to, {})
        if state in known.get("states", ()):
            return ()
        buttons = tuple(known.get("buttons", ()))
        return ("lead", *buttons) if state == "lost" and "lead" not in buttons else buttons

    def _object(self, kind: str) -> ObjectMap:
        mapped = self.mapping.of(kind)
        assert mapped is not None
        return mapped


def _locks(mapped: ObjectMap, row: Row) -> dict[str, str]:
    """With which Tryton refuses to change a record that was changed since it was read."""
    return {f"{mapped.object},{row['id']}": row["_timestamp"]}
