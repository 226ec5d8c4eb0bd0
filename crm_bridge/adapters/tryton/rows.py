"""Fields that Tryton has in its own way: attributes kept as categories, names kept as contact mechanisms, stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from crm_bridge.mapping import ObjectMap

CATEGORY, MECHANISM, STAGE = "category:", "mechanism:", "stage:"
"""Places in a mapping file. `category:客户等级`: the party's category under the one of that name. `mechanism:简称`:
the values of contact mechanisms of that name. `stage:`: state and probability of an opportunity, by `options.stages`."""
_READ: Mapping[str, tuple[str, ...]] = {
    CATEGORY: ("categories.name", "categories.parent.name"),
    MECHANISM: ("contact_mechanisms.name", "contact_mechanisms.value"),
    STAGE: ("state", "conversion_probability"),
}


def fields_of(places: Iterable[str]) -> list[str]:
    """What Tryton is asked for so that these places can be read."""
    asked: list[str] = []
    for place in places:
        special = next((name for name in _READ if place.startswith(name)), None)
        asked += _READ[special] if special else [place]
    return list(dict.fromkeys(asked))


def row_of(mapped: ObjectMap, found: Mapping[str, Any]) -> dict[str, Any]:
    """One row with every mapped place under its own name."""
    row = {"id": found["id"], "_timestamp": found.get("_timestamp")}
    for place in mapped.sources():
        if place.startswith(CATEGORY):
            row[place] = _under(found.get("categories."), place.removeprefix(CATEGORY))
        elif place.startswith(MECHANISM):
            row[place] = _named(found.get("contact_mechanisms."), place.removeprefix(MECHANISM))
        elif place == STAGE:
            row[place] = stage_of(mapped.options["stages"], found)
            row |= {one: found.get(one) for one in _READ[STAGE]}
        elif "." in place:
            row[place] = _dotted(found, place)
        else:
            row[place] = found.get(place)
    return row


def stage_of(stages: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
    """The stage whose state fits and whose probability is nearest."""
    probability = Decimal(str(row.get("conversion_probability") or 0))
    fitting = [(name, one) for name, one in stages.items() if row.get("state") in one["states"]]

    def distance(pair: tuple[str, Any]) -> Decimal:
        return abs(Decimal(str(pair[1].get("probability", probability))) - probability)

    return min(fitting, key=distance)[0] if fitting else None


def _dotted(found: Any, place: str) -> Any:
    """Tryton answers `party.name` with the name under `party.`, and x2many with a list under `categories.`."""
    head, _, rest = place.partition(".")
    if isinstance(found, list):
        return [value for one in found if (value := _dotted(one, place)) is not None]
    if not isinstance(found, Mapping):
        return None
    return _dotted(found.get(f"{head}."), rest) if rest else found.get(head)


def _under(categories: Any, parent: str) -> str | None:
    """Names are unique under a parent; of several the first by name."""
    names = [one["name"] for one in categories or () if (one.get("parent.") or {}).get("name") == parent]
    return min(names, default=None)


def _named(mechanisms: Any, name: str) -> list[str]:
    return [one["value"] for one in mechanisms or () if one.get("name") == name and one.get("value")]
