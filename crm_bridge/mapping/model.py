"""A mapping file as typed values: which object holds what, under which name, in which form."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crm_bridge.mapping.labels import FIELD_LABELS, KIND_LABELS, NEEDED, PREFIXES

Type = Literal[
    "text", "integer", "days", "decimal", "money", "date", "datetime", "boolean", "enum", "names", "owner"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeMap(_Strict):
    """How the system writes instants. `auto` tells ISO, epoch and naive forms apart; naive ones stand in `zone`."""

    format: str = "auto"
    """auto, or a strptime pattern for instants given as text"""
    zone: str = "UTC"
    precision: Literal["s", "ms", "us", ""] = ""
    """The finest the system really keeps; empty: what the text shows."""

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is no time zone; write it like Asia/Shanghai")
        return zone

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class FieldMap(_Strict):
    """One canonical field. A bare string in the file is short for `source`."""

    source: str = ""
    """Where it stands in a row, dots lead inward: `buyer.code`; empty: always `default`."""
    type: Type = "text"
    label: str = ""
    map: dict[str, str] = Field(default_factory=dict)
    """Their value → ours, for `enum`."""
    scale: Decimal = Decimal(1)
    """Theirs × scale = ours: 0.01 for fen."""
    default: Any = None
    """Where the source has nothing."""
    unit: str = ""
    write: bool | str = False
    """May be written at `source`, or at the place named here."""
    sensitive: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"source": value} if isinstance(value, str) else value

    @property
    def place(self) -> str:
        """Where it is written; empty where it may not be."""
        return self.write if isinstance(self.write, str) else (self.source if self.write else "")


class LinesMap(_Strict):
    """The lines of a quote or order: rows inside a row."""

    source: str
    fields: dict[str, FieldMap]
    fixed: dict[str, Any] = Field(default_factory=dict)


class ObjectMap(_Strict):
    """One kind of record in the source."""

    object: str
    """The source's own name of it: party.party, Opportunity, BD_Customer, orders."""
    id: str = "id"
    prefix: str | None = None
    """In front of its ids where we speak of them; empty where they are unique across objects as they are."""
    number: str = ""
    """What people call the record by, where that is not its id."""
    modified: str = ""
    created: str = ""
    account: str = ""
    """Where a record names its customer."""
    title: str = ""
    where: Any = None
    """More conditions, in the source's own form."""
    fields: dict[str, FieldMap] = Field(default_factory=dict)
    lines: LinesMap | None = None
    fixed: dict[str, Any] = Field(default_factory=dict)
    """Written with every new record."""
    cancelled: dict[str, list[str]] = Field(default_factory=dict)
    """Field → values by which a record counts as gone."""
    cancel: str = ""
    """How a new record is taken back, in the adapter's words: delete, a button, an update."""
    key: str = ""
    """The field that carries the write key; ends in `~` where the key stands inside its text."""
    remainder: str = ""
    """A text field that takes what the rep confirmed and no other field has a place for."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What only this system's adapter understands."""

    @property
    def key_field(self) -> str:
        return self.key.removesuffix("~")

    @property
    def key_within(self) -> bool:
        return self.key.endswith("~")

    def sources(self) -> Iterator[str]:
        """Every place that is read."""
        places = [self.id, self.number, self.modified, self.created, self.account, self.title]
        places += [field.source for field in self.fields.values()]
        places += [*self.cancelled, self.key_field]
        if self.lines is not None:
            places += [f"{self.lines.source}.{field.source}" for field in self.lines.fields.values()]
        plain = (place.partition("#")[0] for place in places)
        return iter(dict.fromkeys(place for place in plain if place and not place.endswith(".")))


class Owners(_Strict):
    """Their users → ours. Without any, their user's value is taken for our user id."""

    map: dict[str, str] = Field(default_factory=dict)
    default: str = ""
    """Who owns the customers of everybody who is not listed; empty: only managers and admins see them."""

    @field_validator("map", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return {str(theirs): ours for theirs, ours in value.items()} if isinstance(value, dict) else value

    def ours(self, theirs: Any) -> str:
        if theirs in (None, "", False):
            return self.default
        return self.map.get(str(theirs), self.default) if self.map else str(theirs)

    def theirs(self, ours: str) -> str | None:
        if not self.map:
            return ours
        return next((one for one, name in self.map.items() if name == ours), None)


class Mapping(_Strict):
    """One installation. `system` is the adapter, `name` what cards call it."""

    system: str
    name: str
    time: TimeMap = TimeMap()
    owners: Owners = Owners()
    account: ObjectMap
    contact: ObjectMap | None = None
    records: dict[str, ObjectMap] = Field(default_factory=dict)
    settle_s: float = Field(60, ge=0)
    """Seconds that a write whose answer is missing may be at work there and not be found yet; then it is sent again."""
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Mapping:
        if lacking := [name for name in NEEDED if name not in self.account.fields]:
            raise ValueError(f"account.fields lacks {', '.join(lacking)}")
        if unknown := [kind for kind in self.records if kind not in KIND_LABELS]:
            raise ValueError(f"records: {', '.join(unknown)} is none of {', '.join(KIND_LABELS)}")
        for kind, mapped in self.objects():
            for name, one in mapped.fields.items():
                if not one.label and name not in FIELD_LABELS.get(kind, {}):
                    known = ", ".join(FIELD_LABELS.get(kind, {}))
                    raise ValueError(f"{kind}.fields.{name} needs a label; known without: {known}")
                if one.type == "enum" and not one.map:
                    raise ValueError(f"{kind}.fields.{name} is an enum without `map`")
                if not one.source and one.default is None and not one.write:
                    raise ValueError(f"{kind}.fields.{name} has neither source nor default")
        for kind, mapped in self.records.items():
            if not mapped.account:
                raise ValueError(f"records.{kind}.account: where does a record name its customer?")
        return self

    def objects(self) -> Iterator[tuple[str, ObjectMap]]:
        yield "account", self.account
        if self.contact is not None:
            yield "contact", self.contact
        yield from self.records.items()

    def of(self, kind: str) -> ObjectMap | None:
        return dict(self.objects()).get(kind)

    def prefix(self, kind: str) -> str:
        mapped = self.of(kind)
        return PREFIXES[kind] if mapped is None or mapped.prefix is None else mapped.prefix

    def source_id(self, kind: str, ours: str) -> str | None:
        """The id in the source; None where it cannot be one of that kind."""
        prefix = self.prefix(kind)
        return ours.removeprefix(prefix) or None if ours.startswith(prefix) else None

    def label(self, kind: str, field: str) -> str:
        mapped = self.of(kind)
        own = mapped.fields[field].label if mapped and field in mapped.fields else ""
        return own or FIELD_LABELS.get(kind, {}).get(field, field)
