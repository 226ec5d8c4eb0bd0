"""Systems whose records are flat rows under an object's name: what is the same for all of them, over each one's own API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as Dict
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import structlog

from crm_bridge.adapters.remote.sheets import (
    MOST_ROWS,
    Lacking,
    by_account,
    cleared,
    mistyped,
    same,
    sheet_of,
)
from crm_bridge.adapters.remote.system import Lack, lacks_of, refused
from crm_bridge.calling import CallRefused, Kind
from crm_bridge.errors import CrmUnavailable, NotShownYet, OutcomeUnknown, WriteRefused
from crm_bridge.mapping import (
    Mapping,
    MappingUnusable,
    ObjectMap,
    Row,
    Sheet,
    key_in,
    pick,
    put,
    source_values,
)
from crm_bridge.model import WriteKey

log = structlog.get_logger()
SIGNS = frozenset({"=", "!=", ">", ">="})
_NOBODY = "shows our account not one customer; look at which customers it may see"


class Where(NamedTuple):
    """A condition; also how `where` of a mapping file is written for these systems."""

    place: str
    sign: str
    value: Any


class RowApi(Protocol):
    """One system's own calls. Each may raise `CallRefused` and `CrmUnavailable`, those that write `OutcomeUnknown`."""

    fit: Dict[str, Collection[str]]
    """Our types → the live types that can hold them; empty where the description tells none."""

    def is_id(self, text: str) -> bool:
        """Whether it can be an id at all: others are not asked for."""

    async def types(self, mapped: ObjectMap) -> Dict[str, str]:
        """Field → type, as the live system describes the object. Asked before anything else of an object is."""

    async def rows(self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where]) -> list[Row]:
        """All that fit, in the order of their ids, so that a row that changes while pages are turned is not lost."""

    async def newest(
        self, mapped: ObjectMap, places: Sequence[str], where: Sequence[Where], most: int
    ) -> list[Row]:
        """The newest of them first."""

    async def create(self, mapped: ObjectMap, values: Dict[str, Any]) -> str | None:
        """The new record's id; None where the system does not tell it. Raises `WriteRefused`, as `update` does."""

    async def update(self, mapped: ObjectMap, row: Row, values: Dict[str, Any]) -> None:
        """`values`: only what changes; None is to hold nothing again."""

    async def cancel(self, mapped: ObjectMap, row: Row) -> None: ...

    async def doubts(self) -> Sequence[Lack]:
        """What else of the live system is not as the mapping says, fields aside."""

    async def close(self) -> None: ...


