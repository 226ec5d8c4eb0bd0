"""What adapters share when they read one customer: kinds side by side, and places that the live system lacks."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from collections.abc import Mapping as Dict
from datetime import timedelta
from typing import Any

from crm_bridge.adapters.remote.system import Lack
from crm_bridge.calling import CallRefused
from crm_bridge.errors import WriteRefused
from crm_bridge.mapping import Mapping, ObjectMap, Row, Sheet, instant, pick, stamp

MOST_ROWS = 100
"""Of one kind for one customer, newest first."""
AT_ONCE = timedelta(seconds=2)
"""What a system itself does to a record that it makes, it has done by then."""


class Lacking:
    """Stands in a row for a field that the system does not have: reading it fails, so that a card says so."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __str__(self) -> str:
        raise ValueError(f"the system has no {self._place}")

    def __repr__(self) -> str:
        return f"Lacking({self._place!r})"


async def sheet_of(
    mapping: Mapping, account: Row | None, rows_of: Callable[[str], Awaitable[Sequence[Row]]]
) -> Sheet | None:
    """The customer with its contacts and records; a kind that is refused stands in `failed`."""
    if account is None:
        return None
    kinds = [*(["contact"] if mapping.contact else []), *mapping.records]
    read = await asyncio.gather(*(rows_of(kind) for kind in kinds), return_exceptions=True)
    rows: dict[str, Sequence[Row]] = {}
    failed: dict[str, str] = {}
    for kind, found in zip(kinds, read, strict=True):
        if isinstance(found, CallRefused):  # a module or a right is missing: the rest is still of use
            failed[kind] = found.words
        elif isinstance(found, BaseException):
            raise found
        else:
            rows[kind] = found
    contacts = rows.pop("contact", ())
    failed.pop("contact", None)
    return Sheet(account, contacts, rows, failed)


def by_account(mapped: ObjectMap, rows: Sequence[Row]) -> dict[str, Sequence[Row]]:
    """Contacts under the customer that they name."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if owner := pick(row, mapped.account):
            found.setdefault(str(owner), []).append(row)
    return dict(found)


def mistyped(
    mapping: Mapping, kind: str, types: Dict[str, str], fit: Dict[str, Collection[str]]
) -> list[Lack]:
    """Mapped fields whose live type is not one that can hold what the mapping says. `fit`: ours → theirs."""
    mapped = mapping.of(kind)
    assert mapped is not None
    return [
        Lack(
            kind,
            mapped.object,
            how.source,
            f"the system has a {types[how.source]}, the mapping expects a {how.type}",
        )
        for how in mapped.fields.values()
        if how.source in types and how.type in fit and types[how.source] not in fit[how.type]
    ]


def strange_choices(mapping: Mapping, kind: str, choices: Dict[str, Collection[str]]) -> list[Lack]:
    """Codes of choice fields that the live system has and no `map` explains, or that `map` writes and it does not have."""
    mapped = mapping.of(kind)
    assert mapped is not None
    lacks: list[Lack] = []
    for how in mapped.fields.values():
        if how.type != "enum" or how.source not in choices:
            continue
        there = choices[how.source]
        written = [next(one for one, same in how.map.items() if same == ours) for ours in how.map.values()]
        unknown = [one for one in there if one not in how.map]
        missing = [one for one in dict.fromkeys(written) if how.place and one not in there]
        if unknown:
            why = f"the system's choices {', '.join(unknown)} stand in no `map`: cards show them as they are"
            lacks.append(Lack(kind, mapped.object, how.source, why))
        if missing:
            why = f"`map` writes {', '.join(missing)}, the system has no such choice"
            lacks.append(Lack(kind, mapped.object, how.source, why))
    return lacks


def the_one(system: str, words: str, found: Sequence[Row], id_place: str) -> str:
    """The id of the record that people call so. Raises `WriteRefused` unless it is exactly one."""
    if len(found) != 1:
        count = "没有" if not found else "不止一个"
        raise WriteRefused(f"{system} 里{count}产品“{words}”;请管理员核对")
    return str(pick(found[0], id_place))


def same(before: Row, now: Row | None) -> bool:
    """Whether nobody changed the row in between: by its content too, for clocks of whole seconds."""
    return now is not None and _content(before) == _content(now)


def seal(mapped: ObjectMap, row: Row) -> str:
    """What tells later whether somebody changed the row: its time, and its content for clocks of whole seconds."""
    content = json.dumps([[place, pick(row, place)] for place in mapped.sources()], default=repr)
    return f"{stamp(mapped, row)}#{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def is_sealed(kept: str, mapped: ObjectMap, row: Row) -> bool:
    """Whether the row is as it was when it was sealed. Receipts of older versions hold the time only."""
    return kept == (seal(mapped, row) if "#" in kept else stamp(mapped, row))


def is_as_made(mapping: Mapping, kind: str, row: Row) -> bool:
    """Whether nobody changed the record since it was made, as far as its times tell."""
    mapped = mapping.of(kind)
    assert mapped is not None
    changed, made = pick(row, mapped.modified), pick(row, mapped.created)
    if not changed or not made:
        return True
    try:
        return instant(changed, mapping.time) - instant(made, mapping.time) < AT_ONCE
    except ValueError:  # of times in a form that the mapping does not say
        return True


def _content(row: Row) -> str:
    return json.dumps(row, sort_keys=True, default=repr)


def cleared(mapped: ObjectMap, values: Dict[str, Any]) -> dict[str, None]:
    """Places that are to hold nothing again, which `source_values` leaves out: an undo of what filled them."""
    return {mapped.fields[name].place: None for name, value in values.items() if value in (None, "")}


def spelled(value: Any, how: Callable[[Any], Any]) -> Any:
    """A value with everything inside it spelled as the system wants."""
    if isinstance(value, dict):
        return {name: spelled(one, how) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [spelled(one, how) for one in value]
    return how(value)
