"""Source rows → accounts and records, each value with its lineage."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_bridge.mapping.convert import Unreadable, plain, read_value, shown
from crm_bridge.mapping.derived import derived
from crm_bridge.mapping.labels import INDUSTRIES, KIND_LABELS
from crm_bridge.mapping.model import FieldMap, Mapping, ObjectMap
from crm_bridge.mapping.times import instant, precision_of
from crm_bridge.mapping.values import line_of, without_key
from crm_bridge.model import Account, AccountId, AccountName, Contact, Field, Lineage, Record

Row = Dict[str, Any]
"""One record as the source gave it, nested objects and lists inside."""
MOST_RECORDS = 20
_CHOICE = re.compile(r"(?P<list>[^\[\]]+)\[(?P<place>[^=\]]+)=(?P<value>[^\]]*)\]\.?")
_QUIET = frozenset({"name", "short_name", "aliases"})
"""Fields of the account that say who it is rather than how it stands."""


@dataclass(frozen=True)
class Sheet:
    """All that was read of one customer. `failed`: kinds that could not be read just now, with why."""

    account: Row
    contacts: Sequence[Row] = ()
    records: Dict[str, Sequence[Row]] = field(default_factory=dict)
    failed: Dict[str, str] = field(default_factory=dict)


def pick(row: Any, path: str) -> Any:
    """The value at a dotted path; lists are walked one by one (`categories.name` → all names).

    `comment#产品` is what stands in the text `comment` on a line that begins with 产品:. `tags[kind=tier].name` walks
    only those of a list whose `kind` is tier.
    """
    if not path:
        return None
    if "#" in path:
        place, _, label = path.partition("#")
        return line_of(pick(row, place), label)
    if isinstance(row, Dict) and path in row:
        return row[path]
    if found := _CHOICE.match(path):
        many, left = pick(row, found["list"]), path[found.end() :]
        chosen = [one for one in many or () if str(pick(one, found["place"])) == found["value"]]
        return pick(chosen, left) if left else chosen
    head, _, rest = path.partition(".")
    if isinstance(row, list | tuple):
        if head.isdecimal():
            found = row[int(head)] if int(head) < len(row) else None
            return pick(found, rest) if rest else found
        return [one for one in (pick(inner, path) for inner in row) if one is not None]
    if not isinstance(row, Dict):
        return None
    value = row.get(head)
    return pick(value, rest) if rest else value


def account_of(mapping: Mapping, sheet: Sheet, now: datetime) -> Account:
    """What the source cannot give, or gives in a form that is not what the mapping says, stands in `missing`."""
    row, missing = sheet.account, [KIND_LABELS.get(kind, kind) for kind in sheet.failed]
    fields = _fields(mapping, "account", mapping.account, row, now, missing)
    by_name = {one.name: one for one in fields}
    records = {
        kind: [
            record_of(mapping, kind, one, now, missing)
            for one in rows
            if not gone(mapping.records[kind], one)
        ]
        for kind, rows in sheet.records.items()
    }
    shown_fields = [
        _industry(one) if one.name == "industry" else one for one in fields if one.name not in _QUIET
    ]
    return Account(
        id=AccountId(identity(mapping, "account", row)),
        name=str(_value(by_name, "name") or ""),
        short_name=str(_value(by_name, "short_name") or _value(by_name, "name") or ""),
        owner=str(_value(by_name, "owner") or ""),
        industry=str(_value(by_name, "industry") or ""),
        fields=(
            *shown_fields,
            *derived(records, mapping.name, now, *_at(mapping, mapping.account, row, now)),
        ),
        contacts=tuple(_contact(mapping, one) for one in sheet.contacts),
        records=tuple(one for many in records.values() for one in _newest(many)[:MOST_RECORDS]),
        missing=tuple(dict.fromkeys(missing)),
    )


def name_of(mapping: Mapping, row: Row, contacts: Sequence[Row] = ()) -> AccountName:
    """For the directory."""

    def value(name: str) -> Any:
        how = mapping.account.fields.get(name)
        return _or_none(pick(row, how.source), how, mapping) if how else None

    short, aliases = value("short_name"), value("aliases") or []
    also = [one for one in (short, *(aliases if isinstance(aliases, list) else [aliases])) if one]
    people = [_contact(mapping, one) for one in contacts]
    return AccountName(
        AccountId(identity(mapping, "account", row)),
        str(value("name") or ""),
        str(value("owner") or ""),
        tuple(str(one) for one in dict.fromkeys(also)),
        tuple(f"{one.name}|{one.title}" for one in people),
        str(value("industry") or ""),
    )


def record_of(
    mapping: Mapping, kind: str, row: Row, now: datetime, missing: list[str] | None = None
) -> Record:
    mapped = mapping.records[kind]
    fields = _fields(mapping, kind, mapped, row, now, [] if missing is None else missing)
    title = next((one for one in fields if one.name == "title"), None)
    words = str(pick(row, mapped.title) or "") or (title.shown if title else "")
    text = next((one.shown for one in fields if one.name == "text"), "")
    kept = tuple(one for one in fields if one.name != "title")
    return Record(kind, identity(mapping, kind, row), words or text[:40], kept)


def identity(mapping: Mapping, kind: str, row: Row) -> str:
    """The id as we speak of it."""
    mapped = mapping.of(kind)
    assert mapped is not None
    return f"{mapping.prefix(kind)}{pick(row, mapped.id)}"


def gone(mapped: ObjectMap, row: Row) -> bool:
    """Whether the source counts the row as cancelled."""
    return any(str(pick(row, place)) in values for place, values in mapped.cancelled.items())


def stamp(mapped: ObjectMap, row: Row) -> str:
    """What changes with every change of the row."""
    found = pick(row, mapped.modified) or pick(row, mapped.created)
    return str(found or "")


def _fields(
    mapping: Mapping, kind: str, mapped: ObjectMap, row: Row, now: datetime, missing: list[str]
) -> list[Field]:
    (at, precision), made = _at(mapping, mapped, row, now), []
    system, place = mapping.name, KIND_LABELS.get(kind, "客户")
    for name, how in mapped.fields.items():
        label = mapping.label(kind, name)
        if not how.source and how.default is None:
            continue  # only ever written
        raw = pick(row, how.source)
        if mapped.key_within and how.source == mapped.key_field:
            raw = without_key(raw)
        try:
            value = read_value(raw, how, mapping)
        except Unreadable:
            missing.append(f"{place}的{label}" if kind != "account" else label)
            continue
        lineage = Lineage(system, place, label, at, now, precision)
        made.append(Field(name, label, plain(value), shown(value, how), lineage, how.sensitive))
    return made


def _at(mapping: Mapping, mapped: ObjectMap, row: Row, now: datetime) -> tuple[datetime, str]:
    """When the source changed the row; many systems leave the time of change empty until the first one."""
    for place in (mapped.modified, mapped.created):
        if raw := pick(row, place):
            try:
                return instant(raw, mapping.time), precision_of(raw, mapping.time)
            except ValueError:
                continue
    return now, "us"  # of our own clock


def _contact(mapping: Mapping, row: Row) -> Contact:
    mapped = mapping.contact
    assert mapped is not None

    def words(name: str) -> str:
        how = mapped.fields.get(name)
        return str(_or_none(pick(row, how.source), how, mapping) or "") if how else ""

    return Contact(identity(mapping, "contact", row), words("name"), words("title"), words("phone"))


def _or_none(raw: Any, how: FieldMap, mapping: Mapping) -> Any:
    try:
        return read_value(raw, how, mapping)
    except Unreadable:
        return None


def _newest(records: list[Record]) -> list[Record]:
    def when(record: Record) -> str:
        ordered = record.get("ordered_on")
        moved = record.fields[0].lineage.at.isoformat() if record.fields else ""
        return str(ordered.value or "") if ordered else moved

    return sorted(records, key=when, reverse=True)


def _industry(one: Field) -> Field:
    known = INDUSTRIES.get(str(one.value))
    return Field(one.name, one.label, known, known, one.lineage, one.sensitive) if known else one


def _value(fields: Dict[str, Field], name: str) -> Any:
    return fields[name].value if name in fields else None
