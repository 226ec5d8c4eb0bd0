"""A source's event → a change in our own words, by mapping files: `maps/*.yaml` and an installation's own.

Choices and types are read as the adapter of that system reads them (crm_bridge/mapping), and ids too where it is the customer
system here: an event and a poll speak of one record in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crm_bridge.events.model import ChangeEvent, EventUnreadable, Incoming
from crm_bridge.mapping import Mapping as RecordMapping
from crm_bridge.mapping import (
    TimeMap,
    Unreadable,
    instant,
    load_mapping,
    pick,
    precision_of,
    read_value,
    template_names,
)
from crm_bridge.mapping.convert import plain

SHIPPED = Path(__file__).with_name("maps")
OURS = "cn.yiju."
TYPES = frozenset(
    [
        "customer.updated",
        "tier.changed",
        "contact.added",
        "opportunity.updated",
        "opportunity.closed",
        "quote.updated",
        "quote.expired",
        "order.created",
        "order.updated",
        "order.cancelled",
        "order.shipped",
        "order.closed-or-missing",
        "payment.received",
        "payment.overdue",
        "contract.updated",
        "contract.expiring",
        "ticket.opened",
        "ticket.updated",
        "sla.breached",
        "meeting.accepted",
        "device.fault",
        "device.recovered",
        "device.offline",
        "device.usage",
        "web.page-dwell",
        "web.download",
        "web.visit",
        "complaint.received",
    ]
)
"""Everything that may come out of a map; what an event means beyond these is for nobody to act on."""

_THROUGH_REST = {"u9": "yonyou_u9", "t100": "digiwin_t100"}
"""Systems whose records the `rest` adapter reads, and its templates for them."""
_ACCOUNTS = {"customer": "account", "tier": "account"}
"""What events call a customer, and the name its record has with us: the one that is asked for."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventField(_Strict):
    """A field that the event sets: taken from a place, turned by a table (without one as the adapter reads it), or always
    the same."""

    place: str = Field("", alias="from")
    map: dict[str, Any] = {}
    fixed: Any = Field(None, alias="is")
    known: bool = False
    """Whether a choice that the adapter's mapping does not name is refused rather than taken as it stands."""


class EventRule(_Strict):
    """Which events it reads, and what they mean."""

    type: str
    when: dict[str, Any] = {}
    """Place → value (or one of a list) that it must hold."""
    becomes: str
    """A canonical type; `*` takes it from the event's own type, which is then one of ours."""
    kind: str
    entity: str
    account: str = ""
    at: str = ""
    """Where the source's own time stands; empty: the event's `time`."""
    sequence: str = ""
    write_key: str = ""
    fields: dict[str, EventField] | str = {}
    """Field → place; or one place that holds all fields by name."""
    details: dict[str, str] = {}

    @field_validator("fields", mode="before")
    @classmethod
    def _short(cls, fields: Any) -> Any:
        if isinstance(fields, dict):
            return {name: {"from": one} if isinstance(one, str) else one for name, one in fields.items()}
        return fields

    @field_validator("becomes")
    @classmethod
    def _known(cls, becomes: str) -> str:
        if becomes != "*" and becomes not in TYPES:
            raise ValueError(f"{becomes!r} is none of our types: {', '.join(sorted(TYPES))}")
        return becomes


class EventMap(_Strict):
    """One source's events."""

    system: str
    title: str
    """As people call it: 金蝶云星空."""
    sources: list[str]
    """Patterns of CloudEvents sources: /erp/kingdee/*."""
    time: TimeMap | None = None
    """How it writes times without a zone; without this, a time needs its zone."""
    records: RecordMapping | None = Field(None, exclude=True)
    """How its adapter reads the same records; set when the map is loaded."""
    asked: bool = Field(False, exclude=True)
    """Whether that adapter is the customer system here, so that ids are those of its polls."""
    events: list[EventRule]


class MapUnusable(Exception):
    """A mapping file is wrong; the message names the file and the place."""


def load_maps(folder: Path | None = None, records: RecordMapping | None = None) -> tuple[EventMap, ...]:
    """The installation's own maps first, then the shipped ones. `records`: the mapping by which the customer system is
    read here; of other systems the shipped template says what their choices mean. Raises `MapUnusable`."""
    own = sorted(folder.glob("*.yaml")) if folder and folder.is_dir() else []
    return tuple(_reading_alike(one, records) for one in (*(_load(path) for path in own), *_shipped()))


def _reading_alike(one: EventMap, records: RecordMapping | None) -> EventMap:
    if one.sources == ["*"]:  # it speaks our words already, a poll's among them
        return one
    if records and (one.system == records.system or _folded(one.title) == _folded(records.name)):
        return one.model_copy(update={"records": records, "asked": True})
    return one.model_copy(update={"records": _template(one.system)})


def _folded(name: str) -> str:
    return name.replace(" ", "").lower()


@cache
def _template(system: str) -> RecordMapping | None:
    if system in _THROUGH_REST:
        return load_mapping("rest", _THROUGH_REST[system])
    return load_mapping(system) if system in template_names() else None


@cache
def _shipped() -> tuple[EventMap, ...]:
    return tuple(_load(path) for path in sorted(SHIPPED.glob("*.yaml")))


def _load(path: Path) -> EventMap:
    try:
        return EventMap.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise MapUnusable(f"{path.name}: {error}") from error


def system_of(maps: Sequence[EventMap], source: str) -> str:
    """What people call the system behind a source; the source itself where no map knows it."""
    found = next((one.title for one in maps if _fits(one, source) and one.sources != ["*"]), "")
    return found or source


