"""A data contract as the bridge uses it: what each field is for, who it comes from, who may read and write it (values)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

ROLES = ("rep", "manager", "trainer", "admin", "integrator", "model", "system")
"""Who reads. `integrator` is an API key, `model` a language model, `system` the bridge itself."""
PURPOSES = ("core", "card", "draft", "prompt", "log", "export", "api", "send")
"""What a value may be read for. `core` is the bridge's own work, `send` putting a message on its way."""
CONFIRMED = "confirmed_action"
"""The only writer there is: an action that a person confirmed."""
METRICS = ("nullValues", "missingValues", "invalidValues")
"""What the quality board counts of a field."""
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "mustBe": operator.eq,
    "mustNotBe": operator.ne,
    "mustBeLessThan": operator.lt,
    "mustBeLessOrEqualTo": operator.le,
    "mustBeGreaterThan": operator.gt,
    "mustBeGreaterOrEqualTo": operator.ge,
}


@dataclass(frozen=True)
class Threshold:
    """A bound that the share or number of faulty values may not pass."""

    metric: str
    operator: str
    bound: float
    unit: str = "rows"
    valid: tuple[str, ...] = ()

    def holds(self, found: float) -> bool:
        return OPERATORS[self.operator](found, self.bound)

    def __str__(self) -> str:
        share = "%" if self.unit == "percent" else ""
        return f"{self.metric} {self.operator} {self.bound:g}{share}"


@dataclass(frozen=True)
class FieldRule:
    """What the contract says of one field. `field` is `object.name` in our words: account.tier."""

    field: str
    label: str
    purpose: str
    """What it is needed for, in words."""
    authority: str
    """The system whose word counts where several differ."""
    sensitivity: str
    """public, internal, confidential or restricted."""
    purposes: frozenset[str]
    """What it may be read for."""
    readers: frozenset[str]
    """The roles that may read it."""
    writers: frozenset[str]
    type: str = "string"
    """The standard's logicalType."""
    fresh: timedelta | None = None
    """How long ago it may have been read."""
    precision: str = ""
    """How fine the source's clock is; empty: as the value says itself."""
    quality: tuple[Threshold, ...] = ()

    def fits(self, value: Any) -> bool:
        """Whether a value that is there is what was agreed: of its type, and one of the valid ones where they are named."""
        valid = next((one.valid for one in self.quality if one.valid), ())
        return str(value) in valid if valid else _is_a(self.type, value)


def _is_a(logical: str, value: Any) -> bool:
    """Dates and amounts are texts where JSON has no form for them."""
    match logical:
        case "integer":
            return not isinstance(value, bool) and _number(value) % 1 == 0
        case "number":
            return not isinstance(value, bool) and _number(value).is_finite()
        case "boolean":
            return isinstance(value, bool)
        case "date" | "timestamp":
            return isinstance(value, date) or _is_instant(value)
        case "array":
            return isinstance(value, list | tuple)
        case "string":
            return isinstance(value, str | int | float | Decimal)
    return True


def _number(value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")
    return found if found.is_finite() else Decimal("NaN")


def _is_instant(value: Any) -> bool:
    try:
        return bool(datetime.fromisoformat(str(value)))
    except ValueError:
        return False


@dataclass(frozen=True)
class DataContract:
    """One source's fields; what is not listed may be neither read nor written."""

    id: str
    version: str
    source: str
    fields: Mapping[str, FieldRule]

    @property
    def stamp(self) -> str:
        """As lineage names it."""
        return f"{self.id}@{self.version}"

    def get(self, field: str) -> FieldRule | None:
        return self.fields.get(field)

    def lists(self, kind: str) -> bool:
        """Whether there is any field of such records."""
        return any(field.startswith(f"{kind}.") for field in self.fields)

    def may_write(self, field: str) -> bool:
        """`task.*`: whether any field of tasks may be written."""
        kind, _, name = field.partition(".")
        if name == "*":
            return any(rule.writers for one, rule in self.fields.items() if one.startswith(f"{kind}."))
        rule = self.get(field)
        return rule is not None and bool(rule.writers)