class FlatSystem:
    """Implements `RemoteSystem` and `Polled`.

    `options` that it knows of an object: `days_ahead` (a date that every new record must have, so many days from now)
    and `from_account` (a place of a new record → the place of its customer whose value it takes over).
    Raises `MappingUnusable` for conditions that are none.
    """

    def __init__(self, api: RowApi, mapping: Mapping, clock: Callable[[], datetime]) -> None:
        self.mapping = mapping
        self.api = api
        self._clock = clock
        self._described: dict[str, Dict[str, str]] = {}
        self._where = {kind: _conditions(kind, mapped) for kind, mapped in mapping.objects()}
        inherited = (one.options.get("from_account", {}).values() for one in mapping.records.values())
        self._inherited = {place for many in inherited for place in many} - set(mapping.account.sources())

    async def accounts(self) -> Sequence[Row]:
        """None at all is taken for a right that is missing: these systems then answer less instead of refusing."""
        found = await self._asked(self._rows("account", []))
        if not found:
            raise CrmUnavailable(f"{self.mapping.system} {_NOBODY}")
        return found

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        mapped = self.mapping.contact
        return by_account(mapped, await self._asked(self._rows("contact", []))) if mapped else {}

    async def sheet(self, account: str) -> Sheet | None:
        found = await self.record("account", account)

        async def rows_of(kind: str) -> Sequence[Row]:
            return await self._rows(kind, [Where(self._object(kind).account, "=", account)], MOST_ROWS)

        return await sheet_of(self.mapping, found, rows_of)

    async def record(self, kind: str, record: str) -> Row | None:
        if not self.api.is_id(record):
            return None
        found = await self._asked(self._rows(kind, [Where(self._object(kind).id, "=", record)]))
        return found[0] if found else None

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        mapped = self._object(kind)
        if not mapped.key:
            return None
        if mapped.key_within:
            own = await self._asked(self._rows(kind, [Where(mapped.account, "=", account)]))
            found = [row for row in own if key_in(pick(row, mapped.key_field), key)]
        else:
            found = await self._asked(self._rows(kind, [Where(mapped.key_field, "=", str(key))]))
        if len(found) > 1:
            log.warning("crm_key_twice", system=self.mapping.system, kind=kind, key=key, rows=len(found))
        return found[0] if found else None

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        mapped = self._object(kind)
        given = source_values(self.mapping, kind, values, account=account, key=key)
        await self._complete(mapped, given, account)
        try:
            await self._types(mapped)
            number = await self.api.create(mapped, given)
        except CallRefused as error:
            known = await self.find(kind, key, account) if error.kind is Kind.DUPLICATE else None
            if known is None:
                raise refused(self.mapping.name, error) from error
            return known
        row = await self.record(kind, number) if number else await self.find(kind, key, account)
        if row is None:
            raise NotShownYet(
                f"{self.mapping.name} took a {kind} and does not show it; does `where` exclude it?",
                number or "",
            )
        return row

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        """None of these systems knows conditions: it is looked just before whether the row is as it was read."""
        mapped, number = self._object(kind), str(pick(row, self._object(kind).id))
        if not same(row, await self.record(kind, number)):
            raise WriteRefused(f"{self.mapping.name} 里这条记录刚被别人改过,请刷新后再试")
        given = source_values(self.mapping, kind, values) | cleared(mapped, values)
        try:
            await self.api.update(mapped, row, given)
        except CallRefused as error:
            raise refused(self.mapping.name, error) from error
        found = await self.record(kind, number)
        if found is None:
            raise OutcomeUnknown(f"{self.mapping.name} does not show {kind} {number} after a change")
        return found

    async def cancel(self, kind: str, row: Row) -> None:
        mapped = self._object(kind)
        if not mapped.cancel:
            raise WriteRefused(f"{self.mapping.name} 里的这条记录不能从这里撤销,请在系统里处理")
        try:
            await self.api.cancel(mapped, row)
        except CallRefused as error:
            raise refused(self.mapping.name, error) from error

    async def check(self) -> Sequence[Lack]:
        self._described.clear()
        lacks: list[Lack] = []
        for kind, mapped in self.mapping.objects():
            try:
                types = await self._types(mapped)
            except CallRefused as error:
                lacks.append(Lack(kind, mapped.object, "", f"the system has no such object ({error.words})"))
                continue
            lacks += lacks_of(kind, mapped, types)
            lacks += [
                Lack(kind, mapped.object, one.place, "the system has no such field, and `where` asks for it")
                for one in self._where[kind]
                if one.place not in types and one.place.split(".")[0] not in types
            ]
            lacks += mistyped(self.mapping, kind, dict(types), self.api.fit)
        mapped = self.mapping.account
        if mapped.object in self._described and not await self._asked(self._rows("account", [], 1)):
            lacks.append(Lack("account", mapped.object, "", f"the system {_NOBODY}"))
        return [*lacks, *await self.api.doubts()]

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """What is deleted, or hidden from our account, is found missing by the sweep."""
        return await self._rows(kind, [Where(self._object(kind).modified, ">=", at)])

    def is_deleted(self, row: Row) -> bool:
        return False  # none of them says so; what counts as cancelled, the mapping says

    async def close(self) -> None:
        await self.api.close()

    async def _complete(self, mapped: ObjectMap, given: dict[str, Any], account: str) -> None:
        """What the system wants of every new record and no rep says."""
        for place, days in mapped.options.get("days_ahead", {}).items():
            there = self._clock().astimezone(self.mapping.time.tz)
            given.setdefault(place, (there + timedelta(days=days)).date())
        if inherited := mapped.options.get("from_account", {}):
            owner = await self.record("account", account)
            for place, source in inherited.items():
                value = pick(owner, source)
                if place.partition(".")[0] not in given and value and not isinstance(value, Lacking):
                    put(given, place, value)

    async def _rows(self, kind: str, where: Sequence[Where], most: int | None = None) -> list[Row]:
        """Only fields that the system has are asked for: one unknown name would refuse the whole question."""
        mapped = self._object(kind)
        known = await self._types(mapped)
        places = [*mapped.sources(), *(self._inherited if kind == "account" else ())]
        lacking = [place for place in places if place not in known and place.split(".")[0] not in known]
        asked = [place for place in places if place not in lacking]
        conditions = [*where, *self._where[kind]]
        if most is None:
            found = await self.api.rows(mapped, asked, conditions)
        else:
            found = await self.api.newest(mapped, asked, conditions, most)
        return [{**row, **{place: Lacking(place) for place in lacking}} for row in found]

    async def _types(self, mapped: ObjectMap) -> Dict[str, str]:
        if mapped.object not in self._described:
            self._described[mapped.object] = await self.api.types(mapped)
        return self._described[mapped.object]

    async def _asked(self, question: Any) -> list[Row]:
        try:
            found: list[Row] = await question
        except CallRefused as error:
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error
        return found

    def _object(self, kind: str) -> ObjectMap:
        mapped = self.mapping.of(kind)
        assert mapped is not None
        return mapped


def _conditions(kind: str, mapped: ObjectMap) -> list[Where]:
    given = mapped.where or []
    if not isinstance(given, list) or not all(
        isinstance(one, list) and len(one) == 3 and one[1] in SIGNS for one in given
    ):
        raise MappingUnusable(
            f"{kind}.where: {given!r}; expected a list of [field, sign, value], signs = != > >="
        )
    return [Where(*one) for one in given]
