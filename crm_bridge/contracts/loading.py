"""Reads data contracts (Open Data Contract Standard 3.x): a company's own, or the one shipped for its system."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from crm_bridge.contracts.model import (
    CONFIRMED,
    METRICS,
    OPERATORS,
    PURPOSES,
    ROLES,
    DataContract,
    FieldRule,
    Threshold,
)
from crm_bridge.mapping.labels import NEEDED

SHIPPED = Path(__file__).with_name("shipped")
SENSITIVITIES = ("public", "internal", "confidential", "restricted")
_PRECISIONS = ("day", "s", "ms", "us")
_UNITS = {
    "s": "seconds", "second": "seconds", "m": "minutes", "min": "minutes", "minute": "minutes", "h": "hours",
    "hour": "hours", "d": "days", "day": "days",
}  # fmt: skip


class ContractUnusable(Exception):
    """The file cannot be used; the message has a line for each fault, with its place."""


def contract_file(source: str, folder: Path | None = None) -> Path:
    """The company's own where there is one, otherwise the shipped. Raises `ContractUnusable`."""
    own = folder / f"{source}.yaml" if folder else None
    path = own if own is not None and own.exists() else SHIPPED / f"{source}.yaml"
    if not path.exists():
        raise ContractUnusable(f"there is no data contract for {source}; put one at {own or path}")
    return path


def load_contract(source: str, folder: Path | None = None) -> DataContract:
    """Raises `ContractUnusable`. A company's own file is held against the standard each time, a shipped one by tests."""
    path = contract_file(source, folder)
    read = _read(path)
    faults = list(rule_faults(read, source)) if path.parent == SHIPPED else lint(path, source)
    if faults:
        raise ContractUnusable("\n".join(f"{path.name}: {fault}" for fault in faults))
    return DataContract(str(read["id"]), str(read["version"]), source, dict(_fields(read)))


def lint(path: Path, source: str = "") -> list[str]:
    """Everything that is wrong with a file, by the standard's own schema and by our rules."""
    try:
        read = _read(path)
    except ContractUnusable as error:
        return [str(error)]
    return list(_standard_faults(read)) or list(rule_faults(read, source or path.stem))


