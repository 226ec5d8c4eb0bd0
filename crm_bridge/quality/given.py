"""What the customer system gives of its accounts, as lines of the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_bridge.contracts.model import DataContract
from crm_bridge.model import Account, Field
from crm_bridge.quality.model import FieldLine, age, invalid, null_rate


def fields(
    system: str,
    accounts: Iterable[Account],
    now: datetime,
    contract: DataContract | None,
    outside: Mapping[str, tuple[int, datetime]],
) -> Iterator[FieldLine]:
    """Every field of these accounts and their records, and what the contract kept out (`outside`)."""
    yield from _with_outside(_read(system, accounts, now, contract), system, outside)


def _read(
    system: str, accounts: Iterable[Account], now: datetime, contract: DataContract | None
) -> Iterator[FieldLine]:
    """Freshness of what is read is its reading's age: an old value that did not change is not stale."""
    by: dict[str, list[tuple[Any, datetime]]] = defaultdict(list)
    told = [(account, _given(account)) for account in accounts]
    known = {one.name for _, given in told for kind, one in given if kind == "account"}
    for account, given in told:
        for kind, field in given:
            by[f"{kind}.{field.name}"].append((field.value, field.lineage.read_at))
        read_at = max((field.lineage.read_at for _, field in given), default=now)
        for name in _absent(account, known, contract):
            by[name].append((None, read_at))
    for name, values in sorted(by.items()):
        yield _line(system, name, values, now, contract)


def _with_outside(
    lines: Iterable[FieldLine], system: str, outside: Mapping[str, tuple[int, datetime]]
) -> Iterator[FieldLine]:
    """Fields that were kept out have no values here, for none was let in."""
    left = dict(outside)
    for line in lines:
        count, _ = left.pop(line.field, (0, None))
        yield replace(line, violations=line.violations + count)
    for name, (count, last) in sorted(left.items()):
        yield FieldLine(system, name, 0, 0, 0, count, last, None, None)


def _given(account: Account) -> list[tuple[str, Field]]:
    records = ((one.kind, field) for one in account.records for field in one.fields)
    return [*(("account", field) for field in account.fields), *records]


def _absent(account: Account, known: Iterable[str], contract: DataContract | None) -> set[str]:
    """What it lacks of the fields that other accounts have, and what it says itself is missing.

    `Account.missing` speaks to people: a label stands for its field by the data contract; a sentence, and a label that
    several kinds of record have, for none.
    """
    rules = contract.fields.values() if contract else ()
    labelled: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        labelled[rule.label].append(rule.field)
    lacking = {f"account.{name}" for name in known}
    for label in account.missing:
        fields = labelled.get(label, [])
        own = [one for one in fields if one.startswith("account.")]
        lacking.update(own or (fields if len(fields) == 1 else ()))
    return lacking - {f"account.{one.name}" for one in account.fields}


def _line(
    system: str, name: str, values: list[tuple[Any, datetime]], now: datetime, contract: DataContract | None
) -> FieldLine:
    rule = contract.get(name) if contract else None
    given, last = [value for value, _ in values], max(at for _, at in values)
    return FieldLine(
        source=system,
        field=name,
        values=len(values),
        null_rate=null_rate(given),
        invalid=invalid(given, rule),
        violations=0,
        last=last,
        age_s=age(last, now),
        target_s=rule.fresh.total_seconds() if rule and rule.fresh else None,
    )