def translate(maps: Sequence[EventMap], event: Incoming, received_at: datetime) -> ChangeEvent:
    """What the event means. Raises `EventUnreadable` for one that no map knows or whose content is not as mapped."""
    whole = {"data": event.data, "subject": event.subject, "source": event.source, "type": event.type}
    for one in maps:
        if not _fits(one, event.source):
            continue
        for rule in one.events:
            if fnmatchcase(event.type, rule.type) and _holds(rule.when, whole):
                return _change(one, rule, event, whole, received_at)
    raise EventUnreadable(f"no map knows type {event.type!r} of source {event.source!r}")


def _change(
    one: EventMap, rule: EventRule, event: Incoming, whole: Mapping[str, Any], received_at: datetime
) -> ChangeEvent:
    becomes = rule.becomes if rule.becomes != "*" else _own(event.type)
    at, precision = _when(one, pick(whole, rule.at) if rule.at else event.time, received_at)
    kind = rule.kind if rule.kind != "*" else str(pick(whole, "data.kind") or becomes.partition(".")[0])
    kind = _ACCOUNTS.get(kind, kind)
    account = _plain(pick(whole, rule.account)) if rule.account else ""
    return ChangeEvent(
        id=event.id,
        source=event.source,
        type=becomes,
        kind=kind,
        entity=_id(one, kind, _named(pick(whole, rule.entity), f"{rule.entity} ({kind})")),
        account=_id(one, "account", account) if account else "",
        fields=_fields(one, rule, kind, whole),
        at=at,
        precision=precision,
        sequence=_plain(pick(whole, rule.sequence)) if rule.sequence else event.sequence,
        causation=event.causation,
        correlation=event.correlation or event.causation,
        write_key=_plain(pick(whole, rule.write_key)) if rule.write_key else "",
        details={
            name: value for name, place in rule.details.items() if (value := pick(whole, place)) is not None
        },
    )


def _own(written: str) -> str:
    """cn.yiju.order.cancelled.v1 → order.cancelled."""
    found = written.removeprefix(OURS).removesuffix(".v1")
    if found not in TYPES:
        raise EventUnreadable(f"type {written!r} is unknown; ours are {OURS}<{' | '.join(sorted(TYPES))}>.v1")
    return found


def _when(one: EventMap, written: Any, received_at: datetime) -> tuple[datetime, str]:
    """A source that says no time is taken at the moment it is heard."""
    if written in (None, ""):
        return received_at, "us"
    how = one.time or TimeMap()
    try:
        if one.time is None and isinstance(written, str) and not written.isdecimal():
            _needs_zone(written)
        at, precision = instant(written, how), precision_of(written, how)
    except (ValueError, OverflowError, OSError) as error:
        raise EventUnreadable(f"time {written!r}: {error}") from error
    if not datetime(1990, 1, 1, tzinfo=UTC) <= at <= datetime(2200, 1, 1, tzinfo=UTC):
        raise EventUnreadable(f"time {written!r} is none that a business system writes")
    return at, precision


def _needs_zone(written: str) -> None:
    if datetime.fromisoformat(written).tzinfo is None:
        raise ValueError("it has no zone; write 2026-12-01T09:00:00+08:00, or say the zone in the map")


def _id(one: EventMap, kind: str, theirs: str) -> str:
    prefix = one.records.prefix(kind) if one.asked and one.records and one.records.of(kind) else ""
    return theirs if theirs.startswith(prefix) else f"{prefix}{theirs}"


def _fields(one: EventMap, rule: EventRule, kind: str, whole: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(rule.fields, str):
        found = pick(whole, rule.fields)
        if found is not None and not isinstance(found, dict):
            raise EventUnreadable(f"{rule.fields} is an object of fields, found {type(found).__name__}")
        return {str(name): value for name, value in (found or {}).items()}
    values = {}
    for name, how in rule.fields.items():
        raw = how.fixed if how.fixed is not None else pick(whole, how.place)
        if raw is None:
            continue
        if how.map and str(raw) not in how.map:
            raise EventUnreadable(f"{name}: {how.place} is {raw!r}; the map knows {', '.join(how.map)}")
        if how.fixed is not None or how.map:
            values[name] = how.map.get(str(raw), raw)
        else:
            values[name] = _as_read(one, kind, name, raw, how.known)
    return values


def _as_read(one: EventMap, kind: str, name: str, raw: Any, known: bool) -> Any:
    """The value that asking for the record would give."""
    mapped = one.records.of(kind) if one.records else None
    if one.records is None or mapped is None or name not in mapped.fields:
        return raw
    how = mapped.fields[name]
    if known and str(raw) not in how.map:
        raise EventUnreadable(f"{name} is {raw!r}; the mapping knows {', '.join(how.map)}")
    try:
        return plain(read_value(raw, how, one.records))
    except Unreadable as error:
        raise EventUnreadable(f"{name}: {error}") from error


def _holds(when: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    return all(
        pick(whole, place) in (wanted if isinstance(wanted, list) else [wanted])
        for place, wanted in when.items()
    )


def _fits(one: EventMap, source: str) -> bool:
    return any(fnmatchcase(source, pattern) for pattern in one.sources)


def _named(value: Any, what: str) -> str:
    if isinstance(value, list):
        if len(value) > 1:
            raise EventUnreadable(f"{what} names {len(value)} records; send one event for each")
        value = value[0] if value else None
    if value in (None, "") or isinstance(value, dict):
        raise EventUnreadable(f"{what} is missing")
    return str(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return "" if value is None or isinstance(value, dict) else str(value)