def _read(path: Path) -> dict[str, Any]:
    try:
        read = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractUnusable(f"{path} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise ContractUnusable(f"{path} holds no contract")
    return read


def _standard_faults(read: Mapping[str, Any]) -> Iterator[str]:
    from jsonschema import Draft201909Validator  # a fifth of a second: only where a file is checked

    # the package's own reader of its schema warns that it is deprecated
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    plain = json.loads(json.dumps(read, default=str))  # YAML's dates are text to the schema
    for error in Draft201909Validator(schema).iter_errors(plain):
        place = ".".join(str(part) for part in error.absolute_path) or "the file"
        yield f"{place}: {error.message[:200]}"


def rule_faults(read: Mapping[str, Any], source: str) -> Iterator[str]:
    """What the standard leaves open and the bridge needs."""
    try:
        yield from _faults(read, source)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        yield f"not in the standard's form ({error}); `yiju crm contracts lint` names the place"


def _faults(read: Mapping[str, Any], source: str) -> Iterator[str]:
    if str(read["version"]).count(".") != 2:
        yield f"version {read['version']!r}: write major.minor.patch"
    servers = [one.get("server") for one in read.get("servers") or ()]
    if source not in servers:
        yield f"servers: none is called {source!r}, the system that this contract is for"
    named = set()
    for thing in read["schema"]:
        names = [one["name"] for one in thing.get("properties") or ()]
        named |= {thing["name"], *(f"{thing['name']}.{name}" for name in names)}
        yield from (f"{thing['name']}.{name}: named twice" for name in names if names.count(name) > 1)
    yield from _agreement_faults(read.get("slaProperties") or (), named)
    for needed in NEEDED:
        if f"account.{needed}" not in named:
            yield f"account.{needed}: missing; without it no customer is recognised or shown to anybody"
    for field, rule in _fields(read):
        yield from _rule_faults(field, rule)


def _agreement_faults(lines: Sequence[Mapping[str, Any]], named: Container[str]) -> Iterator[str]:
    seen: list[str] = []
    for line in lines:
        elements = _elements(line)
        for element in elements:
            if element and element not in named:
                yield f"slaProperties {line['property']}: there is no {element!r}"
        if line["property"] != "freshness":
            continue
        if line.get("unit") not in _UNITS or not _is_positive(line["value"]):
            of, found = ", ".join(elements) or "all", f"{line['value']!r} {line.get('unit')!r}"
            yield f"slaProperties freshness of {of}: {found}; write a number above 0 and s, m, h or d"
        seen += elements
    for element in dict.fromkeys(seen):
        if seen.count(element) > 1:
            yield f"slaProperties freshness: {element or 'all'} twice"


def _rule_faults(field: str, rule: FieldRule) -> Iterator[str]:
    if not rule.authority:
        yield f"{field}: no authoritativeSource"
    if not rule.purpose:
        yield f"{field}: no purpose; give it or its object a description"
    if rule.sensitivity not in SENSITIVITIES:
        yield f"{field}: classification {rule.sensitivity!r}; use one of {', '.join(SENSITIVITIES)}"
    if rule.fresh is None:
        yield f"{field}: no freshness target in slaProperties; give it, its object or all (no element) one"
    if unknown := rule.purposes - set(PURPOSES):
        yield f"{field}: purposes {sorted(unknown)}; known: {', '.join(PURPOSES)}"
    if unknown := rule.readers - set(ROLES):
        yield f"{field}: allowedReaders {sorted(unknown)}; roles: {', '.join(ROLES)}"
    if not rule.readers or not rule.purposes:
        yield f"{field}: no {'allowedReaders' if rule.purposes else 'purposes'}; a field that nobody reads does not belong here"
    for threshold in rule.quality:
        if threshold.metric not in METRICS:
            yield f"{field}: quality {threshold.metric} is not watched; use one of {', '.join(METRICS)}"
        if threshold.unit == "percent" and not 0 <= threshold.bound <= 100:
            yield f"{field}: quality {threshold.metric}: {threshold.bound:g} percent; write 0 to 100"
    if unknown := rule.writers - {CONFIRMED}:
        yield f"{field}: allowedWriters {sorted(unknown)}; nothing but {CONFIRMED} writes"
    if rule.precision and rule.precision not in _PRECISIONS:
        yield f"{field}: sourceTimePrecision {rule.precision!r}; use one of {', '.join(_PRECISIONS)}"
    if rule.sensitivity == "restricted" and rule.purposes - {"core", "send"}:
        yield f"{field}: restricted, but also for {sorted(rule.purposes - {'core', 'send'})}"


def _fields(read: Mapping[str, Any]) -> Iterator[tuple[str, FieldRule]]:
    """Where a field says nothing itself, its object's word holds, then the contract's."""
    fresh = dict(_freshness(read))
    for thing in read["schema"]:
        inherited = _custom(read) | _custom(thing)
        for one in thing.get("properties") or ():
            field, custom = f"{thing['name']}.{one['name']}", inherited | _custom(one)
            readers = frozenset(map(str, custom.get("allowedReaders") or ()))
            purposes = custom.get("purposes")
            if purposes is None and readers <= set(PURPOSES):
                # contracts written before readers and purposes were told apart named purposes only
                purposes, readers = readers, frozenset(ROLES)
            yield (
                field,
                FieldRule(
                    field=field,
                    label=str(one.get("businessName") or one["name"]),
                    purpose=str(one.get("description") or thing.get("description") or ""),
                    authority=str(custom.get("authoritativeSource") or ""),
                    sensitivity=str(one.get("classification") or ""),
                    purposes=frozenset(map(str, purposes or ())),
                    readers=readers,
                    writers=frozenset(map(str, custom.get("allowedWriters") or ())),
                    type=str(one.get("logicalType") or "string"),
                    fresh=fresh.get(field) or fresh.get(thing["name"]) or fresh.get(""),
                    precision=str(custom.get("sourceTimePrecision") or ""),
                    quality=_thresholds(thing.get("quality") or (), one.get("quality") or ()),
                ),
            )


def _custom(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {str(one["property"]): one["value"] for one in thing.get("customProperties") or ()}


def _freshness(read: Mapping[str, Any]) -> Iterator[tuple[str, timedelta]]:
    """Object, field or "" for all → how old."""
    for line in read.get("slaProperties") or ():
        if line["property"] == "freshness" and line.get("unit") in _UNITS and _is_positive(line["value"]):
            age = timedelta(**{_UNITS[line["unit"]]: float(line["value"])})
            yield from ((element, age) for element in _elements(line))


def _elements(line: Mapping[str, Any]) -> list[str]:
    """The standard separates several by commas; none means all."""
    return [one.strip() for one in str(line.get("element") or "").split(",")]


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _thresholds(
    inherited: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]
) -> tuple[Threshold, ...]:
    """A metric that the field names itself is not the object's any more; rowCount is of whole objects only. Where
    nobody named one, every value is to be of the field's type."""
    named = {line["metric"] for line in own} | {"rowCount"}
    lines = (*own, *(one for one in inherited if one["metric"] not in named))
    return tuple(_threshold(line) for line in lines) or (Threshold("invalidValues", "mustBe", 0),)


def _threshold(line: Mapping[str, Any]) -> Threshold:
    operator = next((one for one in OPERATORS if one in line), "")
    if not operator:
        raise ValueError(f"quality {line.get('metric')}: one of {', '.join(OPERATORS)} is needed")
    valid = (line.get("arguments") or {}).get("validValues") or ()
    return Threshold(
        str(line["metric"]),
        operator,
        float(line[operator]),
        str(line.get("unit") or "rows"),
        tuple(map(str, valid)),
    )
