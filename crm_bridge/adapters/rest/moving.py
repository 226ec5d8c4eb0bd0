"""Fields whose values are reached by calls, as the stages of a deal by its buttons: which calls lead from where to where."""

from __future__ import annotations

from collections.abc import Collection

from crm_bridge.adapters.rest.endpoints import Moves
from crm_bridge.mapping import FieldMap, Mapping


def reached(way: Moves, how: FieldMap, value: object) -> str | None:
    """Their value for ours; None where no call leads to it."""
    theirs = next((one for one, ours in how.map.items() if ours == str(value)), None)
    return theirs if theirs in way.to else None


def calls(way: Moves, now: str, wanted: str) -> tuple[str, ...]:
    """In order; none where the record stands there already."""
    return () if now == wanted else tuple(dict.fromkeys([*way.out_of.get(now, ()), *way.to[wanted]]))


def choices(way: Moves, how: FieldMap) -> str:
    """What can be reached, in our words."""
    return "、".join(how.map.get(one, one) for one in way.to)


def writing(mapping: Mapping, kind: str, moved: Collection[str]) -> Mapping:
    """The mapping without places for these fields: what a new record's calls do not reach stands in its text."""
    mapped = mapping.of(kind)
    if mapped is None or not moved:
        return mapping
    fields = {
        name: how.model_copy(update={"write": False}) if name in moved else how
        for name, how in mapped.fields.items()
    }
    changed = {kind: mapped.model_copy(update={"fields": fields})}
    return mapping.model_copy(update={"records": {**mapping.records, **changed}})
